// AIM and ST-Adapter against the papers written plainly in torch: tests/golden/make/methods_aim.py.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <set>

#include "graft/methods/adapted.h"
#include "graft/methods/entry.h"
#include "graft/models/model.h"
#include "tests/methods/golden.h"

namespace graft::methods {
namespace {

constexpr int64_t kFrames = 4;

struct Published {
  const char* golden;
  const char* method;
  OptionValues options;
};

class VideoGolden : public ::testing::TestWithParam<Published> {
 protected:
  // The golden's numbers in the places of what trains; each is used once.
  Adapted on_golden(const std::map<std::string, at::Tensor>& g) {
    const auto folder = io::ModelFolder::find((source_dir() / "tests/golden/models/clip_open_clip").string(),
                                              [](std::string_view) { return std::nullopt; });
    auto adapted = build_adapted({.model = std::shared_ptr<models::Model>(models::load_model(folder, {})),
                                  .classes = {"a", "b", "c"},
                                  .frames = kFrames,
                                  .templates = {"{}"}},
                                 make_method(GetParam().method, GetParam().options));
    const torch::NoGradGuard no_grad;
    std::set<std::string> used;
    const auto take = [&](at::Tensor parameter, const std::string& name) {
      if (!g.contains("p." + name)) throw InternalError("test", "the golden has no {}", name);
      parameter.copy_(g.at("p." + name));
      used.insert(name);
      places_[name] = parameter;
    };
    for (const auto& binding : adapted.adaptation.bindings) {
      const auto site = binding.sites.front();
      for (const auto& p : binding.insert->named_parameters())
        take(p.value(), site.substr(site.find('.') + 1) + "." + p.key());
    }
    for (const auto& name : adapted.adaptation.trained)
      take(adapted.model->named_parameters()[name], name.substr(name.find('.') + 1));
    for (const auto& p : adapted.head->named_parameters(false))
      take(p.value(), "head." + p.key());
    for (const auto& [name, tensor] : g) {
      if (name.starts_with("p.")) {
        EXPECT_TRUE(used.contains(name.substr(2))) << name;
      }
    }
    return adapted;
  }

  std::map<std::string, at::Tensor> places_;
};

TEST_P(VideoGolden, GivesThePublishedLogitsAndGradients) {
  const auto g = golden(GetParam().golden);
  const auto adapted = on_golden(g);
  nn::Value read{g.at("frames")};
  read.layout.frames = kFrames;
  nn::Context context;
  const auto logits = adapted.answer(read, context);
  EXPECT_LT((logits - g.at("logits")).abs().max().item<double>(), 1e-4);
  (logits * g.at("weights")).sum().backward();
  for (const auto& [name, parameter] : places_) {
    const auto& expected = g.at("g." + name);
    ASSERT_TRUE(parameter.grad().defined()) << name;
    EXPECT_LT((parameter.grad() - expected).abs().max().item<double>(),
              1e-4 * std::max(1.0, expected.abs().max().item<double>()))
        << name;
  }
}

const OptionValues kWhole = {{"head-dropout", "0"}, {"drop-path", "0"}};
INSTANTIATE_TEST_SUITE_P(
    Methods, VideoGolden,
    ::testing::Values(
        Published{"aim_kinetics", "aim", kWhole},
        Published{"aim_something",
                  "aim",
                  {{"head-dropout", "0"}, {"drop-path", "0"}, {"temporal-adapters", "2"}, {"scale", "1"}}},
        Published{"st_adapter", "st-adapter", {{"head-dropout", "0"}, {"where", "both"}}},
        Published{"st_adapter_3x3x3", "st-adapter", {{"head-dropout", "0"}, {"where", "both"}, {"kernel-space", "3"}}}),
    [](const auto& info) {
      std::string name = info.param.golden;
      return name;
    });

}  // namespace
}  // namespace graft::methods
