// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/optim/policy.hpp>

namespace {

using namespace moe;

// An optimizer of a user's own, with one moment: the sign of a running mean (Chen et al., "Symbolic
// discovery of optimization algorithms", 2023, without its second mean).
struct signs {
    double clip = 0;
    static constexpr int moments = 1;

    template <class On, class T, class G, class P>
    void update(On on, rows<T> w, rows<G> g, std::array<rows<same<T>>, 1> moment,
                weight_copies<P> copies, int, const update_settings& settings) const {
        CHECK(copies.packed == nullptr);
        on.each(w.count, [&](int i) {
            for (int j = 0; j < w.width; ++j) {
                T& m = moment[0](i, j);
                m = T(0.9) * m + T(0.1) * g(i, j);
                w(i, j) -= T(settings.rate) * T((m > 0) - (m < 0));
                g(i, j) = G(T(0));
            }
        });
    }
};
static_assert(optimizer_policy<signs>);
static_assert(!optimizer_policy<int>);

struct forgets_its_moments {
    double clip = 0;
    void update() const {}
};
static_assert(!optimizer_policy<forgets_its_moments>);

TEST_CASE("a policy of a user's own updates") {
    double w[2] = {1, 1}, g[2] = {3, -2}, m[2] = {};
    const rows<double> weight(w, 1, 2), gradient(g, 1, 2), moment(m, 1, 2);
    signs{}.update(reference{}, weight, gradient, {moment}, weight_copies<double>{}, 1,
                   {.rate = 0.25});
    CHECK((w[0] == 0.75 && w[1] == 1.25 && g[0] == 0 && g[1] == 0));
}

}  // namespace
