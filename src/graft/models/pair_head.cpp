#include "graft/models/pair_head.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "graft/core/error.h"
#include "graft/data/captions.h"
#include "graft/models/text_side.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models {
namespace {

constexpr double kClipStart = 1 / 0.07;
// Captions go through the frozen tower so many together, in lengths of a multiple of that: a caption's row is then the
// same bits in any company.
constexpr int64_t kTogether = 16, kMultiple = 8;
constexpr size_t kMostKept = size_t{1} << 18;

at::Tensor map_of(int64_t width, int64_t features, Random& random) {
  if (width == features) return at::eye(width, tensor::on_cpu());
  auto map = at::empty({width, features}, tensor::on_cpu());
  auto* values = map.data_ptr<float>();
  const double std = 1 / std::sqrt(static_cast<double>(features));
  for (int64_t i = 0; i < map.numel(); ++i)
    values[i] = static_cast<float>(std * random.normal());
  return map;
}

int64_t text_width(Model& model) {
  const auto& tower = model.need(nn::Tower::text);
  return tower.width(tower.last());
}

// ids [N, C] as a tower reads them, no longer than the longest.
nn::Value captions_as_read(const at::Tensor& ids) {
  const auto present = ids != int64_t{data::kNoToken};
  const auto longest = std::max<int64_t>(1, present.sum(1).max().item<int64_t>());
  nn::Value value{ids.narrow(1, 0, longest).clamp_min(0)};
  value.present = present.narrow(1, 0, longest);
  return value;
}

std::string ids_of(const at::Tensor& ids) {
  const auto row = ids.contiguous();
  const auto* begin = row.const_data_ptr<int64_t>();
  const auto* end = std::find(begin, begin + row.numel(), int64_t{data::kNoToken});
  return {reinterpret_cast<const char*>(begin), reinterpret_cast<const char*>(end)};
}

}  // namespace

PairHead::PairHead(std::shared_ptr<Model> model, const PairScale& scale, std::optional<int64_t> width, Random& random)
    : Head(model->reader().width(model->reader().last()),
           width.value_or(model->reader().width(model->reader().last())) + (scale.bias ? 1 : 0)),
      model_(std::move(model)) {
  const auto features = joint().site().in, texts = text_width(*model_);
  if (width) {
    image_map_ = register_parameter("image_map", map_of(*width, features, random));
    text_map_ = register_parameter("text_map", map_of(*width, texts, random));
  } else if (!model_->has_logit_scale() || features != texts) {
    throw ModelError(
        "pairs",
        "{}: its images and its texts share no space, so that nothing compares them. Join them with --method "
        "projection, alone or beside another (lora+projection).",
        model_->info().source);
  }
  const double start = scale.scale                 ? *scale.scale
                       : model_->has_logit_scale() ? model_->logit_scale().item<double>()
                                                   : kClipStart;
  largest_ = std::log(std::max(start, kLargestScale));
  log_scale_ = at::full({}, std::log(start), tensor::on_cpu());
  if (scale.bias) bias_ = at::full({}, *scale.bias, tensor::on_cpu());
  if (!scale.learns) return;
  log_scale_ = register_parameter("log_scale", log_scale_);
  if (scale.bias) bias_ = register_parameter("bias", bias_);
}

at::Tensor PairHead::scale_now() const {
  // What is too much is taken off without the gradient's knowing, so that the scale can come back.
  return (log_scale_ - (log_scale_.detach() - largest_).clamp_min(0)).exp();
}

double PairHead::scale() const {
  return scale_now().item<double>();
}

at::Tensor PairHead::frozen(const at::Tensor& features, nn::Context&) const {
  const auto rows = scale_now() * unit(image_map_.defined() ? at::linear(features, image_map_) : features);
  return bias_.defined() ? at::cat({rows, bias_.expand({rows.size(0), 1})}, 1) : rows;
}

at::Tensor PairHead::truth(const at::Tensor& ids, nn::Context& context) const {
  const auto [texts, which, counts] = at::unique_dim(ids, 0, /*sorted=*/true, /*return_inverse=*/true);
  const auto features = text_trains() && at::GradMode::is_enabled() ? encode(texts, context) : kept(texts);
  auto rows = unit(text_map_.defined() ? at::linear(features, text_map_) : features);
  if (bias_.defined()) rows = at::cat({rows, at::ones({rows.size(0), 1}, rows.options())}, 1);
  return rows.index_select(0, which);
}

bool PairHead::text_trains() const {
  return any_trains(text_parameters(*model_));
}

at::Tensor PairHead::encode(const at::Tensor& ids, nn::Context& context) const {
  return model_->need(nn::Tower::text).encode(captions_as_read(ids), context);
}

at::Tensor PairHead::kept(const at::Tensor& ids) const {
  const torch::NoGradGuard no_grad;
  const auto stamp = stamp_of(text_parameters(*model_));
  const std::lock_guard lock(keeping_);
  if (stamp != stamp_ || texts_.size() > kMostKept) texts_.clear();
  stamp_ = stamp;
  std::vector<std::string> keys;
  std::map<int64_t, std::vector<int64_t>> missing;  // by the length that they go in
  for (int64_t i = 0; i < ids.size(0); ++i) {
    keys.push_back(ids_of(ids[i]));
    if (texts_.contains(keys.back())) continue;
    const auto length = static_cast<int64_t>(keys.back().size() / sizeof(int64_t));
    missing[(length + kMultiple - 1) / kMultiple * kMultiple].push_back(i);
  }
  auto& tower = model_->need(nn::Tower::text);
  for (const auto& [rounded, rows] : missing) {
    const auto length = std::min(rounded, tower.context_length());
    for (size_t begin = 0; begin < rows.size(); begin += kTogether) {
      const auto end = std::min(begin + kTogether, rows.size());
      // The first stands for those that a pass lacks.
      auto batch = at::full({kTogether, length}, int64_t{data::kNoToken}, ids.options());
      const auto width = std::min(length, ids.size(1));
      for (size_t row = 0; row < kTogether; ++row) {
        const auto from = rows[begin + row < end ? begin + row : begin];
        batch[static_cast<int64_t>(row)].narrow(0, 0, width).copy_(ids[from].narrow(0, 0, width));
      }
      nn::Value value{batch.clamp_min(0)};
      value.present = batch != int64_t{data::kNoToken};
      // In two steps: what texts have in common is a matter of their company.
      const auto features = tower.run(tower.run(std::move(value), 0, 1, {}), 1, tower.last(), {}).x;
      for (size_t row = begin; row < end; ++row)
        texts_[keys[static_cast<size_t>(rows[row])]] = features[static_cast<int64_t>(row - begin)].clone();
    }
  }
  std::vector<at::Tensor> all;
  for (const auto& key : keys)
    all.push_back(texts_.at(key));
  return at::stack(all);
}

void PairHead::forget() {
  const std::lock_guard lock(keeping_);
  texts_.clear();
}

}  // namespace graft::models
