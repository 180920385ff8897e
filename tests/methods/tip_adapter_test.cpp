#include "graft/methods/tip_adapter/tip_adapter.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "tests/methods/golden.h"
#include "tests/methods/sites_only.h"

namespace graft::methods {
namespace {

using photo_cache::Cache;
using photo_cache::Options;

nn::Frozen text_logits(const at::Tensor& text, double scale) {
  return nn::Frozen([=](const at::Tensor& f) { return scale * torch::mm(f / f.norm(2, 1, true), text.t()); });
}

// One photo a class, both at right angles: exp(-beta (1 - 1)) = 1 for its own, exp(-beta) for the other.
TEST(TipAdapter, ByHand) {
  Cache cache(2, 2, 2, false, {.alpha = 3, .beta = 2});
  cache.fill(torch::eye(2), torch::tensor({0, 1}), 1);
  const nn::Frozen nothing([](const at::Tensor& f) { return torch::zeros_like(f); });
  const auto logits = cache.forward(torch::tensor({{5.f, 0.f}}), nothing, {});
  EXPECT_NEAR(logits[0][0].item<double>(), 3, 1e-6);
  EXPECT_NEAR(logits[0][1].item<double>(), 3 * std::exp(-2.0), 1e-6);
}

TEST(TipAdapter, EqualsThePublishedFormulas) {
  auto g = golden("tip_adapter");
  Cache cache(12, 8, 4, false, {.alpha = 1.17, .beta = 2.5});
  cache.fill(g["views"], g["labels"], 3);
  EXPECT_TRUE(torch::allclose(cache.named_buffers()["keys"], g["keys"], 1e-6, 1e-7));
  const auto logits = cache.forward(g["val"], text_logits(g["text"], 10), {});
  EXPECT_TRUE(torch::allclose(logits, g["logits"], 1e-5, 1e-5));  // float32, sums of twelve photos
}

TEST(TipAdapter, ChoosesTheStrengthsThatTheAuthorsSearchChooses) {
  auto g = golden("tip_adapter");
  Cache cache(12, 8, 4, false, {});
  cache.fill(g["views"], g["labels"], 3);
  const auto logits = text_logits(g["text"], 10)(g["val"]);
  const auto best = photo_cache::search(cache, logits, cache.affinity(g["val"]), g["val_labels"]);
  EXPECT_NEAR(best.accuracy, g["accuracy"].item<double>(), 1e-6);
  EXPECT_NEAR(best.alpha, g["alpha"].item<double>(), 1e-6);
  EXPECT_NEAR(best.beta, g["beta"].item<double>(), 1e-6);
}

class Notes final : public Reporter {
 public:
  void line(std::string_view label, std::string_view) override { lines.emplace_back(label); }
  void warn(std::string_view text) override { warnings.emplace_back(text); }
  void progress(const Progress&) override {}
  std::vector<std::string> lines, warnings;
};

TEST(TipAdapter, FillsItsCacheFromAugmentedViewsAndKeepsItsStrengthsWithoutValidationPhotos) {
  auto built = on_sites("tip-adapter", {{"views", "2"}, {"alpha", "2"}});
  EXPECT_EQ(built.inserted(), 0);
  EXPECT_EQ(built.method->recipe(built.setting).epochs, 0);
  const auto photos = torch::randn({128, 512});
  int64_t asked = 0;
  Notes notes;
  Stage stage{built.model,
              *built.head,
              built.adaptation,
              [&](data::Split split, nn::Place place, int64_t views) -> FeatureSet {
                EXPECT_EQ(place, built.model->reader().last());
                if (split == data::Split::val) return {};
                asked = views;
                return {photos, torch::arange(128) % 4};
              },
              Random(1),
              notes};
  built.method->before_training(stage);
  EXPECT_EQ(asked, 2);
  const auto tensors = built.method->to_disk(*built.model, built.adaptation);
  const auto keys = tensors.at("base_model.model.head.tip-adapter.keys");
  const auto mean = (photos.narrow(0, 0, 64) + photos.narrow(0, 64, 64)) / 2;
  EXPECT_TRUE(torch::allclose(keys, mean / mean.norm(2, 1, true), 1e-5, 1e-6));
  built.method->after_training(stage);
  EXPECT_EQ(
      built.method->to_disk(*built.model, built.adaptation).at("base_model.model.head.tip-adapter.alpha").item<float>(),
      2);
  EXPECT_EQ(notes.warnings.size(), 1u);
}

TEST(TipAdapter, LoadsACacheOfAnotherSize) {
  auto few = on_sites("tip-adapter", {}), many = on_sites("tip-adapter", {});
  auto tensors = many.method->to_disk(*many.model, many.adaptation);
  for (auto& [name, tensor] : tensors) {
    if (tensor.dim() > 0) tensor = tensor.narrow(0, 0, 10).clone();
  }
  few.method->from_disk(*few.model, tensors, few.adaptation);
  EXPECT_EQ(few.method->to_disk(*few.model, few.adaptation).at("base_model.model.head.tip-adapter.keys").size(0), 10);
}

TEST(TipAdapter, RefusesSeveralClassesAnExampleAndNamesMethodsThatTakeThem) {
  const auto method = make_method("tip-adapter", {});
  try {
    method->head({.model = sites_only(), .classes = {"a", "b"}, .target = data::Target::labels});
    FAIL() << "one label an example was made of several";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), ::testing::StartsWith(
                                  "[tip-adapter] here several classes are told of an example, from which it does not "
                                  "learn. Methods that can: linear-probe, mlp, full, bias, norm, lora, "));
  }
}

}  // namespace
}  // namespace graft::methods
