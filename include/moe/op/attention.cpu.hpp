// SPDX-License-Identifier: MIT
// attention on the CPU. Forward: a task is one tile of queries of one head, which goes through the
// keys tile by tile with a running maximum and sum. Backward: a task is one head of keys and values
// with all heads of queries that share it, so that each gradient has one owner; probabilities are
// computed again from lse. Tiles begin at the first key whatever the queries, so a query gets the
// same bits alone, beside a cache, as among others. Scratch lies on the stack, 150 KB whatever the
// length and the sizes of a head.
#pragma once

#include <moe/device/sweep.hpp>
#include <moe/op/attention_softmax.cpu.hpp>
#include <moe/op/attention_tile.cpu.hpp>

namespace moe::op {

namespace detail {

// One head of some queries, with the keys and values they may see.
template <class T> struct head_of {
    rows<const T> q, k, v;
    int first_position;  // of q[0], counted from k[0]

    int seen() const { return first_position + q.count; }
    tile_pair pair(int first_key) const {
        return {q.count, smaller(tile_keys, seen() - first_key), first_position - first_key};
    }
};

// Where the sums of a result are held: beside it, or, being floats that find no room there, in it.
template <class T, std::size_t Size> rows<float> summed_in(rows<T> result, float (&sums)[Size]) {
    if constexpr (std::is_same_v<T, float>)
        if (result.width * tile_queries > int(Size)) return result;
    MOE_CHECK(result.width * tile_queries, <=, Size);
    return {sums, result.count, result.width};
}
template <class Isa, class T>
void attend(rows<T> o, rows<float> lse, const head_of<T>& head, float scale) {
    using vector = lanes<Isa>;
    transposed<Isa, T> query(head.q, scale * log2_of_e);
    running_softmax<Isa> softmax;
    panel_of_rows<Isa> panel;
    alignas(64) float s[tile_keys * tile_queries], sums[tile_queries * widest_sum];
    const rows<float> out = summed_in(o, sums);
    for (int first = 0; first < head.seen(); first += tile_keys) {
        const tile_pair pair = head.pair(first);
        query.scores(s, head.k.part(first, pair.keys), pair);
        softmax.add(s, pair);
        for (int column = 0; column < o.width; column += panel.width) {
            const int width = smaller(panel.width, o.width - column);
            const auto right = panel.fill(head.v.part(first, pair.keys).columns(column, width));
            for (int i = 0; i < pair.queries; i += strip_rows)
                multiply_strip<Isa>(
                    out.part(i, smaller(strip_rows, pair.queries - i)).columns(column, width),
                    queries_on_left{s + i}, right, pair.keys_of_some(i, strip_rows),
                    first == 0 ? onto::nothing : onto::scaled, softmax.factor + i);
        }
    }
    for (int i = 0; i < o.count; ++i) {
        const vector by = vector::splat(1.0F / softmax.sum[i]);
        sweep(o.width,
              [&](int j, auto n) { store(o[i] + j, n, load<vector>(out[i] + j, n) * by); });
    }
    softmax.log_of_sums();
    for (int i = 0; i < o.count; ++i) lse(i, 0) = softmax.sum[i];
}

// d_key[j] += sum over the queries that see key j of weight[j][i] query[i]. Strips from first_new
// on hold nothing yet.
template <class Isa, class T>
void add_to_keys(rows<float> d_key, const float* weight, rows<const T> query, tile_pair pair,
                 int first_new) {
    panel_of_rows<Isa> panel;
    for (int column = 0; column < query.width; column += panel.width) {
        const int width = smaller(panel.width, query.width - column);
        const auto right = panel.fill(query.columns(column, width));
        for (int j = 0; j < pair.keys; j += strip_rows) {
            const int count = smaller(strip_rows, pair.keys - j), i = pair.first_query(j);
            if (i >= pair.queries) break;
            multiply_strip<Isa>(d_key.part(j, count).columns(column, width),
                                rows_on_left{weight + j * tile_queries + i, tile_queries, count},
                                {right.at + i * right.step, right.step}, pair.queries - i,
                                j >= first_new ? onto::nothing : onto::sum);
        }
    }
}

// first_new: the key from which on dk and dv hold nothing yet.
template <class Isa, class T>
void attend_backward(rows<T> narrow_dq, rows<float> dk, rows<float> dv, rows<const T> d_o,
                     rows<const T> o, rows<const float> lse, const head_of<T>& head, float scale,
                     int first_new) {
    using vector = lanes<Isa>;
    transposed<Isa, T> query(head.q, scale * log2_of_e), d_out(d_o, scale);
    alignas(64) float sums[std::is_same_v<T, float> ? 1 : tile_queries * widest_sum];
    const rows<float> dq = summed_in(narrow_dq, sums);
    panel_of_rows<Isa> panel;
    alignas(64) float s[tile_keys * tile_queries], ds[tile_keys * tile_queries];
    alignas(64) float shift[tile_queries] = {}, mean[tile_queries] = {};
    for (int i = 0; i < o.count; ++i) {
        vector products = vector::splat(0);
        sweep(o.width, [&](int j, auto n) {
            products = fma(load<vector>(d_o[i] + j, n), load<vector>(o[i] + j, n), products);
        });
        mean[i] = sum(products) * scale;
        shift[i] = lse(i, 0) * log2_of_e;
    }
    for (int first = 0; first < head.seen(); first += tile_keys) {
        const tile_pair pair = head.pair(first);
        query.scores(s, head.k.part(first, pair.keys), pair);
        d_out.scores(ds, head.v.part(first, pair.keys), pair);
        softmax_backward<Isa>(s, ds, pair, shift, mean);
        add_to_keys<Isa>(dv.part(first, pair.keys), s, d_o, pair, first_new - first);
        add_to_keys<Isa>(dk.part(first, pair.keys), ds, head.q, pair, first_new - first);
        for (int column = 0; column < dq.width; column += panel.width) {
            const int width = smaller(panel.width, dq.width - column);
            const auto right = panel.fill(head.k.part(first, pair.keys).columns(column, width));
            for (int i = 0; i < pair.queries; i += strip_rows)
                multiply_strip<Isa>(
                    dq.part(i, smaller(strip_rows, pair.queries - i)).columns(column, width),
                    queries_on_left{ds + i}, right, pair.keys_of_some(i, strip_rows),
                    first == 0 ? onto::nothing : onto::sum);
        }
    }
    if constexpr (!std::is_same_v<T, float>) copy_rows<Isa>(narrow_dq, rows<const float>(dq));
}

template <class Isa> void clear(rows<float> x) {
    for (int i = 0; i < x.count; ++i)
        sweep(x.width, [&](int j, auto n) { store(x[i] + j, n, lanes<Isa>::splat(0)); });
}

// Where tile 'tile' of the queries of a head lies.
struct tile_of_head {
    const attention_shape& s;
    int sequence, head, tile;

