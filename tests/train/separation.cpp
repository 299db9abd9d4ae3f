// SPDX-License-Identifier: MIT

#include <doctest/doctest.h>
#include <moe/core/random.hpp>
#include <moe/device/executor.hpp>
#include <moe/train/separation.hpp>

namespace {
// Rows around 'center' times a direction that the seed draws.
std::vector<float> cloud(int count, int width, std::uint64_t seed, float center) {
    std::vector<float> x(std::size_t(count) * std::size_t(width));
    for (int i = 0; i < count; ++i)
        for (int j = 0; j < width; ++j)
            x[std::size_t(i * width + j)] =
                moe::random_normal(seed, 1, std::uint64_t(i * width + j)) +
                center * moe::random_normal(seed, 2, std::uint64_t(j));
    return x;
}
moe::rows<const float> view(const std::vector<float>& x, int width) {
    return {x.data(), int(x.size()) / width, width};
}
}  // namespace

TEST_CASE("a row separates what lies apart, and the bias bounds the share") {
    constexpr int width = 9;
    const auto fresh = cloud(300, width, 1, 1.5F), old = cloud(400, width, 2, 1.5F);
    std::vector<float> row(width, 99.0F);
    const moe::rows<float> r(row.data(), 1, width);
    moe::separate(moe::reference{}, r, view(fresh, width), std::vector<int>(300, 0),
                  view(old, width));
    const auto scores = [&](const std::vector<float>& x) {
        std::vector<float> z;
        for (int t = 0; t < view(x, width).count; ++t) {
            float sum = 0;
            for (int j = 0; j < width; ++j)
                sum = std::fma(x[std::size_t(t * width + j)], row[std::size_t(j)], sum);
            z.push_back(sum);
        }
        return z;
    };
    for (const double share : {0.0, 0.01, 0.1}) {
        const float bias = moe::bias_of_share(scores(old), share);
        int old_on = 0, fresh_on = 0;
        for (const float z : scores(old)) old_on += z + bias > 0;
        for (const float z : scores(fresh)) fresh_on += z + bias > 0;
        CHECK(old_on <= share * 400);
        CHECK(old_on + 1 >= share * 400);
        CHECK(fresh_on > 270);
    }
    CHECK(moe::bias_of_share(std::vector<float>{}, 0.1) == 0);
}

TEST_CASE("every number of threads gives the same rows") {
    constexpr int width = 37;
    const auto fresh = cloud(150, width, 3, 0.4F), old = cloud(200, width, 4, 0.4F);
    std::vector<int> cluster(150);
    for (int i = 0; i < 150; ++i) cluster[std::size_t(i)] = i % 3;
    std::vector<float> row(3 * width);
    const moe::rows<float> r(row.data(), 3, width);
    std::vector<float> one;
    for (const int threads : {1, 2, 3}) {
        moe::executor<moe::cpu_on<moe::isa::native>> executor(threads);
        moe::separate(executor.on(), r, view(fresh, width), cluster, view(old, width),
                      {.steps = 20});
        if (threads == 1) one = row;
        CHECK(row == one);
    }
}

TEST_CASE("k-means finds clouds that lie apart") {
    constexpr int width = 5;
    auto all = cloud(40, width, 5, 6.0F);
    const auto other = cloud(60, width, 6, 6.0F), third = cloud(20, width, 7, 6.0F);
    all.insert(all.end(), other.begin(), other.end());
    all.insert(all.end(), third.begin(), third.end());
    const std::vector<int> cluster = moe::k_means(view(all, width), 3);
    for (int i = 0; i < 120; ++i) {
        const int first = i < 40 ? 0 : i < 100 ? 40 : 100;
        CHECK(cluster[std::size_t(i)] == cluster[std::size_t(first)]);
    }
    CHECK(cluster[0] != cluster[40]);
    CHECK(cluster[40] != cluster[100]);
    CHECK(moe::k_means(view(all, width), 1) == std::vector<int>(120, 0));
}
