// SPDX-License-Identifier: MIT
// Runs a kernel's PTX in the emulator: a thread is a fibre that goes through the statements, and
// memory, copies, barriers and tensor cores are the emulator's own, with all its checks. What a
// finding names is the line of the PTX. An unknown opcode is an error before anything runs.
#pragma once

#include "tests/cuda/ptx.hpp"

#include <moe/device/emulator/launch.hpp>

#include <bit>
#include <cmath>

namespace ptx {

using moe::registers;
using context = moe::emulator::context<moe::sm80>;

// What a thread has.
struct thread {
    context& cx;
    const std::byte* parameters;
    std::size_t parameter_bytes;
    std::vector<std::uint64_t>& registers;
    moe::emulator::where at{"kernels.ptx", 0, 0};

    template <class T> T get(const operand& o) const {
        const std::uint64_t bits = o.index < 0 ? o.value : registers[std::size_t(o.index)];
        if constexpr (std::is_same_v<T, float>)
            return std::bit_cast<float>(std::uint32_t(bits));
        else
            return T(bits);
    }
    template <class T> void set(const operand& o, T value) {
        std::uint64_t& into = registers[std::size_t(o.index)];
        if constexpr (std::is_same_v<T, float>)
            into = std::bit_cast<std::uint32_t>(value);
        else
            into = std::make_unsigned_t<T>(value);
    }
    std::uint64_t address(const operand& o) const {
        return (o.index < 0 ? 0 : registers[std::size_t(o.index)]) + o.value;
    }
    template <class T> moe::shared<T> shared(const operand& o) const {
        return {std::uint32_t(address(o))};
    }
    template <class T> T* global(const operand& o) const {
        return reinterpret_cast<T*>(address(o));
    }
};
using statement_of = const statement&;
using handler = void (*)(thread&, statement_of);

template <class T, class F, F f> void binary(thread& t, statement_of s) {
    t.set(s.with[0], T(f(t.get<T>(s.with[1]), t.get<T>(s.with[2]))));
}
template <class T, auto f> constexpr handler two = &binary<T, decltype(f), f>;
template <class T, class F, F f> void unary(thread& t, statement_of s) {
    t.set(s.with[0], T(f(t.get<T>(s.with[1]))));
}
template <class T, auto f> constexpr handler one = &unary<T, decltype(f), f>;
template <class T, class F, F f> void comparison(thread& t, statement_of s) {
    t.set(s.with[0], std::uint8_t(f(t.get<T>(s.with[1]), t.get<T>(s.with[2]))));
}
template <class T, auto f> constexpr handler compare = &comparison<T, decltype(f), f>;
template <class To, class From> void convert(thread& t, statement_of s) {
    t.set(s.with[0], To(t.get<From>(s.with[1])));
}
template <class T> void select(thread& t, statement_of s) {
    t.set(s.with[0], t.get<T>(s.with[t.get<std::uint8_t>(s.with[3]) ? 1 : 2]));
}
// Signed shifts keep the sign; a shift by the width or more leaves nothing else.
template <class T> void shift_right(thread& t, statement_of s) {
    const auto by = t.get<std::uint32_t>(s.with[2]);
    const T x = t.get<T>(s.with[1]);
    t.set(s.with[0], T(by < sizeof(T) * 8 ? x >> by : x < T(0) ? T(-1) : T(0)));
}
template <class T> void shift_left(thread& t, statement_of s) {
    const auto by = t.get<std::uint32_t>(s.with[2]);
    t.set(s.with[0], T(by < sizeof(T) * 8 ? t.get<T>(s.with[1]) << by : T(0)));
}
inline void insert_bits(thread& t, statement_of s) {
    const auto at = t.get<std::uint32_t>(s.with[3]) & 255, count = t.get<std::uint32_t>(s.with[4]);
    const std::uint32_t mask = count >= 32 ? ~0U : (1U << (count & 31)) - 1;
    const auto from = t.get<std::uint32_t>(s.with[1]), into = t.get<std::uint32_t>(s.with[2]);
    t.set(s.with[0], at > 31 ? into : (into & ~(mask << at)) | (from & mask) << at);
}
inline void fused(thread& t, statement_of s) {
    t.set(s.with[0],
          std::fma(t.get<float>(s.with[1]), t.get<float>(s.with[2]), t.get<float>(s.with[3])));
}
template <class T, int Count> void load_parameter(thread& t, statement_of s) {
    T values[Count];
    const std::uint64_t first = t.address(s.with[Count]);
    if (first + sizeof values > t.parameter_bytes) throw moe::error("PTX: a parameter too far");
    std::memcpy(values, t.parameters + first, sizeof values);
    for (int i = 0; i < Count; ++i) t.set(s.with[std::size_t(i)], values[i]);
}
template <int N> void put(thread& t, statement_of s, const registers<N>& value) {
    for (std::size_t i = 0; i < N; ++i) t.set(s.with[i], value.at[i]);
}
template <int N> registers<N> taken(thread& t, statement_of s) {
    registers<N> value;
    for (std::size_t i = 0; i < N; ++i) value.at[i] = t.get<std::uint32_t>(s.with[i + 1]);
    return value;
}
template <int N> void load_global(thread& t, statement_of s) {
    put(t, s, t.cx.load(t.global<const registers<N>>(s.with[N]), t.at));
}
template <int N> void load_shared(thread& t, statement_of s) {
    put(t, s, t.cx.load(t.shared<registers<N>>(s.with[N]), t.at));
}
template <int N> void store_global(thread& t, statement_of s) {
    t.cx.store(t.global<registers<N>>(s.with[0]), taken<N>(t, s), t.at);
}
template <int N> void store_shared(thread& t, statement_of s) {
    t.cx.store(t.shared<registers<N>>(s.with[0]), taken<N>(t, s), t.at);
}
inline void load_half(thread& t, statement_of s, std::uint16_t value) { t.set(s.with[0], value); }
inline void sync(thread& t, statement_of s) {
    if (s.with.size() == 2)
        t.cx.barrier_sync(t.get<int>(s.with[0]), t.get<int>(s.with[1]), t.at);
    else if (t.get<int>(s.with[0]) == 0)
        t.cx.sync(t.at);
    else
        throw moe::error("PTX: a barrier of all threads that is not barrier 0");
}
inline void arrive(thread& t, statement_of s) {
    t.cx.barrier_arrive(t.get<int>(s.with[0]), t.get<int>(s.with[1]), t.at);
}
inline void sync_warp(thread& t, statement_of s) {
    t.cx.sync_warp(t.get<std::uint32_t>(s.with[0]), t.at);
}
inline void shuffle(thread& t, statement_of s) {
    if (t.get<int>(s.with[3]) != 31) throw moe::error("PTX: a shuffle over parts of a warp");
    t.set(s.with[0], t.cx.shuffle(t.get<std::uint32_t>(s.with[1]), t.get<int>(s.with[2]),
                                  t.get<std::uint32_t>(s.with[4]), t.at));
}
inline void ballot(thread& t, statement_of s) {
    t.set(s.with[0],
          t.cx.ballot(t.get<std::uint8_t>(s.with[1]) != 0, t.get<std::uint32_t>(s.with[2]), t.at));
}
inline void match(thread& t, statement_of s) {
    t.set(s.with[0],
          t.cx.match(t.get<std::uint32_t>(s.with[1]), t.get<std::uint32_t>(s.with[2]), t.at));
}
inline void reduce_add(thread& t, statement_of s) {
    t.set(s.with[0],
          t.cx.reduce_add(t.get<std::uint32_t>(s.with[1]), t.get<std::uint32_t>(s.with[2]), t.at));
}
inline void butterfly(thread& t, statement_of s) {
    if (t.get<int>(s.with[3]) != 31) throw moe::error("PTX: a shuffle over parts of a warp");
    t.set(s.with[0], t.cx.shuffle_xor(t.get<std::uint32_t>(s.with[1]), t.get<int>(s.with[2]),
                                      t.get<std::uint32_t>(s.with[4]), t.at));
}
inline void copy_async(thread& t, statement_of s) {
    if (t.get<int>(s.with[2]) != 16) throw moe::error("PTX: a copy of other than 16 bytes");
    t.cx.copy_async(t.shared<registers<4>>(s.with[0]), t.global<const std::uint8_t>(s.with[1]),
                    t.get<int>(s.with[3]), t.at);
}
inline void copy_commit(thread& t, statement_of) { t.cx.copy_commit(t.at); }
inline void copy_wait(thread& t, statement_of s) {
    switch (t.get<int>(s.with[0])) {
        case 0:
            return t.cx.copy_wait(moe::constant<0>{}, t.at);
        case 1:
            return t.cx.copy_wait(moe::constant<1>{}, t.at);
        case 2:
            return t.cx.copy_wait(moe::constant<2>{}, t.at);
        case 3:
            return t.cx.copy_wait(moe::constant<3>{}, t.at);
        default:
            throw moe::error("PTX: a wait for more than 3 groups");
    }
}
template <bool Transposed> void load_matrices(thread& t, statement_of s) {
    std::uint32_t into[4];
    const auto row = t.shared<registers<4>>(s.with[4]);
    if (Transposed)
        t.cx.load_matrices_transposed(into, row, t.at);
    else
        t.cx.load_matrices(into, row, t.at);
    for (std::size_t i = 0; i < 4; ++i) t.set(s.with[i], into[i]);
}
// d (Count), a (4), b (2), c (Count) = a b + c
template <class T, std::size_t Count, bool IsBf16> void multiply(thread& t, statement_of s) {
    std::uint32_t a[4], b[2];
    T sum[Count];
    for (std::size_t i = 0; i < 4; ++i) a[i] = t.get<std::uint32_t>(s.with[Count + i]);
    for (std::size_t i = 0; i < 2; ++i) b[i] = t.get<std::uint32_t>(s.with[Count + 4 + i]);
    for (std::size_t i = 0; i < Count; ++i) sum[i] = t.get<T>(s.with[Count + 6 + i]);
    if constexpr (IsBf16)
        t.cx.multiply_bf16(sum, a, b, t.at);
    else
        t.cx.multiply_fp16(sum, a, b, t.at);
    for (std::size_t i = 0; i < Count; ++i) t.set(s.with[i], sum[i]);
}

inline const std::map<std::string, handler>& opcodes() {
    using u8 = std::uint8_t;
    using s32 = std::int32_t;
    using u32 = std::uint32_t;
    using s64 = std::int64_t;
    using u64 = std::uint64_t;
    constexpr auto add = [](auto a, auto b) { return a + b; };
    constexpr auto subtract = [](auto a, auto b) { return a - b; };
    constexpr auto times = [](auto a, auto b) { return a * b; };
    constexpr auto over = [](auto a, auto b) { return a / b; };
    constexpr auto both = [](auto a, auto b) { return a & b; };
    constexpr auto either = [](auto a, auto b) { return a | b; };
    constexpr auto differ = [](auto a, auto b) { return a ^ b; };
    constexpr auto largest = [](auto a, auto b) { return a < b ? b : a; };
    constexpr auto smallest = [](auto a, auto b) { return b < a ? b : a; };
    constexpr auto itself = [](auto a) { return a; };
    constexpr auto inverse = [](auto a) { return ~a; };
    constexpr auto negation = [](auto a) { return u8(!a); };
    constexpr auto root = [](float a) { return std::sqrt(a); };
    constexpr auto reciprocal = [](float a) { return 1.0F / a; };
    constexpr auto eq = [](auto a, auto b) { return a == b; };
    constexpr auto ne = [](auto a, auto b) { return a != b; };
    constexpr auto lt = [](auto a, auto b) { return a < b; };
    constexpr auto le = [](auto a, auto b) { return a <= b; };
    constexpr auto gt = [](auto a, auto b) { return a > b; };
    constexpr auto ge = [](auto a, auto b) { return a >= b; };
    static const std::map<std::string, handler> table = {
        {"mov.b32", one<u32, itself>},
        {"mov.u32", one<u32, itself>},
        {"mov.f32", one<u32, itself>},
        {"mov.b64", one<u64, itself>},
        {"mov.u64", one<u64, itself>},
        {"mov.pred", one<u8, itself>},
        {"add.s32", two<u32, add>},
        {"add.s64", two<u64, add>},
        {"sub.s32", two<u32, subtract>},
        {"sub.s64", two<u64, subtract>},
        {"mul.lo.s32", two<u32, times>},
        {"mul.lo.s64", two<u64, times>},
        {"mul.wide.s32",
         [](thread& t, statement_of s) {
             t.set(s.with[0], s64(t.get<s32>(s.with[1])) * t.get<s32>(s.with[2]));
         }},
        {"mul.wide.u32",
         [](thread& t, statement_of s) {
             t.set(s.with[0], u64(t.get<u32>(s.with[1])) * t.get<u32>(s.with[2]));
         }},
        {"mad.lo.s32",
         [](thread& t, statement_of s) {
             t.set(s.with[0],
                   t.get<u32>(s.with[1]) * t.get<u32>(s.with[2]) + t.get<u32>(s.with[3]));
         }},
        {"shl.b32", shift_left<u32>},
        {"shl.b64", shift_left<u64>},
        {"shr.s32", shift_right<s32>},
        {"shr.u32", shift_right<u32>},
        {"shr.s64", shift_right<s64>},
        {"shr.u64", shift_right<u64>},
        {"and.b32", two<u32, both>},
        {"or.b32", two<u32, either>},
        {"xor.b32", two<u32, differ>},
        {"and.b64", two<u64, both>},
        {"or.b64", two<u64, either>},
        {"not.b32", one<u32, inverse>},
        {"and.pred", two<u8, both>},
        {"or.pred", two<u8, either>},
        {"not.pred", one<u8, negation>},
        {"max.s32", two<s32, largest>},
        {"min.s32", two<s32, smallest>},
        {"bfi.b32", insert_bits},
        {"selp.b32", select<u32>},
        {"selp.b64", select<u64>},
        {"setp.eq.s32", compare<s32, eq>},
        {"setp.ne.s32", compare<s32, ne>},
        {"setp.lt.s32", compare<s32, lt>},
        {"setp.le.s32", compare<s32, le>},
        {"setp.gt.s32", compare<s32, gt>},
        {"setp.ge.s32", compare<s32, ge>},
        {"setp.eq.s64", compare<s64, eq>},
        {"setp.ne.s64", compare<s64, ne>},
        {"cvt.u16.u32", convert<std::uint16_t, u32>},
        {"setp.lt.u32", compare<u32, lt>},
        {"setp.gt.u32", compare<u32, gt>},
        {"cvt.s64.s32", convert<s64, s32>},
        {"cvt.u64.u32", convert<u64, u32>},
        {"cvt.u32.u64", convert<u32, u64>},
        {"cvt.rn.f32.s32", convert<float, s32>},
        {"add.rn.f32", two<float, add>},
        {"mul.rn.f32", two<float, times>},
        {"div.rn.f32", two<float, over>},
        {"rcp.rn.f32", one<float, reciprocal>},
        {"sqrt.rn.f32", one<float, root>},
        {"fma.rn.f32", fused},
        {"ld.param.u64", load_parameter<u64, 1>},
        {"ld.param.u32", load_parameter<u32, 1>},
        {"ld.param.f32", load_parameter<u32, 1>},
        {"ld.param.v2.u32", load_parameter<u32, 2>},
        {"ld.global.b32", load_global<1>},
        {"ld.global.v2.b32", load_global<2>},
        {"ld.global.v4.b32", load_global<4>},
        {"st.global.b32", store_global<1>},
        {"st.global.v2.b32", store_global<2>},
        {"st.global.v4.b32", store_global<4>},
        {"ld.shared.b32", load_shared<1>},
        {"st.shared.b32", store_shared<1>},
        {"barrier.sync.aligned", sync},
        {"shfl.sync.bfly.b32", butterfly},
        {"cp.async.cg.shared.global", copy_async},
        {"cp.async.commit_group", copy_commit},
        {"cp.async.wait_group", copy_wait},
        {"ldmatrix.sync.aligned.m8n8.x4.shared.b16", load_matrices<false>},
        {"ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16", load_matrices<true>},
        {"mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", multiply<float, 4, true>},
        {"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", multiply<float, 4, false>},
        {"mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16", multiply<u32, 2, false>},
        {"barrier.arrive.aligned", arrive},
        {"bar.warp.sync", sync_warp},
        {"shfl.sync.idx.b32", shuffle},
        {"vote.sync.ballot.b32", ballot},
        {"match.any.sync.b32", match},
        {"redux.sync.add.u32", reduce_add},
        {"ld.global.b16",
         [](thread& t, statement_of s) {
             load_half(t, s, t.cx.load(t.global<const std::uint16_t>(s.with[1]), t.at));
         }},
        {"ld.shared.b16",
         [](thread& t, statement_of s) {
             load_half(t, s, t.cx.load(t.shared<std::uint16_t>(s.with[1]), t.at));
         }},
        {"st.global.b16",
         [](thread& t, statement_of s) {
             t.cx.store(t.global<std::uint16_t>(s.with[0]), t.get<std::uint16_t>(s.with[1]), t.at);
         }},
        {"st.shared.b16",
         [](thread& t, statement_of s) {
             t.cx.store(t.shared<std::uint16_t>(s.with[0]), t.get<std::uint16_t>(s.with[1]), t.at);
         }},
        {"ld.shared.v2.b32", load_shared<2>},
        {"ld.shared.v4.b32", load_shared<4>},
        {"st.shared.v2.b32", store_shared<2>},
        {"st.shared.v4.b32", store_shared<4>},
        {"popc.b32",
         [](thread& t, statement_of s) {
             t.set(s.with[0], t.cx.count_bits(t.get<std::uint32_t>(s.with[1])));
         }},
        {"cvt.u32.u16", convert<u32, std::uint16_t>},
        {"setp.eq.b32", compare<u32, eq>},
        {"setp.lt.f32", compare<float, lt>},
        {"selp.f32", select<u32>},
        {"cvt.rn.bf16x2.f32",
         [](thread& t, statement_of s) {
             t.set(s.with[0], t.cx.to_bf16(t.get<float>(s.with[2]), t.get<float>(s.with[1])));
         }},
    };
    return table;
}

// A program with the handler of each statement; counts which statements ever ran.
class executable {
public:
    explicit executable(program from) : program_(std::move(from)) {
        for (const statement& s : program_.statements) {
            const auto found = opcodes().find(s.opcode);
            const bool jumps = s.opcode == "bra" || s.opcode == "bra.uni" || s.opcode == "ret";
            if (found == opcodes().end() && !jumps)
                throw moe::error("PTX line " + std::to_string(s.line) + ": unknown opcode " +
                                 s.opcode);
            handlers_.push_back(jumps ? nullptr : found->second);
        }
        ran_.assign(handlers_.size(), 0);
    }

