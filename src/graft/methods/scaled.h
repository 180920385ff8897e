// An adaptation in part: what it changes, times a number. Of an update of low rank that is its scale; between 0 and 1
// it is the way from the frozen model to the adapted one, of weights that trained their interpolation (WiSE-FT,
// Wortsman et al. 2022, arXiv:2109.01903, eq. 1).
#pragma once

#include <memory>
#include <string>

#include "graft/methods/adaptation.h"
#include "graft/nn/insert.h"
#include "graft/nn/parameters.h"

namespace graft::methods {

// frozen(x) + scale * (insert(x) - frozen(x))
class Scaled final : public nn::Insert {
 public:
  Scaled(std::shared_ptr<nn::Insert> insert, double scale);

  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  nn::Form form() const override;
  std::optional<nn::Folded> fold(const at::Tensor& weight, const at::Tensor& bias) const override;
  bool is_of_its_classes() const override { return insert_->is_of_its_classes(); }

 private:
  std::shared_ptr<nn::Insert> insert_;
  double scale_;
};

// Every insert in its part. ModelError, "<name>: ...", for one that does more than change what is computed at its site:
// rows of tokens are there or are not.
Adaptation scaled(const Adaptation& adaptation, double scale, models::Model& model, const std::string& name);

// Parameters of a model that trained, from what they were: before + scale * (now - before).
void scale_parameters(const nn::NamedTensors& before, double scale, models::Model& model);

// Both at once, `inner` at the lower place where both stand at one site. ModelError, "<names>: ...", where they do not
// compose: both trained one parameter, or both put rows of their own in one place.
Adaptation stacked(const Adaptation& inner, const Adaptation& outer, models::Model& model, const std::string& names);

}  // namespace graft::methods
