// SPDX-License-Identifier: MIT
// Every op with its specification and its CPU body.
#pragma once

#include <moe/op/grouped_linear.hpp>
#include <moe/op/groups.hpp>
#include <moe/op/linear.hpp>
