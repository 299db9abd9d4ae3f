// SPDX-License-Identifier: MIT
// Tensors by name, as files see them: a flat list of views, without a template on the recipe.
// Models fill such lists from their states; checkpoints, export and import are ordinary functions
// on them.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/precision/small_float.hpp>
#include <moe/precision/ue8m0.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace moe::io {

// The element types of safetensors files, in the order in which the format's writer aligns them.
enum class format : std::uint8_t {
    boolean,
    f4,
    f6_e2m3,
    f6_e3m2,
    u8,
    i8,
    f8_e5m2,
    f8_e4m3,
    f8_e8m0,
    f8_e4m3fnuz,
    f8_e5m2fnuz,
    i16,
    u16,
    f16,
    bf16,
    i32,
    u32,
    f32,
    c64,
    f64,
    i64,
    u64,
};
inline constexpr int formats = 22;

// How a file spells it: "F32", "BF16", "F8_E4M3"...
constexpr std::string_view name_of(format f) {
    constexpr std::string_view names[formats] = {
        "BOOL",    "F4",          "F6_E2M3",     "F6_E3M2", "U8",  "I8",  "F8_E5M2", "F8_E4M3",
        "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "I16",     "U16", "F16", "BF16",    "I32",
        "U32",     "F32",         "C64",         "F64",     "I64", "U64"};
    return names[int(f)];
}

// Bits of one element: F4 and F6 are smaller than a byte.
constexpr int bits_of(format f) {
    constexpr int bits[formats] = {8,  4,  6,  6,  8,  8,  8,  8,  8,  8,  8,
                                   16, 16, 16, 16, 32, 32, 32, 64, 64, 64, 64};
    return bits[int(f)];
}

// The format that holds a C++ type. Specialised where other number types are defined.
template <class T>
inline constexpr format format_of = [] {
    static_assert(std::is_arithmetic_v<T>, "moe: no file format is known for this type.");
    if constexpr (std::is_same_v<T, bool>)
        return format::boolean;
    else if constexpr (std::is_floating_point_v<T>) {
        static_assert(sizeof(T) <= 8, "moe: no file format is known for long double.");
        return sizeof(T) == 4 ? format::f32 : format::f64;
    } else {
        constexpr bool sign = std::is_signed_v<T>;
        if constexpr (sizeof(T) == 1)
            return sign ? format::i8 : format::u8;
        else if constexpr (sizeof(T) == 2)
            return sign ? format::i16 : format::u16;
        else if constexpr (sizeof(T) == 4)
            return sign ? format::i32 : format::u32;
        else
            return sign ? format::i64 : format::u64;
    }
}();
template <> inline constexpr format format_of<bfloat16> = format::bf16;
template <> inline constexpr format format_of<e4m3> = format::f8_e4m3;
template <> inline constexpr format format_of<ue8m0> = format::f8_e8m0;

// A row-major view with a name; owns nothing. Readers write to data, writers only read it.
struct named_tensor {
    std::string name;
    io::format format = io::format::f32;
    std::vector<std::int64_t> shape;
    void* data = nullptr;
    std::size_t bytes = 0;
};
using tensor_list = std::vector<named_tensor>;

template <class T>
named_tensor make_tensor(std::string_view name, T* data, std::vector<std::int64_t> shape) {
    std::size_t count = 1;
    for (const std::int64_t extent : shape) count *= std::size_t(extent);
    using plain = std::remove_const_t<T>;
    return {std::string(name), format_of<plain>, std::move(shape), const_cast<plain*>(data),
            count * sizeof(T)};
}

// Flat texts by key, in order: a recipe, settings, metadata.
struct key_value {
    std::string key, value;

    bool operator==(const key_value&) const = default;
};
using key_values = std::vector<key_value>;

}  // namespace moe::io
