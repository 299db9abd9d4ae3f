// SPDX-License-Identifier: MIT
// Event files for TensorBoard, encoded by hand. A record is its length (8 bytes), the masked
// CRC-32C of these, an 'Event' message, the masked CRC-32C of that; mask(c) = (c >> 15 | c << 17) +
// 0xa282ead8.
#pragma once

#include <moe/io/file.hpp>

#include <span>

namespace moe::io {

struct scalar {
    std::string_view tag;
    double value;
};

// Counts of values by bucket: bucket i holds those above limits[i - 1], up to limits[i].
struct histogram {
    double least = 0, greatest = 0, count = 0, sum = 0, sum_of_squares = 0;
    std::vector<double> limits, counts;
};
// Buckets of width 1 centred on 0, 1, 2...: counts by index, such as tokens by expert.
histogram histogram_of_counts(std::span<const std::int64_t> counts);
// 'buckets' equal ones from the least to the greatest finite value; the others are left out.
histogram histogram_of(std::span<const float> values, int buckets = 30);

class event_writer {
public:
    // A new file in the folder, which is made where it is missing.
    explicit event_writer(const std::string& folder);
    // Goes on in the newest file there: whole records up to 'step' stay, what follows is cut off.
    event_writer(const std::string& folder, std::int64_t step);

    // One record each, written at once. Steps must not go back.
    void write(std::int64_t step, std::span<const scalar> scalars);
    void write(std::int64_t step, std::string_view tag, const histogram& values);

    const std::string& path() const { return file_.path(); }

private:
    void record(const std::string& event);

    output_file file_;
};

}  // namespace moe::io
