#include "graft/models/feature_model.h"

#include <torch/types.h>

#include <span>
#include <utility>
#include <vector>

#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models {
namespace {

// Rows as they are at every place.
class FeatureTower final : public Tower {
 public:
  explicit FeatureTower(int64_t width) : Tower(0, /*projects=*/false, "features"), width_(width) {
    register_buffer("width", torch::tensor(width, tensor::on_cpu(at::kLong)));  // what the fingerprint tells them by
  }

  nn::Tower name() const override { return nn::Tower::vision; }
  int64_t width(nn::Place) const override { return width_; }
  nn::Value run(nn::Value value, nn::Place from, nn::Place to, const nn::Context&) const override {
    check_way(from, to);
    if (value.x.dim() != 2 || value.x.size(1) != width_)
      throw ShapeError("features", "expected rows of {} numbers, got {}.", width_,
                       value.x.dim() < 2 ? 1 : value.x.size(1));
    return value;
  }
  nn::Value kept(at::Tensor x, nn::Place) const override { return {std::move(x)}; }
  at::Tensor rows(const nn::Value& value) const override { return value.x; }
  std::vector<nn::Joint*> joints() override { return {}; }

 private:
  int64_t width_;
};

}  // namespace

std::shared_ptr<Model> feature_model(const data::FeatureRows& rows, const std::string& source) {
  ModelInfo info;
  info.source = source;
  info.family = info.layout = kFeatureFamily;
  info.description = fmt::format("features of width {}", rows.width);
  info.preprocessing.crop = data::Size{0, 0};
  // Part of how the model is read, by which runs are known again; of no say in whether a head fits.
  info.pooling = "rows as they are";
  if (!rows.classes.empty()) {
    info.pooling += ", classes " + Hash().add(std::as_bytes(std::span(rows.classes))).hex() +
                    fmt::format(" times {}", rows.logit_scale);
  }
  auto model = std::make_shared<Model>(std::vector<std::shared_ptr<Tower>>{std::make_shared<FeatureTower>(rows.width)},
                                       std::move(info), tensor::Precision::fp32, std::vector<Origin>{});
  if (!rows.classes.empty()) {
    model->give(Model::ClassFeatures{
        torch::tensor(rows.classes, tensor::on_cpu()).view({rows.class_count(), rows.width}), rows.logit_scale});
  }
  return model;
}

GivenPrompts::GivenPrompts(const Model& model)
    : Head(model.reader().width(model.reader().last()), model.class_features().rows.size(0)),
      weights_(unit(model.class_features().rows)),
      scale_(model.class_features().scale) {}

at::Tensor GivenPrompts::frozen(const at::Tensor& features, nn::Context&) const {
  return scale_ * at::linear(unit(features), weights_);
}

}  // namespace graft::models
