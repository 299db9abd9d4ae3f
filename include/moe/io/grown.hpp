// SPDX-License-Identifier: MIT
// The domains that a model has grown (train/grow.hpp): which of its experts are whose, as its
// manifest tells, and models put together or taken apart along them. Nothing is computed: tensors
// are copied, renumbered and left out, so what is not touched keeps every bit.
#pragma once

#include <moe/io/checkpoint.hpp>

#include <span>

namespace moe::io {

// The experts of one domain, in every mixture layer, lie behind each other. Those in the slot and
// those in the top-k are counted apart; a model's own come first.
struct grown_domain {
    std::string domain;
    int experts = 0;
    bool in_slot = true;
    std::string base;  // weights_hash of the model that it was grown on
    key_values was;    // what of the recipe was different there, beside the number of experts

    bool operator==(const grown_domain&) const = default;
};

// In the order of their experts. Empty: none was grown.
std::vector<grown_domain> grown_domains(const manifest& about);
// As a part of a manifest's state.
key_values text_of(const std::vector<grown_domain>& domains);

// The model without a domain. Refuses, with nothing written: a domain that was not grown, experts
// without which the others are too few for the top-k or do not fill its groups.
saved_checkpoint remove_domain(const good_model& from, const std::string& domain,
                               const std::string& to);

// The domains of all models, which must have been grown on the same model, as one. The order of the
// models does not matter: behind the domains that all have, the others stand by name. recipe: that
// of the result. Refuses, with nothing written: bases that differ (names the tensor), a domain that
// two models have, a recipe of other sizes.
saved_checkpoint merge_models(std::span<const good_model> models, const key_values& recipe,
                              const std::string& to);

}  // namespace moe::io
