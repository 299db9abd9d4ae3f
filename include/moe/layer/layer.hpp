// SPDX-License-Identifier: MIT
// The room 'layer': forward and backward pairs, their parameters, and the joints between them.
#pragma once

#include <moe/layer/attention.hpp>
#include <moe/layer/experts.hpp>
#include <moe/layer/mixture.hpp>
#include <moe/layer/named.hpp>
#include <moe/layer/norm.hpp>
#include <moe/layer/repeat.hpp>
#include <moe/layer/residual.hpp>
#include <moe/layer/swiglu.hpp>
#include <moe/layer/then.hpp>
#include <moe/layer/tiers.hpp>
