// Adapters added: what PEFT's add_weighted_adapter makes of the same ones.
#include "graft/methods/algebra.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/methods/initial.h"
#include "graft/methods/lora/combined.h"
#include "graft/methods/lora/peft.h"
#include "graft/methods/scaled.h"
#include "tests/methods/small_models.h"

namespace graft::methods {
namespace {

using ::testing::HasSubstr;

const DrawMask kNoDraw = [](at::IntArrayRef) -> at::Tensor { throw InternalError("test", "nothing is drawn here"); };

struct Case {
  const char* name;  // PEFT's
  Algebra how;
};
std::vector<Case> cases() {
  const double density = 0.4;
  return {{"cat", {Combining::cat}},
          {"linear", {Combining::linear}},
          {"svd", {.combine = Combining::svd, .rank = 2}},
          {"ties", {Combining::ties, density}},
          {"ties_frequency", {Combining::ties, density, MajoritySign::frequency}},
          {"ties_svd", {Combining::ties_svd, density}},
          {"dare_linear", {Combining::dare_linear, density}},
          {"dare_linear_svd", {Combining::dare_linear_svd, density}},
          {"dare_ties", {Combining::dare_ties, density}},
          {"dare_ties_svd", {Combining::dare_ties_svd, density}},
          {"magnitude_prune", {Combining::magnitude_prune, density}},
          {"magnitude_prune_svd", {Combining::magnitude_prune_svd, density}}};
}

class AlgebraOfPeft : public ::testing::TestWithParam<Case> {};

TEST_P(AlgebraOfPeft, GivesItsNumbers) {
  const auto& [name, how] = GetParam();
  const auto g = golden("algebra");
  std::vector<WeightedUpdate> updates;
  for (int i = 0; i < 3; ++i) {
    const auto of = std::to_string(i);
    updates.push_back(
        {g.at("a" + of), g.at("b" + of), g.at("scale" + of).item<double>(), g.at("weights")[i].item<double>()});
  }
  int drawn = 0;
  const DrawMask draw = [&](at::IntArrayRef) { return g.at(fmt::format("{}.mask{}", name, drawn++)); };
  const auto merged = combine(updates, how, draw, "here");
  const auto want = [&](const char* part) { return g.at(fmt::format("{}.{}", name, part)); };
  EXPECT_EQ(drawn > 0, std::string(name).starts_with("dare"));
  EXPECT_EQ(merged.a.sizes(), want("a").sizes());
  EXPECT_EQ(merged.b.sizes(), want("b").sizes());
  // The signs of singular vectors are nobody's; their products are everybody's.
  EXPECT_TRUE(torch::allclose(at::mm(merged.b, merged.a), at::mm(want("b"), want("a")), 1e-5, 1e-5));
  if (!std::string(name).ends_with("svd")) {
    EXPECT_TRUE(torch::allclose(merged.a, want("a"), 1e-6, 1e-6));
    EXPECT_TRUE(torch::allclose(merged.b, want("b"), 1e-6, 1e-6));
  }
}

INSTANTIATE_TEST_SUITE_P(Combinations, AlgebraOfPeft, ::testing::ValuesIn(cases()),
                         [](const auto& info) { return std::string(info.param.name); });

// Two adapters on a model of transformers: of one both adapt q, of k and v one each.
TEST(Algebra, TwoAdaptersOfPeftMergedGiveItsFeatures) {
  const auto model = small_model("hf");
  std::vector<WeightedAdapter> adapters;
  for (const auto& [folder, weight] : {std::pair{"peft_hf/", 0.7}, std::pair{"peft_hf/second/", 0.5}}) {
    const auto config = io::JsonObject::read(golden_path(std::string(folder) + "adapter_config.json"));
    const auto tensors = read_tensors(golden_path(std::string(folder) + "adapter_model.safetensors"));
    auto adaptation = lora::peft::from_peft(*config, tensors, *model).adaptation;
    std::erase_if(adaptation.bindings, [](const Binding& one) { return one.sites.front().starts_with("text."); });
    adapters.push_back({folder, std::move(adaptation), weight});
  }
  const auto expected = read_tensors(golden_path("peft_hf/second/merged.safetensors"));
  Random random(1);
  models::LinearHead head(model->reader().width(model->reader().last()), 2, models::HeadInit::zero, random);
  const torch::NoGradGuard no_grad;
  for (const auto& [name, how] :
       {std::pair{"cat", Algebra{Combining::cat}}, std::pair{"linear", Algebra{Combining::linear}},
        std::pair{"svd", Algebra{Combining::svd}}, std::pair{"ties", Algebra{Combining::ties, 0.5}}}) {
    const auto combined = lora::combine(adapters, how, *model);
    install(combined.adaptation, *model, head);
    nn::Context context;
    const auto got = model->reader().encode({expected.at("images")}, context), want = expected.at(name);
    EXPECT_LT((got - want).abs().max().item<double>(), 1e-5 * want.abs().max().item<double>()) << name;
    // As a file says it, it is the same adapter again.
    const auto written = combined.method->to_disk(*model, combined.adaptation);
    auto again = combined.method->attach({.model = model, .classes = {"a", "b"}}, head, random);
    combined.method->from_disk(*model, written, again);
    install(again, *model, head);
    context = {};
    EXPECT_TRUE(torch::equal(model->reader().encode({expected.at("images")}, context), got)) << name;
  }
}

// Dropped and made larger, a number is what it was in the mean: of 40,000 draws at density 0.25.
TEST(Algebra, DareKeepsTheShareAndTheMean) {
  const auto ones = torch::ones({200, 200});
  Random random(4);
  const DrawMask draw = [&](at::IntArrayRef shape) {
    return (uniform(shape, 0.5, random) + 0.5 < 0.25).to(torch::kFloat32);
  };
  const auto merged = combine({{ones, ones}}, {Combining::dare_linear, 0.25}, draw, "here");
  EXPECT_NEAR(merged.a.mean().item<double>(), 1, 4 * std::sqrt(3.0 / 40'000));
  EXPECT_NEAR((merged.a > 0).to(torch::kFloat64).mean().item<double>(), 0.25, 4 * std::sqrt(0.1875 / 40'000));
}

TEST(Algebra, AddsTheSlicesOfOneMatrixAsOneUpdate) {
  OnSmallModel a("timm", "lora", {{"rank", "2"}, {"alpha", "6"}}), b("timm", "lora", {{"rank", "2"}});
  for (const auto* one : {&a, &b}) {
    for (const auto& binding : one->adaptation.bindings)
      binding.insert->named_parameters()["b"].detach().fill_(0.1);
  }
  const auto merged = lora::combine({{"a", a.adaptation, 1}, {"b", b.adaptation, -0.5}}, {Combining::cat}, *a.model);
  ASSERT_EQ(merged.adaptation.bindings.size(), 2u);  // qkv of two blocks
  EXPECT_EQ(merged.adaptation.bindings.front().sites.front(), "vision.blocks.0.attn.qkv");
  EXPECT_EQ(merged.method->config().at("rank"), "8");  // q and v of both
  const auto weight = torch::zeros({48, 16});
  const auto change = merged.adaptation.bindings.front().insert->fold(weight, {})->weight;
  auto by_hand = torch::zeros({48, 16});
  for (const auto& [adaptation, times] : {std::pair{&a.adaptation, 1.0}, std::pair{&b.adaptation, -0.5}}) {
    for (size_t i = 0; i < 2; ++i) {  // q and v of block 0
      const auto& insert = *adaptation->bindings[i].insert;
      const int64_t row = i == 0 ? 0 : 32;
      by_hand.narrow(0, row, 16).add_(times * insert.fold(torch::zeros({16, 16}), {})->weight);
    }
  }
  EXPECT_TRUE(torch::allclose(change, by_hand, 1e-5, 1e-7));
}

std::string said(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(Algebra, SaysWhatDoesNotFit) {
  const auto model = small_model("timm");
  Random random(1);
  const auto of = [&](const OptionValues& options) {
    models::LinearHead head(16, 2, models::HeadInit::zero, random);
    return make_method("lora", options)->attach({.model = model, .classes = {"a", "b"}}, head, random);
  };
  const auto two = of({{"rank", "2"}}), four = of({{"rank", "4"}}), eight = of({{"rank", "8"}});
  const auto merge = [&](const Adaptation& a, const Adaptation& b, const Algebra& how) {
    return said([&] { lora::combine({{"a", a}, {"b", b}}, how, *model); });
  };
  EXPECT_THAT(merge(two, four, {Combining::linear}), HasSubstr("vision.blocks.0.attn.qkv: ranks 4 and 8 do not merge"));
  EXPECT_THAT(merge(eight, eight, {Combining::cat}), HasSubstr("rank 32 is more than the map has, 16"));
  Adaptation trained = two;
  trained.trained = {"vision.norm.weight"};
  EXPECT_THAT(merge(two, trained, {Combining::cat}), HasSubstr("b also trained vision.norm.weight"));
  EXPECT_THAT(said([] { check({Combining::ties}); }), HasSubstr("Give --density"));
  EXPECT_THAT(said([] { check({Combining::ties, 1.5}); }), HasSubstr("--density 1.5"));
  EXPECT_THAT(said([] { check({Combining::cat, 0.5}); }), HasSubstr("--density says nothing of --combine cat"));
  EXPECT_THAT(said([] { check({.combine = Combining::linear, .rank = 2}); }), HasSubstr("--rank says nothing"));
}

// 2 W x + b where the insert makes 2 W x + b of W x: half of it is 1.5 W x + b / 2, whichever way it is computed.
TEST(Scaled, IsAPartOfWhatTheInsertChanges) {
  struct Twice final : nn::Insert {
    at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context&) const override {
      return 2 * frozen(x) + 3;
    }
    nn::Form form() const override { return nn::Affine{torch::full({4}, 2.f), torch::full({4}, 3.f)}; }
    std::optional<nn::Folded> fold(const at::Tensor& w, const at::Tensor& b) const override {
      return nn::Folded{2 * w, b.defined() ? 2 * b + 3 : torch::full({4}, 3.f)};
    }
  };
  const Scaled half(std::make_shared<Twice>(), 0.5);
  const auto w = torch::rand({4, 5}), x = torch::rand({2, 5});
  const nn::Frozen frozen([&](const at::Tensor& u) { return torch::linear(u, w); });
  const auto want = 1.5 * torch::linear(x, w) + 1.5;
  EXPECT_TRUE(torch::allclose(half.forward(x, frozen, {}), want));
  const auto affine = std::get<nn::Affine>(half.form());
  EXPECT_TRUE(torch::allclose(torch::linear(x, w) * affine.scale + affine.shift, want));
  const auto folded = half.fold(w, {});
  EXPECT_TRUE(torch::allclose(torch::linear(x, folded->weight, folded->bias), want));
}

TEST(Scaled, RowsOfPromptsHaveNoPartAndOnePlaceHoldsOneSet) {
  OnSmallModel prompts("timm", "vpt", {{"tokens", "2"}}), bias("timm", "bias"), lora("timm", "lora", {{"rank", "2"}});
  EXPECT_THAT(said([&] { scaled(prompts.adaptation, 0.5, *prompts.model, "runs/p:0.5"); }),
              HasSubstr("runs/p:0.5: vpt at vision.blocks.0.tokens"));
  EXPECT_THAT(said([&] { stacked(prompts.adaptation, prompts.adaptation, *prompts.model, "p+p"); }),
              HasSubstr("p+p: vpt at vision.blocks.0.tokens does not compose"));
  EXPECT_THAT(said([&] { stacked(bias.adaptation, bias.adaptation, *bias.model, "b+b"); }),
              HasSubstr("b+b: both trained vision."));
  EXPECT_EQ(stacked(lora.adaptation, prompts.adaptation, *lora.model, "l+p").bindings.size(),
            lora.adaptation.bindings.size() + prompts.adaptation.bindings.size());
}

}  // namespace
}  // namespace graft::methods
