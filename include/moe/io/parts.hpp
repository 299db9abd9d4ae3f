// SPDX-License-Identifier: MIT
// The definitions of this room, which compile once: include it in exactly one file of a program, or
// link moe::parts. Needs nlohmann-json and xxHash; sentencepiece with MOE_HAS_SENTENCEPIECE.
#pragma once

#include <moe/io/block_scaled.part.hpp>
#include <moe/io/checkpoint.part.hpp>
#include <moe/io/corpus.part.hpp>
#include <moe/io/file.part.hpp>
#include <moe/io/grown.part.hpp>
#include <moe/io/grown_tensors.part.hpp>
#include <moe/io/hash.part.hpp>
#include <moe/io/hugging_face.part.hpp>
#include <moe/io/hugging_face_config.part.hpp>
#include <moe/io/hugging_face_names.part.hpp>
#include <moe/io/hugging_face_tokenizer.part.hpp>
#include <moe/io/json.part.hpp>
#include <moe/io/manifest.part.hpp>
#include <moe/io/masters.part.hpp>
#include <moe/io/metrics.part.hpp>
#include <moe/io/run_lock.part.hpp>
#include <moe/io/safetensors.part.hpp>
#include <moe/io/staged_folder.part.hpp>
#include <moe/io/stream.part.hpp>
#include <moe/io/strict_json.part.hpp>
#include <moe/io/tensorboard.part.hpp>
#include <moe/io/tokenizer.part.hpp>
