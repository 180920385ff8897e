// What every adaptation method promises, asked of every method that is listed, on every kind of model that it fits.
#include <gmock/gmock.h>
#include <torch/types.h>

#include <set>

#include "graft/models/clip/class_prompts.h"
#include "graft/nn/linear.h"
#include "tests/contracts/adapted.h"
#include "tests/support/gradient_check.h"

namespace graft::testing {
namespace {

using methods::Entry;
using ::testing::HasSubstr;

struct Case {
  const Entry* entry;
  std::string kind;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.entry->name << " on the tiny " << c.kind;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::string kind : {"vit", "clip"}) {
    const auto model = tiny_model(kind);
    for (const Entry* entry : methods::entries()) {
      if (methods::fits(*entry, *model)) all.push_back({entry, kind});
    }
  }
  return all;
}

class MethodContract : public ::testing::TestWithParam<Case> {
 protected:
  const Entry& entry() const { return *GetParam().entry; }
  Adapted build(uint64_t seed = 1) const { return adapted(entry(), GetParam().kind, seed); }
};

TEST_P(MethodContract, NamesItsPaper) {
  EXPECT_THAT(entry().paper, HasSubstr("arXiv:"));
  EXPECT_FALSE(std::string(entry().summary).empty());
}

TEST_P(MethodContract, StartsAsTheFrozenModelIfItSaysSo) {
  if (!entry().promises.identity_at_start) return;
  auto a = build();
  const torch::NoGradGuard no_grad;
  const auto adapted = a.logits();
  methods::install({}, *a.model, *a.head);
  // Not to the bit: a fused branch is added inside the product.
  EXPECT_LT(relative_error(adapted, a.logits()), 1e-6);
}

TEST_P(MethodContract, TrainsItsOwnParametersAllOfThemAndNothingElse) {
  auto a = build();
  if (!entry().promises.trains) {
    EXPECT_TRUE(a.parameters.empty());
    return;
  }
  ASSERT_FALSE(a.parameters.empty());
  std::set<std::string> names;
  std::set<const void*> own;
  for (const auto& [name, parameter] : a.parameters) {
    EXPECT_TRUE(names.insert(name).second) << name << " twice";
    EXPECT_TRUE(own.insert(parameter.unsafeGetTensorImpl()).second) << name << " is another's";
  }
  // A second step: what stands behind a zero (LoRA's A behind B) has a gradient of zero in the first.
  std::map<std::string, at::Tensor> before;
  for (const auto& [name, parameter] : a.parameters)
    before[name] = parameter.detach().clone();
  a.step(0.05);
  a.step(0.05);
  for (const auto& [name, parameter] : a.parameters) {
    ASSERT_TRUE(parameter.grad().defined()) << name << " got no gradient";
    EXPECT_FALSE(torch::equal(parameter, before[name])) << name << " did not move";
  }
  for (const auto& parameter : a.model->named_parameters()) {
    EXPECT_TRUE(own.contains(parameter.value().unsafeGetTensorImpl()) || !parameter.value().grad().defined())
        << parameter.key() << " is frozen and got a gradient";
  }
}

TEST_P(MethodContract, LeavesTheFrozenModelAsItIsToTheBit) {
  auto a = build();
  const auto before = state_of(*a.model);
  for (int i = 0; i < 10; ++i) {
    if (!a.parameters.empty()) a.step(0.05);
  }
  const std::set<std::string> trained(a.adaptation.trained.begin(), a.adaptation.trained.end());
  const auto after = state_of(*a.model);
  for (size_t i = 0; i < before.size(); ++i) {
    if (trained.contains(before[i].first)) continue;
    EXPECT_TRUE(torch::equal(before[i].second, after[i].second)) << before[i].first;
  }
  if (!trained.empty()) return;
  // Taken out again, the model computes what it did.
  const torch::NoGradGuard no_grad;
  nn::Context context;
  a.model->clear_inserts();
  const auto features = a.model->reader().encode({a.images}, context);
  context = {};
  EXPECT_TRUE(torch::equal(features, tiny_model(GetParam().kind)->reader().encode({a.images}, context)));
}

TEST_P(MethodContract, GivesTheSameBitsWhereBlocksRunAgainInTheBackward) {
  auto a = build();
  if (a.parameters.empty()) return;
  const auto gradients = [&](bool recompute) {
    for (auto& [name, parameter] : a.parameters)
      parameter.mutable_grad() = at::Tensor();
    for (int batch = 0; batch < 2; ++batch)  // accumulated
      torch::cross_entropy_loss(a.logits(true, recompute), a.labels).backward();
    std::map<std::string, at::Tensor> found;
    for (const auto& [name, parameter] : a.parameters)
      found[name] = parameter.grad();
    return found;
  };
  const auto kept = gradients(false), made_again = gradients(true);
  EXPECT_TRUE(torch::equal(a.logits(true, false), a.logits(true, true)));
  for (const auto& [name, gradient] : kept)
    EXPECT_TRUE(torch::equal(gradient, made_again.at(name))) << name;
}

TEST_P(MethodContract, GivesTheSameOutputSavedAndLoaded) {
  auto a = build(1), b = build(2);
  for (int i = 0; i < 3 && !a.parameters.empty(); ++i)
    a.step(0.05);
  std::map<std::string, at::Tensor> file;
  for (const auto& [name, tensor] : a.method->to_disk(*a.model, a.adaptation))
    file[name] = tensor.clone();
  b.method->from_disk(*b.model, file, b.adaptation);
  const torch::NoGradGuard no_grad;
  const auto head = a.head->named_parameters(false);
  for (auto& parameter : b.head->named_parameters(false))
    parameter.value().copy_(head[parameter.key()]);
  EXPECT_TRUE(torch::equal(a.logits(), b.logits()));
  EXPECT_EQ(a.method->config(), methods::make_method(a.method->name(), a.method->config())->config());
}

TEST_P(MethodContract, RefusesAFileOfAnotherShape) {
  auto a = build();
  auto file = a.method->to_disk(*a.model, a.adaptation);
  file["stray"] = torch::zeros({1});
  try {
    a.method->from_disk(*a.model, file, a.adaptation);
    FAIL() << "a tensor that belongs nowhere was loaded";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("stray"));
    EXPECT_THAT(error.what(), HasSubstr(fmt::format("[{}]", entry().name)));
  }
}

