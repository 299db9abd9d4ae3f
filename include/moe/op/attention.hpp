// SPDX-License-Identifier: MIT
// o = softmax(scale q k^T) v, causal: query i of a sequence sees keys j <= i + keys - queries, so
// the queries are the last of the positions: all of them in training, a few beside a cache.
//     q: (sequences * queries, heads * key_dim)      k: (sequences * keys, kv_heads * key_dim)
//     o: (sequences * queries, heads * value_dim)    v: (sequences * keys, kv_heads * value_dim)
//     lse: (sequences * queries, heads), logarithm of the softmax's denominator, for the way back
// heads / kv_heads neighbouring heads share keys and values. No (queries, keys) tensor in memory.
// Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018; Dao et al.,
// "FlashAttention", 2022.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/core/math.hpp>
#include <moe/device/reference.hpp>
#include <moe/tensor/view.hpp>

#include <concepts>

namespace moe::op {

struct attention_shape {
    int sequences = 0, queries = 0, keys = 0, heads = 0, kv_heads = 0, key_dim = 0, value_dim = 0;
    double scale = 1;

    constexpr int sharing() const { return heads / kv_heads; }
    // How many keys query i sees.
    constexpr int seen(int i) const { return i + 1 + keys - queries; }
};

struct attention_sums {
    rows<float> dk, dv;
};

}  // namespace moe::op

namespace moe::op::detail {

template <class T>
void check_attention(const attention_shape& s, rows<const T> q, rows<const T> k, rows<const T> v,
                     rows<const T> o, rows<const wide<T>> lse) {
    MOE_CHECK(s.kv_heads, >, 0);
    MOE_CHECK(s.heads % s.kv_heads, ==, 0);
    MOE_CHECK(s.queries, <=, s.keys);
    MOE_CHECK(q.count, ==, s.sequences * s.queries);
    MOE_CHECK(q.width, ==, s.heads * s.key_dim);
    MOE_CHECK(k.count, ==, s.sequences * s.keys);
    MOE_CHECK(k.width, ==, s.kv_heads * s.key_dim);
    MOE_CHECK(v.count, ==, s.sequences * s.keys);
    MOE_CHECK(v.width, ==, s.kv_heads * s.value_dim);
    MOE_CHECK(o.count, ==, s.sequences * s.queries);
    MOE_CHECK(o.width, ==, s.heads * s.value_dim);
    MOE_CHECK(lse.count, ==, s.sequences * s.queries);
    MOE_CHECK(lse.width, ==, s.heads);
}
template <class T> T dot_product(const T* a, const T* b, int n) {
    T sum = 0;
    for (int i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
}

}  // namespace moe::op::detail

namespace moe::op {

template <std::floating_point T>
void attention(reference, rows<T> o, output<T> lse, input<T> q, input<T> k, input<T> v,
               attention_shape s) {
    detail::check_attention<T>(s, q, k, v, o, lse);
    const T scale = T(s.scale);
    for (int row = 0; row < q.count; ++row)
        for (int h = 0; h < s.heads; ++h) {
            const int sequence = row / s.queries, kv = h / s.sharing();
            const int seen = s.seen(row % s.queries);
            const auto key = k.part(sequence * s.keys, seen).columns(kv * s.key_dim, s.key_dim);
            const auto value =
                v.part(sequence * s.keys, seen).columns(kv * s.value_dim, s.value_dim);
            const T* query = q[row] + h * s.key_dim;
            T* out = o[row] + h * s.value_dim;
            const auto score = [&](int j) {
                return scale * detail::dot_product(query, key[j], s.key_dim);
            };
            T highest = score(0), sum = 0;
            for (int j = 1; j < seen; ++j) highest = std::fmax(highest, score(j));
            for (int i = 0; i < s.value_dim; ++i) out[i] = 0;
            for (int j = 0; j < seen; ++j) {
                const T p = exponential(score(j) - highest);
                sum += p;
                for (int i = 0; i < s.value_dim; ++i) out[i] += p * value(j, i);
            }
            for (int i = 0; i < s.value_dim; ++i) out[i] /= sum;
            lse(row, h) = highest + std::log(sum);
        }
}

// p = exp(scale q k^T - lse)    dv = p^T do    ds = p (do v^T - rowsum(do o))
// dq = scale ds k               dk = scale ds^T q
// All three are assigned; the sums over the heads that share a key go in the order of the heads.
// Where the results are narrower than float, dk and dv are summed in 'sums' (as dk; as dv).
template <std::floating_point T>
void attention_backward(reference, rows<T> dq, output<T> dk, output<T> dv, input<T> d_o, input<T> q,
                        input<T> k, input<T> v, input<T> o, input<T> lse, attention_shape s,
                        attention_sums = {}) {
    detail::check_attention<T>(s, q, k, v, o, lse);
    detail::check_attention<T>(s, dq, dk, dv, d_o, lse);
    const T scale = T(s.scale);
    for (int i = 0; i < dk.count; ++i) {
        for (int j = 0; j < dk.width; ++j) dk(i, j) = 0;
        for (int j = 0; j < dv.width; ++j) dv(i, j) = 0;
    }
    for (int h = 0; h < s.heads; ++h)
        for (int row = 0; row < q.count; ++row) {
            const int first = row / s.queries * s.keys, kv = h / s.sharing();
            const int seen = s.seen(row % s.queries);
            const auto key = k.part(first, seen).columns(kv * s.key_dim, s.key_dim);
            const auto value = v.part(first, seen).columns(kv * s.value_dim, s.value_dim);
            const auto d_key = dk.part(first, seen).columns(kv * s.key_dim, s.key_dim);
            const auto d_value = dv.part(first, seen).columns(kv * s.value_dim, s.value_dim);
            const T* query = q[row] + h * s.key_dim;
            const T* d_out = d_o[row] + h * s.value_dim;
            T* d_query = dq[row] + h * s.key_dim;
            const T mean = detail::dot_product(d_out, o[row] + h * s.value_dim, s.value_dim);
            for (int i = 0; i < s.key_dim; ++i) d_query[i] = 0;
            for (int j = 0; j < seen; ++j) {
                const T p = exponential(scale * detail::dot_product(query, key[j], s.key_dim) -
                                        lse(row, h));
                const T ds = p * (detail::dot_product(d_out, value[j], s.value_dim) - mean);
                for (int i = 0; i < s.value_dim; ++i) d_value(j, i) += p * d_out[i];
                for (int i = 0; i < s.key_dim; ++i) {
                    d_query[i] += scale * ds * key(j, i);
                    d_key(j, i) += scale * ds * query[i];
                }
            }
        }
}

}  // namespace moe::op
