// SPDX-License-Identifier: MIT
// That TensorBoard itself reads these files is tested in tests/parity/test_io.py.
#include <moe/io/tensorboard.hpp>

#include <cmath>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <numeric>

#include <doctest/doctest.h>

#include <tests/support/folder.hpp>

using namespace moe::io;

namespace {

// CRC-32C, bit by bit.
std::uint32_t crc(std::string_view bytes) {
    std::uint32_t c = ~0U;
    for (const char byte : bytes) {
        c ^= std::uint8_t(byte);
        for (int bit = 0; bit < 8; ++bit) c = c >> 1 ^ (c & 1 ? 0x82F63B78U : 0);
    }
    return ~c;
}
std::uint32_t masked(std::string_view bytes) {
    const std::uint32_t c = crc(bytes);
    return (c >> 15 | c << 17) + 0xA282EAD8U;
}

// The events of a file, their checksums compared.
std::vector<std::string> events_of(const std::string& path) {
    const std::string file = test::get(path);
    std::vector<std::string> events;
    for (std::size_t at = 0; at < file.size();) {
        std::uint64_t length = 0;
        std::uint32_t head = 0, tail = 0;
        REQUIRE(at + 16 <= file.size());
        std::memcpy(&length, file.data() + at, 8);
        std::memcpy(&head, file.data() + at + 8, 4);
        REQUIRE(at + 16 + length <= file.size());
        events.push_back(file.substr(at + 12, length));
        std::memcpy(&tail, file.data() + at + 12 + length, 4);
        CHECK(head == masked(std::string_view(file).substr(at, 8)));
        CHECK(tail == masked(events.back()));
        at += 16 + length;
    }
    return events;
}
// Behind the wall time, which is a tag and a double.
std::string rest(const std::string& event) { return event.substr(9); }

}  // namespace

TEST_CASE("the checksum is CRC-32C") {
    CHECK(crc("123456789") == 0xE3069283U);  // the check value of its definition
}

TEST_CASE("records are what the format says, byte by byte") {
    const test::folder folder;
    event_writer events(folder / "deep");
    CHECK(events.path().starts_with(folder / "deep/events.out.tfevents."));
    const scalar two[] = {{"loss", 2.5}, {"rate", -1}};
    events.write(300, two);
    const histogram small{1, 2, 3, 4, 5, {1.5}, {3}};
    events.write(301, "load", small);
    const auto read = events_of(events.path());
    REQUIRE(read.size() == 3);
    CHECK(read[0][0] == 0x09);
    CHECK(rest(read[0]) == std::string("\x10\x00\x1A\x0D", 4) + "brain.Event:2");
    const std::string loss =
        std::string("\x0A\x0B\x0A\x04loss\x15", 9) + std::string("\0\0\x20\x40", 4);
    const std::string rate =
        std::string("\x0A\x0B\x0A\x04rate\x15", 9) + std::string("\0\0\x80\xBF", 4);
    CHECK(rest(read[1]) == std::string("\x10\xAC\x02\x2A\x1A", 5) + loss + rate);
    std::string counts;
    for (int field = 1; field <= 5; ++field) {
        const double value = field;
        counts += char(field << 3 | 1);
        counts.append(reinterpret_cast<const char*>(&value), 8);
    }
    const double limit = 1.5, count = 3;
    counts += std::string("\x32\x08", 2) + std::string(reinterpret_cast<const char*>(&limit), 8);
    counts += std::string("\x3A\x08", 2) + std::string(reinterpret_cast<const char*>(&count), 8);
    std::string value = "\x0A\x04load\x2A";
    (value += char(counts.size())) += counts;
    std::string summary = "\x0A";
    (summary += char(value.size())) += value;
    std::string event = std::string("\x10\xAD\x02\x2A", 4);
    (event += char(summary.size())) += summary;
    CHECK(rest(read[2]) == event);
}

TEST_CASE("a resumed run goes on in the newest file, behind its checkpoint's step") {
    const test::folder folder;
    test::put(folder / "events.out.tfevents.0000000001.host.1.0", "");
    std::string path, all;
    std::vector<std::size_t> ends;
    {
        event_writer events(folder.path());
        path = events.path();
        for (const int step : {1, 2, 2, 300, 70000}) {
            ends.push_back(test::get(path).size());
            const scalar one[] = {{"loss", double(step)}};
            events.write(step, one);
        }
        all = test::get(path);
    }
    for (const auto& [step, kept] : {std::pair<int, std::size_t>{0, ends[0]},
                                     {1, ends[1]},
                                     {2, ends[3]},
                                     {299, ends[3]},
                                     {300, ends[4]},
                                     {70000, all.size()}})
        for (const std::string& behind :
             {std::string(), std::string("torn record"), std::string(40, '\0')}) {
            test::put(path, all + behind);
            const event_writer events(folder.path(), step);
            CHECK(events.path() == path);
            CHECK(test::get(path) == all.substr(0, kept));
        }
    // A damaged record and all behind it is cut off, wherever the damage lies.
    for (std::size_t at = ends[2]; at < ends[3]; ++at) {
        std::string bad = all;
        bad[at] ^= 4;
        test::put(path, bad);
        event_writer events(folder.path(), 1'000'000);
        CHECK(test::get(path) == all.substr(0, ends[2]));
        const scalar one[] = {{"loss", 1}};
        events.write(3, one);
        CHECK(events_of(path).size() == 4);
    }
    test::put(path, "");
    { const event_writer events(folder.path(), 5); }
    CHECK(events_of(path).size() == 1);
    const event_writer fresh(folder / "none", 5);
    CHECK(events_of(fresh.path()).size() == 1);
}

TEST_CASE("histograms count every finite value once") {
    std::vector<float> values;
    for (int i = 0; i <= 1000; ++i) values.push_back(0.001F * float(i) - 0.25F);
    values.push_back(std::numeric_limits<float>::quiet_NaN());
    values.push_back(std::numeric_limits<float>::infinity());
    const histogram made = histogram_of(values, 10);
    CHECK(made.count == 1001);
    CHECK(made.least == doctest::Approx(-0.25));
    CHECK(made.greatest == doctest::Approx(0.75));
    CHECK(made.sum == doctest::Approx(250.25));
    REQUIRE(made.counts.size() == 10);
    CHECK(made.limits.size() == 10);
    CHECK(made.limits.back() == made.greatest);
    CHECK(std::accumulate(made.counts.begin(), made.counts.end(), 0.0) == 1001);
    for (const double count : made.counts) CHECK(std::abs(count - 100) <= 2);

    CHECK(histogram_of({}).count == 0);
    const float same[] = {2, 2, 2};
    CHECK(histogram_of(same).counts == std::vector<double>{3});
    const std::int64_t load[] = {5, 0, 7};
    const histogram experts = histogram_of_counts(load);
    CHECK(experts.counts == std::vector<double>{5, 0, 7});
    CHECK(experts.limits == std::vector<double>{0.5, 1.5, 2.5});
    CHECK(experts.count == 12);
    CHECK(experts.sum == 14);
    CHECK(experts.sum_of_squares == 28);
}
