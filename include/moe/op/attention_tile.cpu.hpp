// SPDX-License-Identifier: MIT
// What attention on the CPU is built from: tiles of 64 keys by 64 queries. Scores lie transposed,
//     s[key][query] = k[key] q[query]
// so that a vector holds sixteen queries: the softmax needs no sums across lanes, keys and values
// are read where they lie, and only the queries are transposed, once a tile.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/device/sweep.hpp>
#include <moe/op/attention.hpp>

#include <type_traits>

namespace moe::op::detail {

inline constexpr int tile_queries = 64, tile_keys = 64;
// Products are computed, and the causal mask is skipped, in strips of eight rows.
inline constexpr int strip_rows = 8;
// Numbers of a query that are held transposed at a time; longer ones go in pieces.
inline constexpr int tile_depth = 192;
// Numbers of a value, or of a query's gradient, that are summed as floats beside a narrower result.
inline constexpr int widest_sum = 256;

// 16 sums, 2 right vectors and a broadcast of 32 registers: two multiply-adds a cycle of four
// cycles' latency need 8. On AVX2, 4 sums of two registers each.
template <class Isa> struct strip_shape { static constexpr int rows = 4, vectors = 1; };
template <class Isa>
requires isa::is_avx512<Isa>
struct strip_shape<Isa> {
    static constexpr int rows = 8, vectors = 2;
};

// One pair of tiles: 'queries' and 'keys' that exist; query i sees key j when j <= i + diagonal.
struct tile_pair {
    int queries, keys, diagonal;

    constexpr int vectors() const { return ceil_divide(queries, lane_count); }
    // The first vector of queries that any key from j on concerns.
    constexpr int first_vector(int j) const {
        return j > diagonal ? (j - diagonal) / lane_count : 0;
    }
    // Keys that some of 'count' queries from i on see, in whole strips; that all of them see.
    constexpr int keys_of_some(int i, int count) const {
        return clamped(round_up(i + count + diagonal, strip_rows));
    }
    constexpr int keys_of_all(int i) const { return clamped(i + 1 + diagonal); }
    // The first query that sees key j.
    constexpr int first_query(int j) const { return j > diagonal ? j - diagonal : 0; }

private:
    constexpr int clamped(int j) const { return j < 0 ? 0 : smaller(j, keys); }
};

// The left operands of a product, number (r, k) for row r and step k. Rows from 'count' on do not
// exist: the last one is read in their place and the result is not stored.
struct rows_on_left {
    const float* at;
    std::ptrdiff_t stride;
    int count;

    rows_on_left from_row(int r) const { return {at + r * stride, stride, count - r}; }
};
inline rows_on_left rows_of(rows<const float> x) { return {x.at, x.stride, x.count}; }
// Scores, a row of the product being a query: all eight rows of a strip are there.
struct queries_on_left {
    const float* at;

