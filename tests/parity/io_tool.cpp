// SPDX-License-Identifier: MIT
// The io room for test_io.py: reads and writes what the Python packages write and read.
//     io_tool judge FILE...             one line of JSON a safetensors file: its error, or its
//     bytes io_tool write FILE                a safetensors file that the test can compute itself
//     io_tool events FOLDER             an event file, the second half as a resumed run
//     io_tool learn TEXT VOCAB MODEL    a sentencepiece model
//     io_tool encode MODEL TEXT         one line of JSON: the ids, and whether they give the text
//     back
#include <moe/io/hash.hpp>
#include <moe/io/json.hpp>
#include <moe/io/safetensors.hpp>
#include <moe/io/tensorboard.hpp>
#include <moe/io/tokenizer.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace {

using namespace moe::io;

std::string hexadecimal(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        text += "0123456789abcdef"[byte >> 4 & 15];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

void judge(const std::string& path) {
    json_writer json;
    json.object();
    try {
        const tensor_source source(path);
        json_writer tensors;
        tensors.object();
        for (std::size_t i = 0; i < source.count(); ++i) {
            std::string bytes(source[i].bytes(), '\0');
            source.read(i, source[i].format, bytes.data(), bytes.size());
            tensors.key(source[i].name).object().field("dtype", name_of(source[i].format));
            tensors.key("shape").array();
            for (const std::int64_t extent : source[i].shape) tensors.value(extent);
            tensors.close().field("bytes", hexadecimal(bytes)).close();
        }
        json.key("tensors").raw(tensors.close().text());
    } catch (const moe::error& wrong) {
        json.field("error", wrong.what());
    }
    std::puts(json.close().text().c_str());
}

void write(const std::string& path) {
    std::vector<std::vector<char>> memory;
    tensor_list list;
    for (int i = 0; i < formats; ++i) {
        const format f = format(i);
        memory.emplace_back(std::size_t(8 * bits_of(f) / 8));
        for (std::size_t j = 0; j < memory.back().size(); ++j)
            memory.back()[j] = char(f == format::boolean ? j % 2 : (7 * j + std::size_t(i)) % 100);
        list.push_back({"tensor." + std::to_string(formats - i),
                        f,
                        {2, 4},
                        memory.back().data(),
                        memory.back().size()});
    }
    list.push_back({"scalar", format::f32, {}, memory.back().data(), 4});
    list.push_back({"nothing \"\xC3\xA9\"", format::i64, {0, 3}, nullptr, 0});
    write_safetensors(path, list, {{"format", "pt"}});
}

void copy(const std::string& from, const std::string& to) {
    const tensor_source source(from);
    std::vector<std::string> memory(source.count());
    tensor_list list;
    for (std::size_t i = 0; i < source.count(); ++i) {
        memory[i].resize(source[i].bytes());
        list.push_back({source[i].name, source[i].format, source[i].shape, memory[i].data(),
                        memory[i].size()});
    }
    fill(list, source);
    write_safetensors(to, list, source.metadata());
}

void events(const std::string& folder) {
    const auto step_of = [&](event_writer& to, int step, double factor) {
        const scalar values[] = {{"train/loss", factor / step}, {"train/rate", 1e-3 * step}};
        to.write(step, values);
        std::vector<float> weights;
        for (int i = 0; i < 100; ++i) weights.push_back(float(i * step) / 100);
        to.write(step, "weights", histogram_of(weights, 10));
        const std::int64_t load[] = {step, 0, 3};
        to.write(step, "load", histogram_of_counts(load));
    };
    {
        event_writer first(folder);
        for (int step = 1; step <= 7; ++step) step_of(first, step, -1);
    }
    event_writer resumed(folder, 4);
    for (int step = 5; step <= 300; ++step) step_of(resumed, step, -1);
}

void encode(const tokenizer& words, const std::string& text) {
    json_writer json;
    const std::vector<int> ids = words.encode(text);
    json.object().key("ids").array();
    std::int64_t bytes = 0;
    for (const int id : ids) {
        json.value(id);
        bytes += words.bytes_of(id);
    }
    json.close().field("vocab", words.vocab()).field("bytes", bytes);
    json.field("decoded", hexadecimal(words.decode(ids)));
    std::puts(json.close().text().c_str());
}

int run(int count, char** words) {
    const std::string what = count > 2 ? words[1] : "";
    if (what == "judge") {
        for (int i = 2; i < count; ++i) judge(words[i]);
    } else if (what == "write") {
        write(words[2]);
    } else if (what == "copy" && count == 4) {
        copy(words[2], words[3]);
    } else if (what == "events") {
        events(words[2]);
    } else if (what == "learn" && count == 5) {
        const std::string texts[] = {read_file(words[2])};
        write_file(words[4], tokenizer::train(texts, std::atoi(words[3])).model());
    } else if (what == "encode" && count == 4) {
        encode(tokenizer::load(words[2]), read_file(words[3]));
    } else {
        std::fprintf(stderr, "usage: %s judge|write|copy|events|learn|encode ...\n", words[0]);
        return 2;
    }
    return 0;
}

}  // namespace

int main(int count, char** words) {
    try {
        return run(count, words);
    } catch (const std::exception& wrong) {
        std::fprintf(stderr, "%s\n", wrong.what());
        return 1;
    }
}
