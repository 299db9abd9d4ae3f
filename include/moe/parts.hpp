// SPDX-License-Identifier: MIT
// Everything that compiles once, for a program that is built without CMake: include it in exactly
// one file. Needs nlohmann-json, xxHash and CLI11; sentencepiece and zlib where the macros
// MOE_HAS_SENTENCEPIECE and MOE_HAS_ZLIB are defined. With CMake link moe::parts instead.
#pragma once

#include <moe/comm/mpi.part.hpp>
#include <moe/io/parts.hpp>

#include <moe/train/energy.part.hpp>
#include <moe/train/growth_summary.part.hpp>
#include <moe/train/routing_report.part.hpp>
#include <moe/train/run_log.part.hpp>
#include <moe/train/summary.part.hpp>

#include <moe/app/arguments.part.hpp>
#include <moe/app/chart.part.hpp>
#include <moe/app/compare.part.hpp>
#include <moe/app/console.part.hpp>
#include <moe/app/describe.part.hpp>
#include <moe/app/figure.part.hpp>
#include <moe/app/format.part.hpp>
#include <moe/app/growth_flags.part.hpp>
#include <moe/app/growth_words.part.hpp>
#include <moe/app/gzip.part.hpp>
#include <moe/app/instruction_set.part.hpp>
#include <moe/app/progress.part.hpp>
#include <moe/app/read_run.part.hpp>
#include <moe/app/report.part.hpp>
#include <moe/app/routing_view.part.hpp>
#include <moe/app/run_report.part.hpp>
#include <moe/app/scored_text.part.hpp>
#include <moe/app/terminal.part.hpp>
