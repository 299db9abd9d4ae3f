// SPDX-License-Identifier: MIT
// ptx KERNELS.ptx: every kernel's PTX, run in the emulator, has the bits of the kernel's own text
// and makes no finding; all but a few statements are run. First, that it can say no.
#include "tests/cuda/kernels.hpp"
#include "tests/cuda/launches.hpp"
#include "tests/cuda/ptx_executor.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

namespace {

using namespace moe::emulator;

bool good = true;

void expect(bool right, const std::string& words) {
    if (!right) std::printf("  %s\n", words.c_str());
    good &= right;
}

// The entry's symbol has the length of the name before it.
std::string symbol(const std::string& name) {
    return "4test" + std::to_string(name.size()) + name + "E";
}

template <class Launch> report run(Launch& launch, ptx::executable& code, const options& how) {
    launch.poison();
    memory buffers = launch.buffers();
    using kernel = ptx::kernel<typename Launch::kernel>;
    return moe::emulator::launch<kernel, moe::sm80>(launch.grid(), {&code, launch.parameters()},
                                                    buffers, how);
}

// Launches of one kernel: together they should come everywhere.
template <class... Launches>
void check(const std::string& text, const std::string& name, Launches... launches) {
    ptx::executable code(ptx::reader::read(text, symbol(name)));
    std::uint64_t switches = 0;
    const auto one = [&](auto& launch) {
        const report own = launch.run({});
        expect(own.clean(), own.text());
        const auto expected = launch.result();
        for (const schedule order : {schedule::in_turn, schedule::at_random}) {
            const report told = run(launch, code, {.seed = 5, .order = order});
            expect(told.clean(), name + ": " + told.text());
            expect(launch.result() == expected, name + ": other bits than the emulator's");
            switches += told.switches;
        }
    };
    (one(launches), ...);
    const double share = 100.0 * code.covered() / code.statements();
    std::printf("%-16s %5d statements, %5.1f %% of them run, the emulator's bits\n", name.c_str(),
                code.statements(), share);
    std::string missed = name + ": too few statements were run; not these lines:";
    for (const int line : code.missed()) missed += " " + std::to_string(line);
    expect(share >= 95, missed);
}

std::string replaced(std::string text, std::size_t from, const std::string& what,
                     const std::string& by) {
    const std::size_t at = text.find(what, text.find('{', from));
    expect(at != std::string::npos, "nothing to plant: " + what);
    return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

// A fault planted in the text of an instruction, which the kernel's C++ does not show.
template <class Launch>
void plant(const std::string& text, const std::string& name, Launch launch, const std::string& what,
           const std::string& by) {
    const std::size_t entry = text.find(".entry _ZN3moe11cuda_device5entryIN" + symbol(name));
    const std::string wrong = replaced(text, entry, what, by);
    launch.run({});
    const auto expected = launch.result();
    bool noticed = false;
    try {
        ptx::executable code(ptx::reader::read(wrong, symbol(name)));
        noticed = !run(launch, code, {}).clean() || launch.result() != expected;
    } catch (const std::exception&) {
        noticed = true;
    }
    expect(noticed, "not noticed: " + by + " instead of " + what);
}

}  // namespace

int main(int count, char** argument) {
    std::ifstream file(count > 1 ? argument[1] : "");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    try {
        const auto product = [&](const char* what, const char* by) {
            plant(text, "gemm_small", test::gemm_launch<test::gemm_small>(40, 44, 180), what, by);
        };
        product("mma.sync.aligned.m16n8k16", "mma.sync.aligned.m16n8k8");
        product("cp.async.wait_group 1", "cp.async.wait_group 2");
        product("barrier.sync.aligned 0;", "mov.u32 %r1, %r1;");
        product(", 16, %r", ", 16, %tid.x, %r");
        product("setp.lt.s32", "setp.ge.s32");
        const auto atom = [&](const char* what, const char* by) {
            plant(text, "atoms", test::atoms_launch(1), what, by);
        };
        atom("m8n8.x4.trans", "m8n8.x4");
        atom("f32.f16.f16.f32", "f32.bf16.bf16.f32");
        atom("f32.bf16.bf16.f32", "f32.f16.f16.f32");
        atom("match.any.sync.b32", "redux.sync.add.u32");
        atom("shfl.sync.idx.b32", "shfl.sync.bfly.b32");
        atom("bar.warp.sync ", "mov.u32 %r1, ");
        atom("ld.shared.v2.b32", "ld.shared.v4.b32");
        atom("st.global.b16", "st.global.b32");
        atom("fma.rn.f32", "add.rn.f32");
        atom("sqrt.rn.f32", "rcp.rn.f32");
        atom("ret;", "exit;");
        check(text, "atoms", test::atoms_launch(1), test::atoms_launch(2));
        check(text, "rms_norm", test::rms_norm_launch<test::rms_norm>(3, 1100),
              test::rms_norm_launch<test::rms_norm>(2, 8192),
              test::rms_norm_launch<test::rms_norm>(2, 5120));
        check(text, "rms_norm_bf16", test::rms_norm_launch<test::rms_norm_bf16>(3, 1100),
              test::rms_norm_launch<test::rms_norm_bf16>(2, 8192),
              test::rms_norm_launch<test::rms_norm_bf16>(2, 5120));
        check(text, "rms_norm_ragged", test::rms_norm_launch<test::rms_norm_ragged>(2, 301),
              test::rms_norm_launch<test::rms_norm_ragged>(1, 2305));
        check(text, "gemm_small", test::gemm_launch<test::gemm_small>(40, 44, 180),
              test::gemm_launch<test::gemm_small>(33, 47, 16));
        check(text, "gemm", test::gemm_launch<test::gemm>(129, 253, 136),
              test::gemm_launch<test::gemm>(127, 131, 32), test::gemm_launch<test::gemm>(5, 7, 0));
        check(text, "gemm_deep", test::gemm_launch<test::gemm_deep>(129, 253, 200),
              test::gemm_launch<test::gemm_deep>(127, 131, 64),
              test::gemm_launch<test::gemm_deep>(5, 7, 0));
        check(text, "grouped_small", test::grouped_launch<test::grouped_small>(5, 44, 100, 40),
              test::grouped_launch<test::grouped_small>(70, 9, 8, 3));
        check(text, "grouped", test::grouped_launch<test::grouped>(4, 253, 136, 140),
              test::grouped_launch<test::grouped>(2, 117, 32, 255),
              test::grouped_launch<test::grouped>(2, 109, 32, 255),
              test::grouped_launch<test::grouped>(2, 101, 32, 255),
              test::grouped_launch<test::grouped>(7, 3, 0, 5));
    } catch (const std::exception& error) {
        expect(false, error.what());
    }
    return good ? 0 : 1;
}
