// SPDX-License-Identifier: MIT
// Every op with its specification and its CPU body.
#pragma once

#include <moe/op/adamw_step.cpu.hpp>
#include <moe/op/adamw_step.hpp>
#include <moe/op/add.cpu.hpp>
#include <moe/op/add.hpp>
#include <moe/op/attention.cpu.hpp>
#include <moe/op/attention.hpp>
#include <moe/op/combine.cpu.hpp>
#include <moe/op/combine.hpp>
#include <moe/op/dispatch.hpp>
#include <moe/op/embedding.cpu.hpp>
#include <moe/op/embedding.hpp>
#include <moe/op/gated_linear.cpu.hpp>
#include <moe/op/gated_linear.hpp>
#include <moe/op/grouped_linear.cpu.hpp>
#include <moe/op/grouped_linear.hpp>
#include <moe/op/groups.hpp>
#include <moe/op/head_loss.cpu.hpp>
#include <moe/op/head_loss.hpp>
#include <moe/op/latent_heads.hpp>
#include <moe/op/linear.cpu.hpp>
#include <moe/op/linear.hpp>
#include <moe/op/pack.hpp>
#include <moe/op/rms_norm.cpu.hpp>
#include <moe/op/rms_norm.hpp>
#include <moe/op/rope.cpu.hpp>
#include <moe/op/rope.hpp>
#include <moe/op/rotated_linear.cpu.hpp>
#include <moe/op/rotated_linear.hpp>
#include <moe/op/sum_of_squares.cpu.hpp>
#include <moe/op/sum_of_squares.hpp>
#include <moe/op/swiglu.cpu.hpp>
#include <moe/op/swiglu.hpp>
