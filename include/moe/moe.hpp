// SPDX-License-Identifier: MIT
// moe: mixture-of-experts language models, trained by a recipe. Everything but the program
// (moe/app/main.hpp), room after room.
#pragma once

#include <moe/core/config.hpp>

#include <moe/device/executor.hpp>
#include <moe/device/peak.hpp>

#include <moe/precision/bf16.hpp>
#include <moe/precision/fp32.hpp>
#include <moe/precision/fp8.hpp>
#include <moe/precision/pi.hpp>
#include <moe/precision/pi_fp8.hpp>

#include <moe/op/op.hpp>

#include <moe/comm/mesh.hpp>

#include <moe/routing/balance.hpp>
#include <moe/routing/domain_top_k.hpp>
#include <moe/routing/expert_choice.hpp>
#include <moe/routing/hash_routing.hpp>
#include <moe/routing/load.hpp>
#include <moe/routing/top_k.hpp>

#include <moe/optim/adamw.hpp>
#include <moe/optim/schedule.hpp>

#include <moe/recipe/attention.hpp>
#include <moe/recipe/checked.hpp>
#include <moe/recipe/count.hpp>
#include <moe/recipe/experts.hpp>
#include <moe/recipe/print.hpp>
#include <moe/recipe/transformer.hpp>

#include <moe/layer/layer.hpp>

#include <moe/model/network.hpp>

#include <moe/io/corpus.hpp>
#include <moe/io/stream.hpp>

#include <moe/train/evaluate.hpp>
#include <moe/train/tensors.hpp>
#include <moe/train/trainer.hpp>