    queries_on_left from_row(int r) const { return {at + r}; }
};

// A walk over the steps of a left operand.
template <int Height> struct walk_rows {
    const float* row[Height];

    explicit walk_rows(const rows_on_left& left) {
        row[0] = left.at;
        MOE_UNROLL
        for (int r = 1; r < Height; ++r) row[r] = row[r - 1] + (r < left.count ? left.stride : 0);
    }
    MOE_INLINE float get(int r, int step) const { return row[r][step]; }
    MOE_INLINE void advance(int steps) {
        MOE_UNROLL
        for (int r = 0; r < Height; ++r) row[r] += steps;
    }
};
template <int Height> struct walk_queries {
    const float* at;

    explicit walk_queries(const queries_on_left& left) : at(left.at) {}
    MOE_INLINE float get(int r, int step) const { return at[step * tile_queries + r]; }
    MOE_INLINE void advance(int steps) { at += steps * tile_queries; }
};
template <int Height> walk_rows<Height> walk(const rows_on_left& left) {
    return walk_rows<Height>(left);
}
template <int Height> walk_queries<Height> walk(const queries_on_left& left) {
    return walk_queries<Height>(left);
}

// The right operand: sixteen numbers a vector from at[k * step] on.
struct right_operand {
    const float* at;
    std::ptrdiff_t step;
};

// What a product does to c: replace it, add to it, or add to c * factor[row].
enum class onto : std::uint8_t { nothing, sum, scaled };

// A tile of c, in registers while k runs. Full: all columns exist, otherwise c.width of one vector.
template <class Isa, int Vectors, bool Full, class Left>
MOE_NOINLINE void multiply_tile(const rows<float>& c, const Left& left, right_operand right,
                                int depth, onto begin, const float* factor) {
    using vector = lanes<Isa>;
    constexpr int height = strip_shape<Isa>::rows;
    const auto read = [&](const float* from, int v) {
        return Full ? vector::load(from + v * lane_count) : vector::load_first(from, c.width);
    };
    vector sum[height][Vectors];
    auto from = walk<height>(left);
    MOE_UNROLL
    for (int r = 0; r < height; ++r) {
        MOE_UNROLL
        for (int v = 0; v < Vectors; ++v)
            sum[r][v] = begin != onto::nothing && r < c.count ? read(c[r], v) : vector::splat(0);
    }
    if (factor && begin == onto::scaled) {  // never without, but GCC looks into the null otherwise
        MOE_UNROLL
        for (int r = 0; r < height; ++r) {
            MOE_UNROLL
            for (int v = 0; v < Vectors; ++v) sum[r][v] = sum[r][v] * vector::splat(factor[r]);
        }
    }
    const auto step = [&](int k) {
        vector b[Vectors];
        MOE_UNROLL
        for (int v = 0; v < Vectors; ++v) b[v] = read(right.at, v);
        right.at += right.step;
        MOE_UNROLL
        for (int r = 0; r < height; ++r) {
            const vector a = vector::splat(from.get(r, k));
            MOE_UNROLL
            for (int v = 0; v < Vectors; ++v) sum[r][v] = fma(a, b[v], sum[r][v]);
        }
    };
    int k = 0;
    for (; k + 4 <= depth; k += 4) {
        MOE_UNROLL
        for (int u = 0; u < 4; ++u) step(u);
        from.advance(4);
    }
    for (; k < depth; ++k) {
        step(0);
        from.advance(1);
    }
    MOE_UNROLL
    for (int r = 0; r < height; ++r) {
        if (r >= c.count) continue;
        MOE_UNROLL
        for (int v = 0; v < Vectors; ++v) {
            if constexpr (Full)
                sum[r][v].store(c[r] + v * lane_count);
            else
                sum[r][v].store_first(c[r], c.width);
        }
    }
}

// A strip of up to eight rows: c (rows, width), right (depth, width); factor: one a row.
template <class Isa, class Left>
MOE_INLINE void multiply_strip(rows<float> c, const Left& left, right_operand right, int depth,
                               onto begin, const float* factor = nullptr) {
    using shape = strip_shape<Isa>;
    constexpr int wide = shape::vectors * lane_count;
    for (int row = 0; row < c.count; row += shape::rows) {
        const rows<float> part = c.part(row, c.count - row);
        const Left from = left.from_row(row);
        const float* const by = factor ? factor + row : nullptr;
        int column = 0;
        for (; column + wide <= c.width; column += wide)
            multiply_tile<Isa, shape::vectors, true>(part.columns(column, wide), from,
                                                     {right.at + column, right.step}, depth, begin,
                                                     by);
        for (; column < c.width; column += lane_count)
            multiply_tile<Isa, 1, false>(part.columns(column, c.width - column), from,
                                         {right.at + column, right.step}, depth, begin, by);
    }
}

// Widened or rounded where the types differ.
template <class Isa, class To, class From> void copy_rows(rows<To> to, rows<const From> from) {
    for (int i = 0; i < to.count; ++i)
        sweep(to.width,
              [&](int j, auto n) { store(to[i] + j, n, load<lanes<Isa>>(from[i] + j, n)); });
}

// The right operand of a product. Floats are read where they lie: rows a power of two apart share a
// few lines of the nearest cache, but come from the next one ahead of their use. Others are
// widened.
template <class Isa> struct panel_of_rows {
    static constexpr int width = 2 * lane_count;
    alignas(64) float at[tile_keys * width];

    template <class T> right_operand fill(rows<const T> from) {
        if constexpr (std::is_same_v<T, float>) {
            return {from.at, from.stride};
        } else {
            copy_rows<Isa>(rows<float>(at, from.count, from.width, width), from);
            return {at, width};
        }
    }
};

// Rows as floats: themselves, or a copy.
template <class Isa, class T> class float_rows {
public:
    rows<const float> of(rows<const T> from) {
        if constexpr (std::is_same_v<T, float>) {
            return from;
        } else {
            const rows<float> copy(at_, from.count, from.width, tile_depth);
            copy_rows<Isa>(copy, from);
            return copy;
        }
    }

private:
    alignas(64) float at_[std::is_same_v<T, float> ? 1 : tile_keys * tile_depth];
};

// to[d][i] = scale from[i][d], zero for the queries of the last vector that do not exist.
template <class Isa, class T> void transpose_queries(float* to, rows<const T> from, float scale) {
    using vector = lanes<Isa>;
    const vector by = vector::splat(scale);
    for (int i = 0; i < from.count; i += lane_count)
        for (int d = 0; d < from.width; d += lane_count) {
            const int width = smaller(lane_count, from.width - d);
            vector block[lane_count];
            MOE_UNROLL
            for (int r = 0; r < lane_count; ++r)
                block[r] = i + r < from.count ? by * vector::load_first(from[i + r] + d, width)
                                              : vector::splat(0);
            transpose(block);
            MOE_UNROLL
            for (int r = 0; r < lane_count; ++r)
                if (r < width) block[r].store(to + (d + r) * tile_queries + i);
        }
}

// Queries, transposed and scaled, as much of them at a time as fits.
template <class Isa, class T> class transposed {
public:
    transposed(rows<const T> from, float scale) : from_(from), scale_(scale) {}

    // s[key][query] = rows[key] from[query] for the keys and queries of a pair that meet
    void scores(float* s, rows<const T> keys, tile_pair pair) {
        for (int d = 0; d == 0 || d < from_.width; d += tile_depth) {
            const int depth = smaller(tile_depth, from_.width - d);
            if (held_ != d) transpose_queries<Isa>(at_, from_.columns(d, depth), scale_);
            held_ = d;
            const rows<const float> left = keys_.of(keys.columns(d, depth));
            for (int j = 0; j < pair.keys; j += strip_rows) {
                const int first = pair.first_vector(j) * lane_count;
                const int width = pair.vectors() * lane_count - first;
                if (width <= 0) break;
                const int count = smaller(strip_rows, pair.keys - j);
                multiply_strip<Isa>(
                    rows<float>(s + j * tile_queries + first, count, width, tile_queries),
                    rows_of(left.part(j, count)), {at_ + first, tile_queries}, depth,
                    d == 0 ? onto::nothing : onto::sum);
            }
        }
    }

private:
    rows<const T> from_;
    float_rows<Isa, T> keys_;
    float scale_;
    int held_ = -1;
    alignas(64) float at_[tile_depth * tile_queries];
};

// Where query i of a vector does not see key j the score becomes minus infinity.
template <class Isa> MOE_INLINE lanes<Isa> masked(lanes<Isa> score, int j, int i, int diagonal) {
    using vector = lanes<Isa>;
    constexpr float at[lane_count] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    // j <= i + lane + diagonal
    return where_less(vector::splat(float(j - i - diagonal) - 0.5F), vector::load(at), score,
                      vector::splat(-INFINITY));
}

}  // namespace moe::op::detail
