// Losses beside torch's, torchvision's and timm's, and beside their papers' formulas written plainly
// (tests/golden/make/losses.py).
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "graft/plugins/losses/contrastive.h"
#include "graft/plugins/losses/loss.h"
#include "tests/support/gradient_check.h"
#include "tests/support/source_dir.h"

namespace graft::plugins {
namespace {

const nlohmann::json& golden() {
  static const nlohmann::json all = [] {
    std::ifstream file(source_dir() / "tests/golden/losses.json");
    return nlohmann::json::parse(file);
  }();
  return all;
}

// Any nesting of numbers as a float64 tensor.
at::Tensor tensor_of(const nlohmann::json& json) {
  if (!json.is_array()) return torch::tensor(json.get<double>(), at::kDouble);
  std::vector<at::Tensor> parts;
  for (const auto& part : json)
    parts.push_back(tensor_of(part));
  return at::stack(parts);
}

LossSetting setting_of(const nlohmann::json& c) {
  data::Target target{};
  for (const auto& [one, name] : data::choices(target))
    if (c["target"] == name) target = one;
  return {.target = target, .classes = {"a", "b", "c", "d"}, .counts = golden()["counts"]};
}

at::Tensor labels_of(const nlohmann::json& c) {
  const at::Tensor labels = tensor_of(c["labels"]);
  return labels.dim() == 1 ? labels.to(at::kLong) : labels;
}

#define EXPECT_PEER(value, written) EXPECT_NEAR(value, written, 1e-11 * std::abs(written) + 1e-13)

TEST(LossPeers, EachLossGivesWhatItsPeerOrItsPaperGives) {
  const at::Tensor logits = tensor_of(golden()["logits"]);
  std::set<std::string> seen;
  for (const auto& c : golden()["cases"]) {
    SCOPED_TRACE(c["loss"].get<std::string>() + " smoothed by " + c["smoothing"].dump());
    const auto made = make_loss(c["loss"], setting_of(c));
    const Loss& loss = made->in_epoch(0);
    EXPECT_PEER(loss.sum(logits, labels_of(c), c["smoothing"]).item<double>(), c["sum"].get<double>());
    EXPECT_PEER(loss.weight(labels_of(c)), c["weight"].get<double>());
    seen.insert(c["loss"].get<std::string>().substr(0, c["loss"].get<std::string>().find(':')));
  }
  for (const auto* entry : losses())
    EXPECT_TRUE(seen.contains(entry->name)) << entry->name;
}

TEST(LossPeers, InFloat32TheyGiveTheSameToItsDigits) {
  const at::Tensor logits = tensor_of(golden()["logits"]).to(at::kFloat);
  for (const auto& c : golden()["cases"]) {
    const double sum =
        make_loss(c["loss"], setting_of(c))->in_epoch(0).sum(logits, labels_of(c), c["smoothing"]).item<double>();
    EXPECT_NEAR(sum, c["sum"].get<double>(), 1e-5 * std::abs(c["sum"].get<double>()) + 1e-5) << c["loss"];
  }
}

TEST(LossPeers, EmbeddingsAndPairsGiveWhatThePapersFormulasGive) {
  const auto& pairs = golden()["pairs"];
  const at::Tensor views = tensor_of(pairs["views"]);  // [N, 2, D]
  const at::Tensor rows = views.reshape({-1, views.size(2)});
  const at::Tensor labels = tensor_of(pairs["labels"]).to(at::kLong).repeat_interleave(2);
  for (const auto& c : pairs["supervised_contrastive"])
    EXPECT_PEER(supervised_contrastive(rows, labels, c["temperature"]).item<double>(), c["sum"].get<double>());
  const at::Tensor a = views.select(1, 0), b = views.select(1, 1);
  for (const auto& c : pairs["info_nce"])
    EXPECT_PEER(info_nce_costs(tensor_of(c["scale"]) * a.matmul(b.t())).diagonal().sum().item<double>(),
                c["sum"].get<double>());
  for (const auto& c : pairs["siglip"])
    EXPECT_PEER(
        siglip_costs(tensor_of(c["scale"]) * a.matmul(b.t()) + tensor_of(c["bias"])).diagonal().sum().item<double>(),
        c["sum"].get<double>());
}

}  // namespace
}  // namespace graft::plugins
