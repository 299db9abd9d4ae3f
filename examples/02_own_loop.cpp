// SPDX-License-Identifier: MIT
// A loop of one's own from the parts: text, network, optimizer, schedule.
//   02_own_loop DIR      DIR/<domain>/*.txt
#include <moe/moe.hpp>

#include <cstdio>
#include <vector>

struct own {
    moe::transformer model{.vocab = 256, .context = 64, .layers = 2, .hidden = 64};
    moe::gqa attention{.heads = 4, .kv_heads = 2, .head_dim = 16};
    moe::experts ffn{.routed = 8, .intermediate = 64};
    moe::softmax_top_k routing{.active = 2};
    moe::loss_balance balance{.weight = 1e-2};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{.decay = 0.05};
    moe::cpu device{};
};

int main(int count, char** words) {
    if (count != 2) return std::fprintf(stderr, "usage: 02_own_loop DIR\n"), 2;
    constexpr int sequences = 8, context = moe::of<own>.model.context, window = context + 1;
    constexpr double tokens = sequences * context;

    const moe::io::corpus text(words[1], moe::io::tokenizer(), {.context = context});
    const moe::io::stream order(text, 7);
    moe::network<own> network({sequences, context}, {.threads = 2});
    network.start(7);
    moe::optimizer<own> optimizer;
    const moe::schedule rates{.peak = 3e-3, .steps = 60, .warmup = 10};

    std::vector<int> batch(sequences * window);
    for (std::uint64_t step = 0; step < 60; ++step) {
        for (std::uint64_t i = 0; i < sequences; ++i)
            order.read(step * sequences + i, batch.data() + i * window);
        const double loss =
            network.forward_backward(batch, context, 1 / tokens, 1.0 / sequences) / tokens;
        network.finish_gradients();
        const moe::clipping clip = optimizer.measure(network);
        optimizer.update(network, std::int64_t(step) + 1, rates.rate(std::int64_t(step)), clip);
        if (step % 20 == 19)
            std::printf("step %2d  loss %.3f  |gradient| %.3f\n", int(step) + 1, loss, clip.norm);
    }
    // Parameters have names, and can be read and changed.
    const auto head = network.parameter("lm_head.weight");
    std::printf("lm_head.weight: %d x %d, first number %.4f\n", head.count, head.width,
                double(head(0, 0)));
}