    int first() const { return tile * tile_queries; }
    template <class T> rows<T> of_queries(rows<T> x, int width) const {
        const int count = smaller(tile_queries, s.queries - first());
        return x.part(sequence * s.queries + first(), count).columns(head * width, width);
    }
    template <class T> rows<T> of_keys(rows<T> x, int width) const {
        return x.part(sequence * s.keys, s.keys).columns(head / s.sharing() * width, width);
    }
    template <class T> head_of<T> read(rows<const T> q, rows<const T> k, rows<const T> v) const {
        return {of_queries(q, s.key_dim), of_keys(k, s.key_dim), of_keys(v, s.value_dim),
                first() + s.keys - s.queries};
    }
};

}  // namespace detail

template <class Isa, cpu_number T>
void attention(cpu_on<Isa> on, rows<T> o, rows<float> lse, input<T> q, input<T> k, input<T> v,
               attention_shape s) {
    detail::check_attention<T>(s, q, k, v, o, lse);
    const int tiles = ceil_divide(s.queries, detail::tile_queries);
    on.tasks(s.sequences * s.heads * tiles, [&](int task) {
        // the last tile first: it sees the most keys
        const detail::tile_of_head at{s, task / tiles / s.heads, task / tiles % s.heads,
                                      tiles - 1 - task % tiles};
        detail::attend<Isa, T>(at.of_queries(o, s.value_dim), at.of_queries(lse, 1),
                               at.read(q, k, v), float(s.scale));
    });
}

template <class Isa, cpu_number T>
void attention_backward(cpu_on<Isa> on, rows<T> dq, output<T> dk, output<T> dv, input<T> d_o,
                        input<T> q, input<T> k, input<T> v, input<T> o, rows<const float> lse,
                        attention_shape s, attention_sums sums = {}) {
    detail::check_attention<T>(s, q, k, v, o, lse);
    detail::check_attention<T>(s, dq, dk, dv, d_o, lse);
    if constexpr (std::is_same_v<T, float>) sums = {dk, dv};
    MOE_CHECK(sums.dk.count, >=, dk.count);
    MOE_CHECK(sums.dk.width, ==, dk.width);
    MOE_CHECK(sums.dv.count, >=, dv.count);
    MOE_CHECK(sums.dv.width, ==, dv.width);
    const int tiles = ceil_divide(s.queries, detail::tile_queries);
    on.tasks(s.sequences * s.kv_heads, [&](int task) {
        const int sequence = task / s.kv_heads, first_head = task % s.kv_heads * s.sharing();
        const detail::tile_of_head keys{s, sequence, first_head, 0};
        const rows<float> d_key = keys.of_keys(sums.dk, s.key_dim);
        const rows<float> d_value = keys.of_keys(sums.dv, s.value_dim);
        // The first tile that sees a key assigns to it, where tiles meet the strips of keys.
        const bool assigns = tiles > 0 && (s.keys - s.queries) % detail::strip_rows == 0;
        if (!assigns) {
            detail::clear<Isa>(d_key);
            detail::clear<Isa>(d_value);
        }
        for (int i = 0; i < s.sharing() * tiles; ++i) {
            const detail::tile_of_head at{s, sequence, first_head + i / tiles, i % tiles};
            const auto head = at.read(q, k, v);
            const int first_new = !assigns || i >= tiles ? s.keys : i ? head.first_position : 0;
            detail::attend_backward<Isa, T>(at.of_queries(dq, s.key_dim), d_key, d_value,
                                            at.of_queries(d_o, s.value_dim),
                                            at.of_queries(o, s.value_dim), at.of_queries(lse, 1),
                                            head, float(s.scale), first_new);
        }
        if constexpr (!std::is_same_v<T, float>) {
            detail::copy_rows<Isa>(keys.of_keys(dk, s.key_dim), rows<const float>(d_key));
            detail::copy_rows<Isa>(keys.of_keys(dv, s.value_dim), rows<const float>(d_value));
        }
    });
}

}  // namespace moe::op