TEST_P(MethodContract, AnnouncesEveryParameterThatTrains) {
  const auto a = build();
  int64_t announced = 0, found = 0;
  for (const auto& [name, parameter] : a.parameters)
    announced += parameter.numel();
  const auto count = [&](const torch::nn::Module& module, bool recurse) {
    for (const auto& p : module.named_parameters(recurse))
      found += p.value().requires_grad() ? p.value().numel() : 0;
  };
  count(*a.model, true);
  count(*a.head, false);
  for (const auto& binding : a.adaptation.bindings)
    count(*binding.insert, true);
  EXPECT_EQ(announced, found);
}

TEST_P(MethodContract, FoldsIntoThePlainModelIfItSaysSo) {
  if (!entry().promises.folds) return;
  auto a = build();
  a.step(0.05);
  a.step(0.05);
  const torch::NoGradGuard no_grad;
  const auto unfolded = a.logits();
  for (const auto& module : a.model->modules()) {
    auto* linear = dynamic_cast<nn::Linear*>(module.get());
    if (!linear || linear->joint().empty()) continue;
    auto weight = linear->weight().clone(), bias = linear->bias().defined() ? linear->bias().clone() : at::Tensor();
    for (const auto& occupant : linear->joint().occupants()) {
      const int64_t begin = occupant.begin, rows = occupant.whole() ? weight.size(0) : occupant.end - begin;
      const auto folded =
          occupant.insert->fold(weight.narrow(0, begin, rows), bias.defined() ? bias.narrow(0, begin, rows) : bias);
      ASSERT_TRUE(folded.has_value());
      weight.narrow(0, begin, rows).copy_(folded->weight);
      if (folded->bias.defined()) bias.narrow(0, begin, rows).copy_(folded->bias);
    }
    linear->assign(weight, bias);
  }
  a.model->clear_inserts();
  EXPECT_LT(relative_error(a.logits(), unfolded), 1e-5);  // float32, one rounding of each folded weight
}