    void run(context& cx, const void* parameters, std::size_t bytes) {
        thread t{cx, static_cast<const std::byte*>(parameters), bytes,
                 registers_[std::size_t(cx.thread())]};
        t.registers.assign(program_.registers.size(), 0xDEADDEADDEADDEADU);
        for (std::size_t r = 0; r < program_.registers.size(); ++r) {
            const std::string& name = program_.registers[r];
            if (name == "%tid.x") t.registers[r] = std::uint64_t(cx.thread());
            if (name == "%ctaid.x") t.registers[r] = std::uint64_t(cx.block_x());
            if (name == "%ctaid.y") t.registers[r] = std::uint64_t(cx.block_y());
        }
        for (std::size_t at = 0;;) {
            if (at >= handlers_.size()) throw moe::error("PTX: ran past the end");
            const statement& s = program_.statements[at];
            ran_[at] = 1;
            if (s.predicate >= 0 && bool(t.registers[std::size_t(s.predicate)] & 1) == s.negated) {
                ++at;
            } else if (handlers_[at]) {
                t.at.line = unsigned(s.line);
                handlers_[at](t, s);
                ++at;
            } else if (s.opcode == "ret") {
                return;
            } else {
                at = std::size_t(s.target);
            }
        }
    }
    int statements() const { return int(handlers_.size()); }
    // The lines that nobody came to.
    std::vector<int> missed() const {
        std::vector<int> lines;
        for (std::size_t i = 0; i < ran_.size(); ++i)
            if (!ran_[i]) lines.push_back(program_.statements[i].line);
        return lines;
    }
    int covered() const {
        int count = 0;
        for (const char once : ran_) count += once;
        return count;
    }

private:
    program program_;
    std::vector<handler> handlers_;
    std::vector<char> ran_;
    // By thread. Not on its fibre's stack: a launch that stops forgets its fibres.
    std::vector<std::vector<std::uint64_t>> registers_{1024};
};

// The kernel that is this PTX, for the emulator's launch.
template <class Kernel> struct kernel {
    static constexpr int threads = Kernel::threads, shared_bytes = Kernel::shared_bytes;
    struct parameters {
        executable* code;
        typename Kernel::parameters of;
    };
    static void run(context& cx, const parameters& p) { p.code->run(cx, &p.of, sizeof p.of); }
};

}  // namespace ptx
