// SPDX-License-Identifier: MIT
// config.json of a Hugging Face folder. One list of fields a class serves both ways: it is written
// from a model's shape, and a file's is compared with the shape. Written are the key names of
// transformers 4 (rope_theta, rope_scaling, torch_dtype, num_experts), which 5 reads too; read are
// both. A missing key counts as what transformers takes for it.
#pragma once

#include <moe/io/hugging_face_names.hpp>

#include <string>
#include <string_view>

namespace moe::io {

// The text of config.json. dtype: "float32", "bfloat16", ... of the tensors.
std::string hugging_face_config(const model_shape& shape, std::string_view dtype,
                                weight_form form = weight_form::as_held);

// Compares every field that changes what the model computes; a moe::error names the first that
// differs. 'file' is for messages. Not compared, because no logit depends on them: token ids,
// dropout, the weights of training losses, the starting deviation, the number of modules for
// multi-token prediction (the tensors decide), and keys that the class does not know.
void require_hugging_face_config(std::string_view text, const std::string& file,
                                 const model_shape& shape);

}  // namespace moe::io
