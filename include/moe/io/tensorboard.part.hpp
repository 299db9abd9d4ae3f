// SPDX-License-Identifier: MIT
// Definitions of io/tensorboard.hpp: the few protobuf messages of an event file, by hand.
#pragma once

#include <moe/io/tensorboard.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>

#include <unistd.h>

namespace moe::detail {

// CRC-32C (Castagnoli), a byte at a time.
inline std::uint32_t crc32c(std::string_view bytes) {
    static constexpr std::array<std::uint32_t, 256> table = [] {
        std::array<std::uint32_t, 256> all{};
        for (std::uint32_t i = 0; i < 256; ++i) {
            std::uint32_t c = i;
            for (int bit = 0; bit < 8; ++bit) c = c >> 1 ^ (c & 1 ? 0x82F63B78U : 0);
            all[i] = c;
        }
        return all;
    }();
    std::uint32_t c = ~0U;
    for (const char byte : bytes) c = table[(c ^ std::uint8_t(byte)) & 255] ^ c >> 8;
    return ~c;
}
inline std::uint32_t masked_crc(std::string_view bytes) {
    const std::uint32_t c = crc32c(bytes);
    return (c >> 15 | c << 17) + 0xA282EAD8U;
}

// A protobuf message in the making. A field's key is its number and how its contents are written:
// 0 varint, 1 eight bytes, 2 a length and so many bytes, 5 four bytes.
class message {
public:
    message& varint_field(int number, std::uint64_t value) {
        return varint(std::uint64_t(number) << 3 | 0).varint(value);
    }
    template <class Number> message& fixed_field(int number, Number value) {
        static_assert(sizeof value == 8 || sizeof value == 4);
        return varint(std::uint64_t(number) << 3 | (sizeof value == 8 ? 1 : 5)).raw(value);
    }
    message& field(int number, std::string_view contents) {
        varint(std::uint64_t(number) << 3 | 2).varint(contents.size());
        bytes_ += contents;
        return *this;
    }
    message& packed_field(int number, const std::vector<double>& values) {
        return field(number, std::string_view(reinterpret_cast<const char*>(values.data()),
                                              values.size() * sizeof(double)));
    }
    const std::string& bytes() const { return bytes_; }

private:
    message& varint(std::uint64_t value) {
        for (; value >= 128; value >>= 7) bytes_ += char((value & 127) | 128);
        bytes_ += char(value);
        return *this;
    }
    template <class Number> message& raw(Number value) {
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
        return *this;
    }

    std::string bytes_;
};

// Event: 1 wall_time, 2 step, 3 file_version or 5 summary.
inline message event_at(std::int64_t step) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    message event;
    event.fixed_field(1, double(now.tv_sec) + 1e-9 * double(now.tv_nsec));
    return event.varint_field(2, std::uint64_t(step));
}

inline std::string new_event_file(const std::string& folder) {
    static std::atomic<int> count{0};
    char host[256] = "", name[400];
    ::gethostname(host, sizeof host - 1);
    // The host's name comes from outside; only plain letters go into a path.
    for (char* letter = host; *letter; ++letter)
        if (!std::strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_",
                         *letter))
            *letter = '_';
    std::snprintf(name, sizeof name, "events.out.tfevents.%010lld.%s.%d.%d",
                  static_cast<long long>(std::time(nullptr)), host, int(::getpid()),
                  count.fetch_add(1));
    return io::join(folder, name);
}

// The newest event file of a folder, or the name of a new one.
inline std::string event_file_of(const std::string& folder) {
    io::make_folders(folder);
    std::string newest;
    for (const std::string& name : io::list_folder(folder))
        if (name.starts_with("events.out.tfevents.")) newest = name;
    return newest.empty() ? new_event_file(folder) : io::join(folder, newest);
}

template <class Number> Number number_at(std::string_view bytes, std::size_t at) {
    Number number;
    std::memcpy(&number, bytes.data() + at, sizeof number);
    return number;
}

// The step of an event that event_at began; -1 for another's.
inline std::int64_t step_of_event(std::string_view event) {
    if (event.size() < 11 || event[0] != 0x09 || event[9] != 0x10) return -1;
    std::uint64_t step = 0;
    int shift = 0;
    for (std::size_t at = 10; at < event.size() && shift < 63; ++at, shift += 7) {
        step |= std::uint64_t(event[at] & 127) << shift;
        if (!(event[at] & 128)) return std::int64_t(step);
    }
    return -1;
}

