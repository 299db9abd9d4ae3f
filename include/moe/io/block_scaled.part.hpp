// SPDX-License-Identifier: MIT
// Definitions of io/block_scaled.hpp.
#pragma once

#include <moe/core/error.hpp>
#include <moe/io/block_scaled.hpp>
#include <moe/op/quantise.hpp>

namespace moe::io {

std::string name_of_scales(const std::string& matrix) { return matrix + "_scale_inv"; }

block_scaled::block_scaled(const named_tensor& matrix) {
    using blocks = block_128x128<>;
    const std::string what = "tensor " + matrix.name;
    if (matrix.shape.size() != 2 || (matrix.format != format::f32 && matrix.format != format::bf16))
        throw error(what + ": expected a matrix in F32 or BF16 to be written in e4m3");
    const int out = int(matrix.shape[0]), in = int(matrix.shape[1]);
    const std::int64_t down = blocks::tile_rows(out), across = blocks::tile_columns(in);
    const std::size_t count = std::size_t(out) * std::size_t(in);
    code = std::make_unique<char[]>(count);
    scale = std::make_unique<float[]>(std::size_t(down * across));
    const quantised<e4m3, blocks> to(rows(reinterpret_cast<e4m3*>(code.get()), out, in),
                                     scale.get(), in);
    if (matrix.format == format::f32)
        op::quantise(reference(), to, rows(static_cast<const float*>(matrix.data), out, in));
    else
        op::quantise(reference(), to, rows(static_cast<const bfloat16*>(matrix.data), out, in));
    both.push_back({matrix.name, format::f8_e4m3, matrix.shape, code.get(), count});
    both.push_back(make_tensor(name_of_scales(matrix.name), scale.get(), {down, across}));
}

tensor_list coded_in(const tensor_list& wanted, const tensor_source& source) {
    tensor_list coded;
    for (const named_tensor& tensor : wanted) {
        const std::size_t i = source.find(tensor.name);
        if (i != tensor_source::none && source[i].format == format::f8_e4m3)
            coded.push_back(tensor);
    }
    return coded;
}

void fill_coded(const named_tensor& wanted, const tensor_source& source) {
    using blocks = block_128x128<fp32_scale>;
    const std::size_t i = source.find(wanted.name);
    const std::string what = source.file_of(i) + ": tensor ";
    const auto shown = [](const std::vector<std::int64_t>& shape) {
        std::string text;
        for (const std::int64_t extent : shape)
            text += (text.empty() ? "(" : ", ") + std::to_string(extent);
        return text + ")";
    };
    if (source[i].shape != wanted.shape || wanted.shape.size() != 2 || wanted.format != format::f32)
        throw error(what + wanted.name + " has the shape " + shown(source[i].shape) +
                    ", expected " + shown(wanted.shape));
    const std::string name = name_of_scales(wanted.name);
    const std::size_t s = source.find(name);
    if (s == tensor_source::none)
        throw error(what + wanted.name + " is in F8_E4M3, expected its scales beside it, " + name);
    const int out = int(wanted.shape[0]), in = int(wanted.shape[1]);
    const std::vector<std::int64_t> tiles{blocks::tile_rows(out), blocks::tile_columns(in)};
    if (source[s].shape != tiles)
        throw error(source.file_of(s) + ": tensor " + name + " has the shape " +
                    shown(source[s].shape) + ", expected " + shown(tiles) +
                    ", one for each block of 128 x 128");
    std::vector<e4m3> code(source[i].bytes());
    std::vector<float> scale(std::size_t(tiles[0] * tiles[1]));
    source.read(i, format::f8_e4m3, code.data(), code.size());
    source.read(s, format::f32, scale.data(), scale.size() * sizeof(float));
    op::dequantise(
        reference(), rows(static_cast<float*>(wanted.data), out, in),
        quantised<const e4m3, blocks>(rows<const e4m3>(code.data(), out, in), scale.data(), in));
}

}  // namespace moe::io
