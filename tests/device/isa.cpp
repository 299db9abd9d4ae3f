// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/isa.hpp>

#include <string>

TEST_CASE("the native instruction set is the best that the flags allow") {
    const std::string name = moe::isa::native::name;
    if (moe::isa::has_avx512_fma)
        CHECK(name == (moe::isa::dot_is_fast ? "avx512_bf16" : "avx512_fma"));
    else
        CHECK(name == (moe::isa::has_avx2_fma ? "avx2_fma" : "generic"));
#if defined(__AVX512BF16__) && defined(__AVX512BW__)
    CHECK(moe::isa::has_avx512_bf16);
#endif
}