// How many bytes of an event file are whole records up to a step.
inline std::uint64_t records_up_to(std::string_view file, std::int64_t step) {
    std::size_t at = 0;
    while (file.size() - at >= 16) {
        const auto length = number_at<std::uint64_t>(file, at);
        if (length > file.size() - at - 16) break;
        const std::string_view event = file.substr(at + 12, std::size_t(length));
        if (number_at<std::uint32_t>(file, at + 8) != masked_crc(file.substr(at, 8)) ||
            number_at<std::uint32_t>(file, at + 12 + std::size_t(length)) != masked_crc(event))
            break;
        const std::int64_t found = step_of_event(event);
        if (found < 0 || found > step) break;
        at += std::size_t(length) + 16;
    }
    return at;
}

}  // namespace moe::detail

namespace moe::io {

histogram histogram_of_counts(std::span<const std::int64_t> counts) {
    histogram made;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const auto count = double(counts[i]), at = double(i);
        made.limits.push_back(at + 0.5);
        made.counts.push_back(count);
        made.count += count;
        made.sum += count * at;
        made.sum_of_squares += count * at * at;
    }
    made.least = -0.5;
    made.greatest = double(counts.size()) - 0.5;
    return made;
}

histogram histogram_of(std::span<const float> values, int buckets) {
    histogram made;
    bool any = false;
    for (const float value : values) {
        if (!std::isfinite(value)) continue;
        made.least = any ? std::min(made.least, double(value)) : double(value);
        made.greatest = any ? std::max(made.greatest, double(value)) : double(value);
        any = true;
        made.count += 1;
        made.sum += double(value);
        made.sum_of_squares += double(value) * double(value);
    }
    const double width = (made.greatest - made.least) / buckets;
    if (!(width > 0)) {
        made.limits = {made.greatest};
        made.counts = {made.count};
        return made;
    }
    made.counts.assign(std::size_t(buckets), 0);
    for (int i = 1; i < buckets; ++i) made.limits.push_back(made.least + width * i);
    made.limits.push_back(made.greatest);
    for (const float value : values) {
        if (!std::isfinite(value)) continue;
        const auto bucket = std::lower_bound(made.limits.begin(), made.limits.end(), double(value));
        ++made.counts[std::size_t(bucket - made.limits.begin())];
    }
    return made;
}

event_writer::event_writer(const std::string& folder)
    : file_((make_folders(folder), moe::detail::new_event_file(folder)), open_for::creating) {
    record(moe::detail::event_at(0).field(3, "brain.Event:2").bytes());
}

event_writer::event_writer(const std::string& folder, std::int64_t step)
    : file_(moe::detail::event_file_of(folder), open_for::appending) {
    const std::string text = read_file(file_.path());
    const std::uint64_t kept = moe::detail::records_up_to(text, step);
    if (kept < text.size()) file_.truncate(kept);
    if (kept == 0) record(moe::detail::event_at(0).field(3, "brain.Event:2").bytes());
}

void event_writer::record(const std::string& event) {
    const std::uint64_t length = event.size();
    std::string bytes(reinterpret_cast<const char*>(&length), 8);
    const std::uint32_t head = moe::detail::masked_crc(bytes),
                        tail = moe::detail::masked_crc(event);
    bytes.append(reinterpret_cast<const char*>(&head), 4);
    bytes += event;
    bytes.append(reinterpret_cast<const char*>(&tail), 4);
    file_.write(bytes);
}

void event_writer::write(std::int64_t step, std::span<const scalar> scalars) {
    moe::detail::message summary;
    for (const scalar& one : scalars) {
        moe::detail::message value;
        summary.field(1, value.field(1, one.tag).fixed_field(2, float(one.value)).bytes());
    }
    record(moe::detail::event_at(step).field(5, summary.bytes()).bytes());
}

void event_writer::write(std::int64_t step, std::string_view tag, const histogram& values) {
    moe::detail::message counts, value, summary;
    counts.fixed_field(1, values.least).fixed_field(2, values.greatest);
    counts.fixed_field(3, values.count).fixed_field(4, values.sum);
    counts.fixed_field(5, values.sum_of_squares);
    counts.packed_field(6, values.limits).packed_field(7, values.counts);
    value.field(1, tag).field(5, counts.bytes());
    record(moe::detail::event_at(step).field(5, summary.field(1, value.bytes()).bytes()).bytes());
}

}  // namespace moe::io
