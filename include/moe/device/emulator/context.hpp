// SPDX-License-Identifier: MIT
// The context of a kernel that runs here: each atom is one call into what its instruction means.
// The same atoms as one instruction each stand in device/cuda/context.cuh.
// Addresses in shared memory are offsets; addresses in global memory are pointers into buffers that
// the launch was told of. A mutant (options.hpp) may drop a call or change a number in it.
#pragma once

#include <moe/device/emulator/block.hpp>
#include <moe/device/emulator/tensor_core.hpp>
#include <moe/device/kernel.hpp>

#include <cmath>

namespace moe::emulator {

template <class Arch> class context {
public:
    using arch = Arch;

    context(block& of) : block_(of) {}

    int thread() const { return block_.thread(); }
    int lane() const { return block_.thread() % 32; }
    int warp() const { return block_.thread() / 32; }
    int block_x() const { return block_.at().x; }
    int block_y() const { return block_.at().y; }

    // --- memory; T has 2, 4, 8 or 16 bytes ---
    template <class T> T load(const T* from, const where at = here::current()) {
        const call c = enter("load", at, 1);
        if (c.dropped) return nothing<T>();
        from += c.shift;
        block_.meter_global(from, sizeof(T), c.site);
        return copied<T>(block_.global_at(from, sizeof(T), false, c.site));
    }
    template <class T> T load(shared<T> from, const where at = here::current()) {
        const call c = enter("load", at, 1);
        if (c.dropped) return nothing<T>();
        from = from + c.shift;
        block_.meter_shared(from.offset, sizeof(T), c.site);
        return copied<T>(block_.shared_at(from.offset, sizeof(T), false, c.site));
    }
    template <class T>
    void store(T* to, std::type_identity_t<T> value, const where at = here::current()) {
        const call c = enter("store", at, 1);
        if (c.dropped) return;
        to += c.shift;
        block_.meter_global(to, sizeof(T), c.site);
        std::memcpy(block_.global_at(to, sizeof(T), true, c.site), &value, sizeof(T));
    }
    template <class T>
    void store(shared<T> to, std::type_identity_t<T> value, const where at = here::current()) {
        const call c = enter("store", at, 1);
        if (c.dropped) return;
        to = to + c.shift;
        block_.meter_shared(to.offset, sizeof(T), c.site);
        std::memcpy(block_.shared_at(to.offset, sizeof(T), true, c.site), &value, sizeof(T));
    }

    // --- the block meets: all of it; 'count' threads at barrier 'id', 1 to 15 ---
    void sync(const where at = here::current()) {
        const call c = enter("sync", at, 0);
        if (!c.dropped) block_.arrive(0, block_.threads(), true, true, c.site);
    }
    void barrier_sync(int id, int count, const where at = here::current()) {
        const call c = enter("barrier_sync", at, 2);
        if (!c.dropped) block_.arrive(id + c.shift, count + 32 * c.second, true, false, c.site);
    }
    void barrier_arrive(int id, int count, const where at = here::current()) {
        const call c = enter("barrier_arrive", at, 2);
        if (!c.dropped) block_.arrive(id + c.shift, count + 32 * c.second, false, false, c.site);
    }

    // --- the lanes of a warp meet ---
    static constexpr std::uint32_t all_lanes = 0xFFFFFFFFU;

    // Orders the lanes' accesses to memory; the other meetings do not.
    void sync_warp(std::uint32_t mask = all_lanes, const where at = here::current()) {
        const call c = enter("sync_warp", at, 0);
        if (c.dropped) return;
        block_.meet(mask, mask, c.site, [&](auto&) { block_.share_knowledge(mask); });
    }
    template <class T>
    T shuffle(T value, int from, std::uint32_t mask = all_lanes, const where at = here::current()) {
        const call c = enter("shuffle", at, 1);
        return c.dropped ? value : picked(value, (from + c.shift) & 31, mask, c.site);
    }
    template <class T>
    T shuffle_xor(T value, int flip, std::uint32_t mask = all_lanes,
                  const where at = here::current()) {
        const call c = enter("shuffle_xor", at, 1);
        return c.dropped ? value : picked(value, (lane() ^ (flip + c.shift)) & 31, mask, c.site);
    }
    // The lanes whose predicate holds; the lanes with the same value as this one.
    std::uint32_t ballot(bool predicate, std::uint32_t mask = all_lanes,
                         const where at = here::current()) {
        const call c = enter("ballot", at, 0);
        if (c.dropped) return 0;
        return gathered(std::uint32_t(predicate), mask, c.site, [](auto& lanes, int) {
            std::uint32_t bits = 0;
            for (int l = 0; l < 32; ++l) bits |= lanes[std::size_t(l)] ? in(lanes, l) << l : 0U;
            return bits;
        });
    }
    std::uint32_t match(std::uint32_t value, std::uint32_t mask = all_lanes,
                        const where at = here::current()) {
        const call c = enter("match", at, 0);
        if (c.dropped) return 0;
        return gathered(value, mask, c.site, [](auto& lanes, int self) {
            std::uint32_t bits = 0;
            for (int l = 0; l < 32; ++l)
                if (lanes[std::size_t(l)] && in(lanes, l) == in(lanes, self)) bits |= 1U << l;
            return bits;
        });
    }
    std::uint32_t reduce_add(std::uint32_t value, std::uint32_t mask = all_lanes,
                             const where at = here::current()) {
        const call c = enter("reduce_add", at, 0);
        if (c.dropped) return value;
        return gathered(value, mask, c.site, [](auto& lanes, int) {
            std::uint32_t sum = 0;
            for (int l = 0; l < 32; ++l) sum += lanes[std::size_t(l)] ? in(lanes, l) : 0U;
            return sum;
        });
    }

    // --- 16 bytes from global to shared memory, later: 'bytes' of them, then zeros ---
    template <class T>
    void copy_async(shared<registers<4>> to, const T* from, int bytes,
                    const where at = here::current()) {
        const call c = enter("copy_async", at, 3);
        if (c.dropped) return;
        to = to + c.shift;
        from += c.second;
        bytes += int(sizeof(T)) * c.third;
        block_.meter_shared(to.offset, 16, c.site);
        if (bytes > 0) block_.meter_global(from, bytes, c.site);
        block_.copy(to.offset, from, bytes, 16, c.site);
    }
    void copy_commit(const where at = here::current()) {
        const call c = enter("copy_commit", at, 0);
        if (!c.dropped) block_.commit();
    }
    // Until at most N of this thread's groups are in flight.
    template <int N> void copy_wait(constant<N>, const where at = here::current()) {
        const call c = enter("copy_wait", at, 1);
        if (!c.dropped) block_.wait_for_copies(larger(0, N + c.shift));
    }

    // --- tensor cores ---
    // Four matrices of 8 x 8 16-bit elements: lane l gives the address of row l % 8 of matrix l / 8
    // (16 bytes) and gets elements 2 (l % 4) and the next of row l / 4 of each.
    void load_matrices(std::uint32_t (&into)[4], shared<registers<4>> row,
                       const where at = here::current()) {
        matrices(into, row, false, enter("load_matrices", at, 1));
    }
    // Transposed: rows 2 (l % 4) and the next of column l / 4.
    void load_matrices_transposed(std::uint32_t (&into)[4], shared<registers<4>> row,
                                  const where at = here::current()) {
        matrices(into, row, true, enter("load_matrices_transposed", at, 1));
    }
    // sum += a b, m16n8k16, bf16 or fp16 elements, in FP32; layouts in tensor_core.hpp
    void multiply_bf16(float (&sum)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                       const where at = here::current()) {
        multiply<format::bf16>(sum, a, b, enter("multiply_bf16", at, 0));
    }
    void multiply_fp16(float (&sum)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                       const where at = here::current()) {
        multiply<format::fp16>(sum, a, b, enter("multiply_fp16", at, 0));
    }
    // The sum in FP16, two elements a register.
    void multiply_fp16(std::uint32_t (&sum)[2], const std::uint32_t (&a)[4],
                       const std::uint32_t (&b)[2], const where at = here::current()) {
        const call c = enter("multiply_fp16", at, 0);
        if (c.dropped) return;
        operands<std::uint32_t[2]> mine{&a, &b, &sum};
        block_.meet(all_lanes, mine, c.site, [](auto& lanes) {
            fragments f;
            for (int l = 0; l < 32; ++l) {
                f.put_a(l, *lanes[std::size_t(l)]->a), f.put_b(l, *lanes[std::size_t(l)]->b);
                for (int i = 0; i < 4; ++i)
                    f.c_of(l, i) = (*lanes[std::size_t(l)]->sum)[i / 2] >> (16 * (i % 2)) & 0xFFFFU;
            }
            f.multiply<Arch, format::fp16, format::fp16>();
            for (int l = 0; l < 32; ++l)
                for (int i = 0; i < 2; ++i)
                    (*lanes[std::size_t(l)]->sum)[i] = f.c_of(l, 2 * i) | f.c_of(l, 2 * i + 1)
                                                                              << 16;
        });
    }

    // --- arithmetic that must not be left to a compiler ---
    static float fma(float a, float b, float c) { return std::fma(a, b, c); }
    static float square_root(float x) { return std::sqrt(x); }  // to the nearest
    static float as_float(std::uint32_t bits) { return std::bit_cast<float>(bits); }
    static int count_bits(std::uint32_t x) { return std::popcount(x); }
    // Two floats as bf16, to the nearest even; the first in the lower half.
    static std::uint32_t to_bf16(float first, float second) {
        return half_of(first) | half_of(second) << 16;
    }

private:
    struct call {
        int site;
        bool dropped = false;
        int shift = 0, second = 0, third = 0;
    };
    template <class Sum> struct operands {
        const std::uint32_t (*a)[4];
        const std::uint32_t (*b)[2];
        Sum* sum;
    };

    call enter(const char* atom, const where& at, int numbers) {
        block_.maybe_give_way();
        std::uint32_t count;
        call c{block_.enter(atom, at, numbers, count)};
        const mutant& m = block_.how().change;
        if (m.what == mutant::change::none || (m.call >= 0 && m.call != count) ||
            !(block_.sites.uses[std::size_t(c.site)].at == m.at))
            return c;
        c.dropped = m.what == mutant::change::drop;
        const int by = m.what == mutant::change::plus    ? 1
                       : m.what == mutant::change::minus ? -1
                                                         : 0;
        (m.number == 0 ? c.shift : m.number == 1 ? c.second : c.third) = by;
        return c;
    }
    // What a register holds to which nobody wrote.
    template <class T> static T nothing() {
        T value;
        std::memset(&value, 0xFF, sizeof value);
        return value;
    }
    template <class T> static T copied(const std::byte* from) {
        T value;
        std::memcpy(&value, from, sizeof value);
        return value;
    }
    template <class Lanes> static std::uint32_t in(const Lanes& lanes, int lane) {
        return lanes[std::size_t(lane)]->first;
    }
    struct exchange {
        std::uint32_t first, result;
        int self;
    };
    template <class Function>
    std::uint32_t gathered(std::uint32_t value, std::uint32_t mask, int site, Function&& function) {
        exchange mine{value, 0, lane()};
        block_.meet(mask, mine, site, [&](auto& lanes) {
            for (exchange* one : lanes)
                if (one) one->result = function(lanes, one->self);
        });
        return mine.result;
    }
    template <class T> T picked(T value, int from, std::uint32_t mask, int site) {
        static_assert(sizeof(T) == 4);
        struct wish {
            std::uint32_t first, result;
            int from;
        };
        wish mine{copied<std::uint32_t>(reinterpret_cast<const std::byte*>(&value)), 0, from};
        block_.meet(mask, mine, site, [&](auto& lanes) {
            for (wish* one : lanes)
                if (one) {
                    if (!lanes[std::size_t(one->from)])
                        block_.stop(finding::kind::divergence, site, -1,
                                    block_.name(site) + " asks lane " + std::to_string(one->from) +
                                        ", which is not in its mask, " + block_.who(thread()));
                    one->result = in(lanes, one->from);
                }
        });
        return copied<T>(reinterpret_cast<const std::byte*>(&mine.result));
    }
    void matrices(std::uint32_t (&into)[4], shared<registers<4>> row, bool transposed,
                  const call& c) {
        if (c.dropped) return;
        row = row + c.shift;
        block_.meter_shared(row.offset, 16, c.site);
        struct request {
            const std::byte* row;
            std::uint32_t (*into)[4];
        };
        request mine{block_.shared_at(row.offset, 16, false, c.site), &into};
        block_.meet(all_lanes, mine, c.site, [&](auto& lanes) {
            std::uint16_t of[4][8][8];
            for (std::size_t l = 0; l < 32; ++l) std::memcpy(of[l / 8][l % 8], lanes[l]->row, 16);
            for (std::size_t l = 0; l < 32; ++l)
                for (std::size_t m = 0; m < 4; ++m) {
                    const std::size_t i = l / 4, j = 2 * (l % 4);
                    (*lanes[l]->into)[m] = transposed
                                               ? of[m][j][i] | std::uint32_t{of[m][j + 1][i]} << 16
                                               : of[m][i][j] | std::uint32_t{of[m][i][j + 1]} << 16;
                }
        });
    }
    template <class Input>
    void multiply(float (&sum)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                  const call& c) {
        if (c.dropped) return;
        operands<float[4]> mine{&a, &b, &sum};
        block_.meet(all_lanes, mine, c.site, [](auto& lanes) {
            fragments f;
            for (int l = 0; l < 32; ++l) {
                const auto& one = *lanes[std::size_t(l)];
                f.put_a(l, *one.a), f.put_b(l, *one.b);
                for (int i = 0; i < 4; ++i)
                    f.c_of(l, i) = std::bit_cast<std::uint32_t>((*one.sum)[i]);
            }
            f.multiply<Arch, Input, format::fp32>();
            for (int l = 0; l < 32; ++l)
                for (int i = 0; i < 4; ++i)
                    (*lanes[std::size_t(l)]->sum)[i] = std::bit_cast<float>(f.c_of(l, i));
        });
    }
    static std::uint32_t half_of(float value) {
        const auto x = std::bit_cast<std::uint32_t>(value);
        if ((x & 0x7FFFFFFFU) > 0x7F800000U) return 0x7FFFU;  // the instruction's one NaN
        return (x + 0x7FFFU + (x >> 16 & 1U)) >> 16;
    }

    block& block_;
};

}  // namespace moe::emulator
