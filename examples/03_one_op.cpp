// SPDX-License-Identifier: MIT
// One op in a program that knows nothing of recipes: causal attention over two short sequences.
#include <moe/core/random.hpp>
#include <moe/device/executor.hpp>
#include <moe/op/op.hpp>

#include <cstdio>
#include <vector>

int main() {
    const moe::op::attention_shape shape{.sequences = 2,
                                         .queries = 16,
                                         .keys = 16,
                                         .heads = 4,
                                         .kv_heads = 2,
                                         .key_dim = 32,
                                         .value_dim = 32,
                                         .scale = 0.18};
    const int tokens = shape.sequences * shape.queries;
    const auto filled = [&](int width, std::uint64_t seed) {
        std::vector<float> numbers(std::size_t(tokens * width));
        for (std::size_t i = 0; i < numbers.size(); ++i)
            numbers[i] = moe::random_normal(seed, 0, i);
        return numbers;
    };
    std::vector<float> q = filled(4 * 32, 1), k = filled(2 * 32, 2), v = filled(2 * 32, 3);
    std::vector<float> o(q.size()), lse(std::size_t(tokens * 4));
    const auto view = [&](std::vector<float>& numbers) {
        return moe::rows<float>(numbers.data(), tokens, int(numbers.size()) / tokens);
    };

    // The first argument says where: here two threads of the CPU, or moe::reference{}.
    moe::executor<moe::cpu_on<moe::isa::native>> cpu(2);
    moe::op::attention(cpu.on(), view(o), view(lse), view(q), view(k), view(v), shape);
    const float fast = o[5];
    moe::op::attention(moe::reference{}, view(o), view(lse), view(q), view(k), view(v), shape);
    std::printf("cpu %.6f  reference %.6f\n", double(fast), double(o[5]));
}
