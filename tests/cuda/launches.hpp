// SPDX-License-Identifier: MIT
// Launches of the kernels with data of their own: in the emulator with run(), and as the bytes of
// their parameters for who executes them otherwise.
#pragma once

#include "tests/cuda/atoms.hpp"

#include <moe/core/bfloat16.hpp>
#include <moe/core/math.hpp>
#include <moe/core/random.hpp>
#include <moe/device/emulator/launch.hpp>

#include <cstring>
#include <vector>

namespace test {

// What every launch has: results that are NaN before it, and their bits afterwards.
struct results {
    std::vector<float> y;
    void poison() {
        for (float& value : y) value = std::bit_cast<float>(0x7FC0DEADU);
    }
    std::vector<std::uint32_t> bits() const {
        std::vector<std::uint32_t> all(y.size());
        std::memcpy(all.data(), y.data(), all.size() * 4);
        return all;
    }
};

template <class Kernel> class rms_norm_launch {
public:
    using kernel = Kernel;
    using number = std::remove_pointer_t<decltype(Kernel::parameters::y)>;

    rms_norm_launch(int count, int width)
        : count_(count), width_(width), x_(std::size_t(count * width)), gain_(std::size_t(width)) {
        for (std::size_t i = 0; i < x_.size(); ++i) {
            const float value = moe::random_normal(1, 0, i);
            if constexpr (sizeof(number) == 2)
                x_[i] = moe::bfloat16(value).bits;
            else
                x_[i] = value;
        }
        for (std::size_t i = 0; i < gain_.size(); ++i) gain_[i] = moe::random_normal(2, 0, i);
        y_.resize(x_.size()), r_.resize(std::size_t(count));
    }
    typename Kernel::parameters parameters() {
        return {y_.data(), r_.data(), x_.data(), gain_.data(), count_,
                width_,    width_,    width_,    1e-6F};
    }
    moe::emulator::grid grid() { return {Kernel::blocks(parameters())}; }
    moe::emulator::memory buffers() {
        moe::emulator::memory all;
        all.input("x", x_.data(), x_.size()).input("gain", gain_.data(), gain_.size());
        all.output("y", y_.data(), y_.size()).output("r", r_.data(), r_.size());
        return all;
    }
    moe::emulator::report run(const moe::emulator::options& how) {
        poison();
        moe::emulator::memory all = buffers();
        return moe::emulator::launch<Kernel, moe::sm80>(grid(), parameters(), all, how);
    }
    void poison() {
        std::memset(y_.data(), 0x7F, y_.size() * sizeof(number));
        std::memset(r_.data(), 0x7F, r_.size() * sizeof(float));
    }
    std::vector<std::uint8_t> result() const {
        const auto* const y = reinterpret_cast<const std::uint8_t*>(y_.data());
        const auto* const r = reinterpret_cast<const std::uint8_t*>(r_.data());
        std::vector<std::uint8_t> all(y, y + y_.size() * sizeof(number));
        all.insert(all.end(), r, r + r_.size() * sizeof(float));
        return all;
    }

private:
    int count_, width_;
    std::vector<number> x_, y_;
    std::vector<float> gain_, r_;
};

template <class Kernel> class gemm_launch {
public:
    using kernel = Kernel;
    gemm_launch(int rows, int columns, int width)
        : rows_(rows),
          columns_(columns),
          width_(width),
          stride_(moe::round_up(width, 8)),
          x_(numbers(rows, 1)),
          w_(numbers(columns, 2)) {
        y_stride_ = moe::round_up(columns, 2);
        out_.y.resize(std::size_t(rows * y_stride_));
    }
    typename Kernel::parameters parameters() {
        return {out_.y.data(), {x_.data(), stride_}, {w_.data(), stride_}, rows_, columns_, width_,
                y_stride_};
    }
    moe::emulator::grid grid() {
        return {Kernel::blocks_x(parameters()), Kernel::blocks_y(parameters())};
    }
    moe::emulator::memory buffers() {
        moe::emulator::memory all;
        all.input("x", x_.data(), x_.size()).input("w", w_.data(), w_.size());
        all.output("y", out_.y.data(), out_.y.size());
        return all;
    }
    moe::emulator::report run(const moe::emulator::options& how) {
        out_.poison();
        moe::emulator::memory all = buffers();
        return moe::emulator::launch<Kernel, moe::sm80>(grid(), parameters(), all, how);
    }
    void poison() { out_.poison(); }
    std::vector<std::uint32_t> result() const { return out_.bits(); }

private:
    // bf16; NaN between the rows
    std::vector<std::uint16_t> numbers(int count, std::uint64_t seed) const {
        std::vector<std::uint16_t> all(std::size_t(count * stride_), 0x7FFF);
        for (int i = 0; i < count; ++i)
            for (int j = 0; j < width_; ++j)
                all[std::size_t(i * stride_ + j)] =
                    moe::bfloat16(moe::random_normal(seed, std::uint64_t(i), std::uint64_t(j)))
                        .bits;
        return all;
    }
    int rows_, columns_, width_;
    std::ptrdiff_t stride_, y_stride_;
    std::vector<std::uint16_t> x_, w_;
    results out_;
};

// Experts of few and many rows, of none, and more of them than a warp has lanes.
template <class Kernel> class grouped_launch {
public:
    using kernel = Kernel;
    using number = std::remove_pointer_t<decltype(Kernel::parameters::y)>;

    grouped_launch(int experts, int out, int in, int most)
        : experts_(experts), out_(out), in_(in), stride_(moe::round_up(in, 8)), first_(1, 0) {
        for (int e = 0; e < experts; ++e)
            first_.push_back(first_.back() +
                             (1 + int(moe::random_below(std::uint64_t(most), 3, 0, unsigned(e)))) *
                                 (e % 3 != 2));
        for (int r = 0; r < first_.back(); ++r)
            index_.push_back(int(moe::random_below(tokens, 4, 0, unsigned(r))));
        x_ = numbers(tokens, 1), w_ = numbers(experts * out, 2);
        y_.resize(std::size_t(first_.back() + 3) * std::size_t(y_stride()));
    }
    typename Kernel::parameters parameters() {
        return {y_.data(),
                {x_.data(), stride_},
                {w_.data(), stride_},
                index_.data(),
                first_.data(),
                experts_,
                out_,
                in_,
                y_stride()};
    }
    moe::emulator::grid grid() {
        return {Kernel::blocks_x(parameters()), Kernel::blocks_y(parameters(), first_.back() + 3)};
    }
    moe::emulator::memory buffers() {
        moe::emulator::memory all;
        all.input("x", x_.data(), x_.size()).input("w", w_.data(), w_.size());
        all.input("index", index_.data(), index_.size());
        all.input("first", first_.data(), first_.size());
        all.output("y", y_.data(), y_.size());
        return all;
    }
    moe::emulator::report run(const moe::emulator::options& how) {
        poison();
        moe::emulator::memory all = buffers();
        return moe::emulator::launch<Kernel, moe::sm80>(grid(), parameters(), all, how);
    }
    void poison() { std::memset(y_.data(), 0x7F, y_.size() * sizeof(number)); }
    std::vector<std::uint8_t> result() const {
        const auto* const first = reinterpret_cast<const std::uint8_t*>(y_.data());
        return {first, first + y_.size() * sizeof(number)};
    }

private:
    static constexpr int tokens = 40;
    std::ptrdiff_t y_stride() const { return moe::round_up(out_, 2); }
    std::vector<std::uint16_t> numbers(int count, std::uint64_t seed) const {
        std::vector<std::uint16_t> all(std::size_t(count * stride_), 0x7FFF);
        for (int i = 0; i < count; ++i)
            for (int j = 0; j < in_; ++j)
                all[std::size_t(i * stride_ + j)] =
                    moe::bfloat16(moe::random_normal(seed, std::uint64_t(i), std::uint64_t(j)))
                        .bits;
        return all;
    }
    int experts_, out_, in_;
    std::ptrdiff_t stride_;
    std::vector<int> first_, index_;
    std::vector<std::uint16_t> x_, w_;
    std::vector<number> y_;
};

class atoms_launch {
public:
    using kernel = atoms;
    explicit atoms_launch(std::uint64_t seed) : in_(4 * threads), from_(threads) {
        for (std::size_t i = 0; i < in_.size(); ++i)
            in_[i] = std::uint32_t(moe::random_bits(seed, 1, i));
        for (std::size_t i = 0; i < from_.size(); ++i)
            from_[i] = std::uint16_t(moe::random_bits(seed, 2, i));
        out_.y.resize(threads * atoms::slots + threads / 2);
    }
    atoms::parameters parameters() {
        auto* const out = reinterpret_cast<std::uint32_t*>(out_.y.data());
        return {out, reinterpret_cast<std::uint16_t*>(out + threads * atoms::slots), in_.data(),
                from_.data()};
    }
    moe::emulator::grid grid() { return {}; }
    moe::emulator::memory buffers() {
        moe::emulator::memory all;
        all.input("in", in_.data(), in_.size()).input("from", from_.data(), from_.size());
        all.output("out", out_.y.data(), threads * atoms::slots);
        all.output("halves", out_.y.data() + threads * atoms::slots, threads / 2);
        return all;
    }
    moe::emulator::report run(const moe::emulator::options& how) {
        out_.poison();
        moe::emulator::memory all = buffers();
        return moe::emulator::launch<atoms, moe::sm80>(grid(), parameters(), all, how);
    }
    void poison() { out_.poison(); }
    std::vector<std::uint32_t> result() const { return out_.bits(); }

private:
    static constexpr std::size_t threads = atoms::threads;
    std::vector<std::uint32_t> in_;
    std::vector<std::uint16_t> from_;
    results out_;
};

}  // namespace test
