// SPDX-License-Identifier: MIT
// Small formats for test_formats.py: binary floats and codes through standard input and output.
//     format_tool encode FORMAT        floats to codes: Format(float), sixteen at a time
//     format_tool overflowing FORMAT   the same without saturation
//     format_tool up FORMAT            ue8m0 rounded up
//     format_tool decode FORMAT        codes to floats
// Codes of e5m6 come in sixteen bits each here.
#include <moe/precision/convert.cpu.hpp>
#include <moe/precision/ue8m0.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace {

using namespace moe;

template <class T> std::vector<T> read_all() {
    std::vector<T> all(1 << 16);
    std::size_t have = 0;
    while (const std::size_t more = std::fread(&all[have], sizeof(T), all.size() - have, stdin)) {
        have += more;
        if (have == all.size()) all.resize(2 * have);
    }
    all.resize(have);
    return all;
}
template <class T> void write_all(const std::vector<T>& all) {
    if (std::fwrite(all.data(), sizeof(T), all.size(), stdout) != all.size()) std::abort();
}

template <class Format> bool run(const std::string& what) {
    constexpr bool packed = std::is_same_v<Format, e5m6>;
    constexpr bool has_body = !std::is_same_v<Format, ue8m0>;
    if (what == "decode") {
        const std::vector<Format> code = read_all<Format>();
        std::vector<float> value(code.size());
        if constexpr (has_body && !packed)
            decode<Format>(isa::native{}, value.data(), code.data(), int(code.size()));
        else
            for (std::size_t i = 0; i < code.size(); ++i) value[i] = code[i];
        write_all(value);
        return true;
    }
    const std::vector<float> value = read_all<float>();
    std::vector<Format> code(value.size());
    if (what == "encode") {
        if constexpr (packed) {
            std::vector<e5m6_pair> pair(std::size_t(elements_of<e5m6>(int(value.size()))));
            encode<e5m6>(isa::native{}, pair.data(), value.data(), int(value.size()));
            for (std::size_t i = 0; i < code.size(); ++i)
                code[i] = storage<e5m6>::get(pair.data(), int(i));
        } else if constexpr (has_body) {
            encode<Format>(isa::native{}, code.data(), value.data(), int(value.size()));
        } else {
            for (std::size_t i = 0; i < code.size(); ++i) code[i] = Format(value[i]);
        }
    } else if (what == "overflowing") {
        for (std::size_t i = 0; i < code.size(); ++i)
            if constexpr (requires { Format::overflowing(1.0F); })
                code[i] = Format::overflowing(value[i]);
            else
                code[i] = Format(value[i]);
    } else if (what == "up") {
        for (std::size_t i = 0; i < code.size(); ++i)
            if constexpr (requires { Format::up(1.0F); })
                code[i] = Format::up(value[i]);
            else
                return false;
    } else {
        return false;
    }
    write_all(code);
    return true;
}

}  // namespace

int main(int count, char** words) {
    const std::string what = count == 3 ? words[1] : "", format = count == 3 ? words[2] : "";
    const bool done = format == "e4m3"    ? run<e4m3>(what)
                      : format == "e5m2"  ? run<e5m2>(what)
                      : format == "e5m6"  ? run<e5m6>(what)
                      : format == "bf16"  ? run<bfloat16>(what)
                      : format == "ue8m0" ? run<ue8m0>(what)
                                          : false;
    if (!done) std::fprintf(stderr, "usage: %s encode|overflowing|up|decode FORMAT\n", words[0]);
    return done ? 0 : 2;
}
