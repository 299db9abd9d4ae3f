// SPDX-License-Identifier: MIT
// The context of a kernel on a GPU: each atom is one instruction. What they mean, and the same
// atoms for the emulator, stands in device/emulator/context.hpp. For nvcc.
#pragma once

#include <moe/device/kernel.hpp>

#include <cstdint>
#include <type_traits>

namespace moe::cuda_device {

// Where a block's shared memory begins in its own address space; kernels have no other.
extern __shared__ __align__(128) unsigned char arena[];

template <class Arch> struct context {
    using arch = Arch;

    MOE_DEVICE static int thread() { return int(threadIdx.x); }
    MOE_DEVICE static int lane() { return int(threadIdx.x % 32); }
    MOE_DEVICE static int warp() { return int(threadIdx.x / 32); }
    MOE_DEVICE static int block_x() { return int(blockIdx.x); }
    MOE_DEVICE static int block_y() { return int(blockIdx.y); }

    // --- memory ---
    template <class T> MOE_DEVICE static T load(const T* from) {
        raw<T> r;
        if constexpr (sizeof(T) == 2)
            asm volatile("ld.global.b16 %0, [%1];" : "=h"(r.half) : "l"(from) : "memory");
        else if constexpr (sizeof(T) == 4)
            asm volatile("ld.global.b32 %0, [%1];" : "=r"(r.word[0]) : "l"(from) : "memory");
        else if constexpr (sizeof(T) == 8)
            asm volatile("ld.global.v2.b32 {%0, %1}, [%2];"
                         : "=r"(r.word[0]), "=r"(r.word[1])
                         : "l"(from)
                         : "memory");
        else
            asm volatile("ld.global.v4.b32 {%0, %1, %2, %3}, [%4];"
                         : "=r"(r.word[0]), "=r"(r.word[1]), "=r"(r.word[2]), "=r"(r.word[3])
                         : "l"(from)
                         : "memory");
        return r.value;
    }
    template <class T> MOE_DEVICE static T load(shared<T> from) {
        raw<T> r;
        const std::uint32_t at = address(from.offset);
        if constexpr (sizeof(T) == 2)
            asm volatile("ld.shared.b16 %0, [%1];" : "=h"(r.half) : "r"(at) : "memory");
        else if constexpr (sizeof(T) == 4)
            asm volatile("ld.shared.b32 %0, [%1];" : "=r"(r.word[0]) : "r"(at) : "memory");
        else if constexpr (sizeof(T) == 8)
            asm volatile("ld.shared.v2.b32 {%0, %1}, [%2];"
                         : "=r"(r.word[0]), "=r"(r.word[1])
                         : "r"(at)
                         : "memory");
        else
            asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];"
                         : "=r"(r.word[0]), "=r"(r.word[1]), "=r"(r.word[2]), "=r"(r.word[3])
                         : "r"(at)
                         : "memory");
        return r.value;
    }
    template <class T> MOE_DEVICE static void store(T* to, std::type_identity_t<T> value) {
        raw<T> r;
        r.value = value;
        if constexpr (sizeof(T) == 2)
            asm volatile("st.global.b16 [%0], %1;" ::"l"(to), "h"(r.half) : "memory");
        else if constexpr (sizeof(T) == 4)
            asm volatile("st.global.b32 [%0], %1;" ::"l"(to), "r"(r.word[0]) : "memory");
        else if constexpr (sizeof(T) == 8)
            asm volatile("st.global.v2.b32 [%0], {%1, %2};" ::"l"(to), "r"(r.word[0]),
                         "r"(r.word[1])
                         : "memory");
        else
            asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};" ::"l"(to), "r"(r.word[0]),
                         "r"(r.word[1]), "r"(r.word[2]), "r"(r.word[3])
                         : "memory");
    }
    template <class T> MOE_DEVICE static void store(shared<T> to, std::type_identity_t<T> value) {
        raw<T> r;
        r.value = value;
        const std::uint32_t at = address(to.offset);
        if constexpr (sizeof(T) == 2)
            asm volatile("st.shared.b16 [%0], %1;" ::"r"(at), "h"(r.half) : "memory");
        else if constexpr (sizeof(T) == 4)
            asm volatile("st.shared.b32 [%0], %1;" ::"r"(at), "r"(r.word[0]) : "memory");
        else if constexpr (sizeof(T) == 8)
            asm volatile("st.shared.v2.b32 [%0], {%1, %2};" ::"r"(at), "r"(r.word[0]),
                         "r"(r.word[1])
                         : "memory");
        else
            asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(at), "r"(r.word[0]),
                         "r"(r.word[1]), "r"(r.word[2]), "r"(r.word[3])
                         : "memory");
    }

    // --- the block meets ---
    MOE_DEVICE static void sync() { asm volatile("barrier.sync.aligned 0;" ::: "memory"); }
    MOE_DEVICE static void barrier_sync(int id, int count) {
        asm volatile("barrier.sync.aligned %0, %1;" ::"r"(id), "r"(count) : "memory");
    }
    MOE_DEVICE static void barrier_arrive(int id, int count) {
        asm volatile("barrier.arrive.aligned %0, %1;" ::"r"(id), "r"(count) : "memory");
    }

    // --- the lanes of a warp meet ---
    static constexpr std::uint32_t all_lanes = 0xFFFFFFFFU;

    MOE_DEVICE static void sync_warp(std::uint32_t mask = all_lanes) {
        asm volatile("bar.warp.sync %0;" ::"r"(mask) : "memory");
    }
    template <class T>
    MOE_DEVICE static T shuffle(T value, int from, std::uint32_t mask = all_lanes) {
        raw<T> in, out;
        in.value = value;
        asm volatile("shfl.sync.idx.b32 %0, %1, %2, 31, %3;"
                     : "=r"(out.word[0])
                     : "r"(in.word[0]), "r"(from), "r"(mask));
        return out.value;
    }
    template <class T>
    MOE_DEVICE static T shuffle_xor(T value, int flip, std::uint32_t mask = all_lanes) {
        raw<T> in, out;
        in.value = value;
        asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 31, %3;"
                     : "=r"(out.word[0])
                     : "r"(in.word[0]), "r"(flip), "r"(mask));
        return out.value;
    }
    MOE_DEVICE static std::uint32_t ballot(bool predicate, std::uint32_t mask = all_lanes) {
        return __ballot_sync(mask, predicate);
    }
    MOE_DEVICE static std::uint32_t match(std::uint32_t value, std::uint32_t mask = all_lanes) {
        std::uint32_t lanes;
        asm volatile("match.any.sync.b32 %0, %1, %2;" : "=r"(lanes) : "r"(value), "r"(mask));
        return lanes;
    }
    MOE_DEVICE static std::uint32_t reduce_add(std::uint32_t value,
                                               std::uint32_t mask = all_lanes) {
        std::uint32_t sum;
        asm volatile("redux.sync.add.u32 %0, %1, %2;" : "=r"(sum) : "r"(value), "r"(mask));
        return sum;
    }

    // --- asynchronous copies ---
    template <class T>
    MOE_DEVICE static void copy_async(shared<registers<4>> to, const T* from, int bytes) {
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address(to.offset)),
                     "l"(from), "r"(bytes)
                     : "memory");
    }
    MOE_DEVICE static void copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
    template <int N> MOE_DEVICE static void copy_wait(constant<N>) {
        asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
    }

    // --- tensor cores ---
    MOE_DEVICE static void load_matrices(std::uint32_t (&into)[4], shared<registers<4>> row) {
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(into[0]), "=r"(into[1]), "=r"(into[2]), "=r"(into[3])
                     : "r"(address(row.offset))
                     : "memory");
    }
    MOE_DEVICE static void load_matrices_transposed(std::uint32_t (&into)[4],
                                                    shared<registers<4>> row) {
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(into[0]), "=r"(into[1]), "=r"(into[2]), "=r"(into[3])
                     : "r"(address(row.offset))
                     : "memory");
    }
    MOE_DEVICE static void multiply_bf16(float (&sum)[4], const std::uint32_t (&a)[4],
                                         const std::uint32_t (&b)[2]) {
        asm volatile(
            "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, "
            "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }
    MOE_DEVICE static void multiply_fp16(float (&sum)[4], const std::uint32_t (&a)[4],
                                         const std::uint32_t (&b)[2]) {
        asm volatile(
            "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, "
            "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }
    MOE_DEVICE static void multiply_fp16(std::uint32_t (&sum)[2], const std::uint32_t (&a)[4],
                                         const std::uint32_t (&b)[2]) {
        asm volatile(
            "mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%0, %1}, "
            "{%2, %3, %4, %5}, {%6, %7}, {%0, %1};"
            : "+r"(sum[0]), "+r"(sum[1])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }

    // --- arithmetic ---
    MOE_DEVICE static float fma(float a, float b, float c) {
        float d;
        asm("fma.rn.f32 %0, %1, %2, %3;" : "=f"(d) : "f"(a), "f"(b), "f"(c));
        return d;
    }
    MOE_DEVICE static float square_root(float x) {
        float root;
        asm("sqrt.rn.f32 %0, %1;" : "=f"(root) : "f"(x));
        return root;
    }
    MOE_DEVICE static float as_float(std::uint32_t bits) { return __uint_as_float(bits); }
    MOE_DEVICE static int count_bits(std::uint32_t x) { return __popc(x); }
    MOE_DEVICE static std::uint32_t to_bf16(float first, float second) {
        std::uint32_t both;
        asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(second), "f"(first));
        return both;
    }

private:
    // The registers of a T.
    template <class T> union raw {
        static_assert(sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
        T value;
        std::uint16_t half;
        std::uint32_t word[sizeof(T) < 4 ? 1 : sizeof(T) / 4];
        MOE_DEVICE raw() {}
    };
    MOE_DEVICE static std::uint32_t address(std::uint32_t offset) {
        return std::uint32_t(__cvta_generic_to_shared(arena)) + offset;
    }
};

}  // namespace moe::cuda_device
