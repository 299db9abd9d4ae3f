// SPDX-License-Identifier: MIT
// Numbers that only flow through a training run. Changing one never recompiles; what changes code
// or memory layout stands in the recipe.
#pragma once

#include <moe/optim/schedule.hpp>

#include <cstdint>
#include <string>

namespace moe {

struct settings {
    std::string data;           // folder of text: DIR/<domain>/*.txt, or DIR/*.txt
    std::string out;            // run folder
    std::string init;           // model folder to take the starting weights from, if not empty
    std::string tokenizer;      // a sentencepiece model, "train" to learn one; bytes when empty
    std::int64_t steps = 1000;  // optimizer steps
    std::int64_t batch = 4096;  // tokens a step, whole sequences: a multiple of the context
    double rate = 1e-3;         // peak learning rate
    decay_curve curve = decay_curve::cosine;
    std::int64_t warmup = -1;  // steps of linear warm-up; -1: 2 % of the steps, at least 10
    double final_share = 0.1;  // cosine: last rate as a share of the peak; stable-decay: also
    double decay_share = 0.2;  // warm-up-stable-decay: share of the steps spent in the decay
    std::uint64_t seed = 1;    // starting weights and data order
    int threads = 0;           // of a rank; 0: one a core
    int ranks = 0;             // 0: as many as the recipe's mesh has
    int grains = 1;            // parts of the batch that are summed in a fixed tree (docs/tour.md)
    std::int64_t checkpoint_every = 500;   // steps; 0: only at the end
    int keep = 2;                          // checkpoints kept
    std::int64_t validate_every = 0;       // steps; 0: only at the end
    std::int64_t validation_windows = 64;  // windows a domain at each validation; 0: all
    std::int64_t log_every = 10;           // steps between log lines
    double watts = 0;  // for the energy model where the machine has no counter; 0: 10 W a core
    double price_per_hour = 0;  // money for an hour of this machine
    bool resume = false;
    bool json = false;  // standard output holds only JSON
};

// Of growing a model by the experts of one more domain (train/grow.hpp).
struct grow_settings {
    std::string model;          // model or run folder: of the recipe that is grown
    std::string data;           // folder of the new domain's text
    std::string replay;         // folder of old text, a sub-folder a domain
    std::string out;            // model folder to write, new or empty
    std::int64_t steps = 440;   // optimizer steps
    std::int64_t batch = 0;     // tokens a step, an eighth of them old text; 0: 16 x the context
    double rate = 3e-3;         // peak learning rate
    double final_share = 0.03;  // last rate as a share of the peak
    std::int64_t warmup = 20;   // steps
    double replay_weight = 2;   // of the mean loss of old text, beside that of the new one
    double leak = 0.20;         // share of each old domain's tokens that new experts may take
    std::int64_t captured_new = 12000;  // tokens of the new domain whose states place the experts
    std::int64_t captured_old = 6000;   // and of each old domain
    std::uint64_t seed = 1;
    int threads = 0;                       // 0: one a core
    std::int64_t validation_windows = 64;  // a domain, before and behind; 0: all
    std::int64_t log_every = 10;           // steps
    double watts = 0;                      // as above
    bool json = false;
};

}  // namespace moe
