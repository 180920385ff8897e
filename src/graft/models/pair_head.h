// Photos and their captions in one space: what a CLIP's two towers give, or two towers that know nothing of each other
// with a linear map behind each (Zhai et al. 2022, LiT, arXiv:2111.07991, train a whole tower in place of a map). A row
// of the answers times a row of the truth is a logit: scale * cos(photo, caption), plus a bias where there is one.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "graft/core/random.h"
#include "graft/models/head.h"
#include "graft/models/model.h"

namespace graft::models {

// What cosines are multiplied by, and what is added: where both start, and whether they train.
struct PairScale {
  bool learns = true;
  std::optional<double> scale = {};  // absent: the model's own; of a model that has none CLIP's start, 1 / 0.07
  std::optional<double> bias = {};   // absent: there is none
};

class PairHead final : public Head {
 public:
  static constexpr double kLargestScale = 100;  // what CLIP clips its own to, or where it starts if that is more

  // Without `width` the towers' features are compared as they are, which then have one width. With it a linear map
  // behind each tower, without bias, leads to rows that wide: the identity where it leaves the width as it is, else
  // N(0, 1 / D) of the features' width D. ModelError for a model without a text tower.
  PairHead(std::shared_ptr<Model> model, const PairScale& scale, std::optional<int64_t> width, Random& random);

  bool reads_texts() const override { return true; }
  double scale() const override;
  // Captions, ids [N, C] with data::kNoToken behind shorter ones -> [N, outputs()]: rows of length 1, and a 1 where
  // there is a bias. The same caption is encoded once, and while nothing in the text tower trains it is kept.
  at::Tensor truth(const at::Tensor& ids, nn::Context& context) const override;
  bool text_trains() const;
  void forget() override;

 protected:
  // [B, D] -> [B, outputs()]: rows as long as the scale, and the bias.
  at::Tensor frozen(const at::Tensor& features, nn::Context& context) const override;

 private:
  at::Tensor scale_now() const;
  at::Tensor encode(const at::Tensor& ids, nn::Context& context) const;  // [U, C] -> [U, D]
  at::Tensor kept(const at::Tensor& ids) const;

  std::shared_ptr<Model> model_;
  at::Tensor log_scale_, bias_;                      // []; undefined bias: there is none
  at::Tensor image_map_, text_map_;                  // [E, D] each; undefined: there are none
  double largest_ = 0;                               // of the scale's logarithm
  mutable std::mutex keeping_;                       // of what follows
  mutable std::map<std::string, at::Tensor> texts_;  // ids -> [D]
  mutable uint64_t stamp_ = 0;                       // of the text side that they were made by
};

}  // namespace graft::models