TEST_P(MethodContract, RefusesAnUnknownOptionByName) {
  try {
    entry().parse({{"no-such-option", "1"}});
    FAIL() << "an unknown option was taken";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no-such-option"));
    EXPECT_THAT(error.what(), HasSubstr(entry().name));
  }
}

TEST_P(MethodContract, GivesTheSameNumbersForTheSameSeed) {
  auto a = build(3), b = build(3);
  for (auto* each : {&a, &b}) {
    for (int i = 0; i < 2 && !each->parameters.empty(); ++i)
      each->step(0.05);
  }
  EXPECT_TRUE(torch::equal(a.logits(), b.logits()));
}

TEST_P(MethodContract, HasTheGradientsOfItsDifferences) {
  auto a = build();
  a.model->to(torch::kFloat64);
  a.head->to(torch::kFloat64);
  for (const auto& binding : a.adaptation.bindings)
    binding.insert->to(torch::kFloat64);
  a.install();
  std::vector<at::Tensor> training;
  for (const auto& [name, parameter] : a.parameters) {
    // Away from zeros, behind which gradients vanish, and from equal values.
    const torch::NoGradGuard no_grad;
    parameter.add_(torch::linspace(-0.03, 0.05, parameter.numel(), parameter.options()).view_as(parameter));
    training.push_back(parameter);
  }
  if (training.empty()) return;
  a.head->forget();
  const bool many = training.size() > 20;  // then fewer elements of each, to stay quick
  expect_gradients_of_differences([&] { return a.logits(); }, training, /*tolerance=*/2e-6, many ? 2 : 6);
}

// A form is what a fused kernel may compute instead; forward is what it must equal.
TEST_P(MethodContract, ComputesFusedWhatItsForwardSays) {
  struct Plain final : nn::Insert {
    explicit Plain(std::shared_ptr<nn::Insert> insert) : inner(register_module("inner", std::move(insert))) {}
    at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override {
      return inner->forward(x, frozen, context);
    }
    nn::Layout layout(const nn::Layout& before) const override { return inner->layout(before); }
    std::shared_ptr<nn::Insert> inner;
  };
  auto a = build();
  if (!a.parameters.empty()) a.step(0.05);
  const torch::NoGradGuard no_grad;
  const auto fused = a.logits();
  for (auto& binding : a.adaptation.bindings)
    binding.insert = std::make_shared<Plain>(binding.insert);
  a.install();
  EXPECT_LT(relative_error(fused, a.logits()), 1e-5);  // float32, products in another order
}

std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  std::string name = std::string(info.param.entry->name) + "_" + info.param.kind;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Methods, MethodContract, ::testing::ValuesIn(cases()), case_name);

// The other half of fits(): a method that does not fit says so itself, by name.
TEST(Methods, RefuseModelsThatTheyDoNotFit) {
  const auto model = tiny_model("vit");
  for (const Entry* entry : methods::entries()) {
    if (methods::fits(*entry, *model)) continue;
    Random random(1);
    models::LinearHead head(model->reader().width(model->reader().last()), 2, models::HeadInit::zero, random);
    try {
      entry->parse({})->attach({model, {"a", "b"}, 1, 2}, head, random);
      FAIL() << entry->name << " took a model that it does not fit";
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), HasSubstr(fmt::format("[{}]", entry->name)));
      EXPECT_THAT(error.what(), HasSubstr("Methods that fit:"));
    }
  }
}

// In open_clip's layout the text tower's names are the ends of the image tower's; PEFT would take the one for the other
// in a list.
TEST(PeftOfOpenClip, TargetsOfTheTextTowerAreWrittenAsAPattern) {
  const auto model = tiny_model("clip");
  Random random(1);
  models::ClassPrompts prompts(model, {"a", "b"}, {}, 1);
  const auto method = methods::make_method("lora", {{"tower", "text"}, {"target", "blocks.0.mlp.fc1"}, {"rank", "2"}});
  const auto adaptation = method->attach({model, {"a", "b"}, 0, 2}, prompts, random);
  EXPECT_EQ(method->peft_config(*model, adaptation)["target_modules"], R"(transformer\.resblocks\.0\.mlp\.c_fc)");
}

}  // namespace
}  // namespace graft::testing
