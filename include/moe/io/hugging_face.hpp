// SPDX-License-Identifier: MIT
// Exchange with Hugging Face's transformers: folders with config.json, model.safetensors and
// tokenizer files. What export writes, transformers loads with nothing missing or unexpected, and
// computes the same logits; import is its inverse, and reads what transformers itself saves.
// The norms of the latents have an epsilon of 1e-6 there, whatever rms_norm_eps says; so have ours.
//
// No class of transformers takes multi-token prediction into a model. Export puts its tensors into
// a file of their own, mtp.safetensors, which transformers does not look at and import reads.
#pragma once

#include <moe/io/hugging_face_names.hpp>
#include <moe/io/model_shape.hpp>
#include <moe/io/tensor_list.hpp>
#include <moe/io/tokenizer.hpp>

#include <string>

namespace moe::io {

// weights: master weights and selection biases by our names. 'folder' must be new or empty; it
// appears complete or not at all. Refuses a model that no class can hold, with the reason.
void export_model(const std::string& folder, const tensor_list& weights, const model_shape& shape,
                  const tokenizer& tokens, weight_form form = weight_form::as_held);

// Fills 'targets', all by our names, and gives back the folder's tokenizer: its sentencepiece
// model, or bytes. Refuses, naming file and field or tensor: a config.json that computes something
// else, a tensor that is missing, one too many, another shape, a tokenizer of another kind.
tokenizer import_model(const std::string& folder, const tensor_list& targets,
                       const model_shape& shape);

}  // namespace moe::io
