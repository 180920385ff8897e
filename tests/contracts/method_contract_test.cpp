// What every adaptation method promises, asked of every method that is listed, on a model of every family that it fits,
// for every task.
#include <gmock/gmock.h>
#include <torch/types.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "graft/core/error.h"
#include "graft/nn/foldable.h"
#include "tests/contracts/on_tiny.h"
#include "tests/support/gradient_check.h"

namespace graft::testing {
namespace {

using methods::Entry;
using ::testing::HasSubstr;

// What a registry's names are to gtest.
std::string plain(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class MethodEntry : public ::testing::TestWithParam<const Entry*> {};

TEST_P(MethodEntry, NamesItsPaper) {
  EXPECT_THAT(GetParam()->paper, HasSubstr("arXiv:"));
  EXPECT_FALSE(std::string(GetParam()->summary).empty());
}

TEST_P(MethodEntry, RefusesAnUnknownOptionByName) {
  try {
    GetParam()->parse({{"no-such-option", "1"}});
    FAIL() << "an unknown option was taken";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no-such-option"));
    EXPECT_THAT(error.what(), HasSubstr(GetParam()->name));
  }
}

// The other half of fits(): a method that does not fit says so itself, by name.
TEST_P(MethodEntry, RefusesModelsThatItDoesNotFit) {
  for (const auto& family : tiny_families()) {
    const auto model = tiny_model(family);
    if (methods::fits(*GetParam(), *model)) continue;
    try {
      methods::build_adapted({.model = model, .classes = {"a", "b"}, .shots = 1, .train_size = 2, .templates = {"{}"}},
                             GetParam()->parse({}));
      FAIL() << GetParam()->name << " took a model that it does not fit: " << family.name;
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), HasSubstr(fmt::format("[{}]", GetParam()->name)));
      EXPECT_THAT(error.what(), HasSubstr("Methods that fit:"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, MethodEntry, ::testing::ValuesIn(methods::entries()),
                         [](const auto& info) { return plain(info.param->name); });

class MethodContract : public ::testing::TestWithParam<Case> {
 protected:
  const Entry& entry() const { return *GetParam().method; }
  OnTiny build(uint64_t seed = 1) const { return on_tiny(GetParam(), seed); }
};

TEST_P(MethodContract, StartsAsTheFrozenModelIfItSaysSo) {
  if (!entry().promises.identity_at_start) return;
  auto a = build();
  const torch::NoGradGuard no_grad;
  const auto adapted = a.answers();
  methods::install({}, *a.model, *a.head);
  // Not to the bit: a fused branch is added inside the product.
  EXPECT_LT(relative_error(adapted, a.answers()), 1e-6);
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
    // A step may be smaller than the last bit of what it is added to.
    const bool reached = parameter.grad().count_nonzero().item<int64_t>() > 0;
    EXPECT_TRUE(reached || !torch::equal(parameter, before[name])) << name << " did not move";
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
  const auto features = a.model->reader().encode(a.examples, context);
  context = {};
  EXPECT_TRUE(torch::equal(features, tiny_model(*GetParam().family)->reader().encode(a.examples, context)));
}

TEST_P(MethodContract, GivesTheSameBitsWhereBlocksRunAgainInTheBackward) {
  auto a = build();
  if (a.parameters.empty()) return;
  const auto gradients = [&](bool recompute) {
    for (auto& [name, parameter] : a.parameters)
      parameter.mutable_grad() = at::Tensor();
    for (int batch = 0; batch < 2; ++batch)  // accumulated
      a.loss(recompute).backward();
    std::map<std::string, at::Tensor> found;
    for (const auto& [name, parameter] : a.parameters)
      found[name] = parameter.grad();
    return found;
  };
  const auto kept = gradients(false), made_again = gradients(true);
  EXPECT_TRUE(torch::equal(a.answers(true, false), a.answers(true, true)));
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
  EXPECT_TRUE(torch::equal(a.answers(), b.answers()));
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
  std::set<const void*> seen;  // several inserts may share one
  const auto count = [&](const torch::nn::Module& module, bool recurse) {
    for (const auto& p : module.named_parameters(recurse)) {
      if (p.value().requires_grad() && seen.insert(p.value().unsafeGetTensorImpl()).second) found += p.value().numel();
    }
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
  const auto unfolded = a.answers();
  for (const auto& module : a.model->modules()) {
    auto* map = dynamic_cast<nn::Foldable*>(module.get());
    if (!map || map->joint().empty()) continue;
    auto weight = map->weight().clone(), bias = map->bias().defined() ? map->bias().clone() : at::Tensor();
    for (const auto& occupant : map->joint().occupants()) {
      const int64_t begin = occupant.begin, rows = occupant.whole() ? weight.size(0) : occupant.end - begin;
      const auto folded =
          occupant.insert->fold(weight.narrow(0, begin, rows), bias.defined() ? bias.narrow(0, begin, rows) : bias);
      ASSERT_TRUE(folded.has_value());
      weight.narrow(0, begin, rows).copy_(folded->weight);
      if (folded->bias.defined()) bias.narrow(0, begin, rows).copy_(folded->bias);
    }
    map->assign(weight, bias);
  }
  a.model->clear_inserts();
  EXPECT_LT(relative_error(a.answers(), unfolded), 1e-5);  // float32, one rounding of each folded weight
}

TEST_P(MethodContract, GivesTheSameNumbersForTheSameSeed) {
  auto a = build(3), b = build(3);
  for (auto* each : {&a, &b}) {
    for (int i = 0; i < 2 && !each->parameters.empty(); ++i)
      each->step(0.05);
  }
  EXPECT_TRUE(torch::equal(a.answers(), b.answers()));
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
  const auto answers = [&] {
    if (GetParam().task->target != data::Target::caption) return a.answers();
    nn::Context context;
    return a.answers().matmul(a.head->truth(a.target, context).t());  // each photo beside each caption
  };
  expect_gradients_of_differences(answers, training, /*tolerance=*/2e-6, many ? 2 : 6);
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
  const auto fused = a.answers();
  for (auto& binding : a.adaptation.bindings)
    binding.insert = std::make_shared<Plain>(binding.insert);
  a.install();
  EXPECT_LT(relative_error(fused, a.answers()), 1e-5);  // float32, products in another order
}

std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  return plain(fmt::format("{}_on_{}_for_{}", info.param.method->name, info.param.family->name, info.param.task->name));
}

std::vector<Case> cases_that(bool serves) {
  auto all = cases();
  std::erase_if(all, [&](const Case& c) { return methods::serves(*c.method, c.task->target) != serves; });
  return all;
}
INSTANTIATE_TEST_SUITE_P(Methods, MethodContract, ::testing::ValuesIn(cases_that(true)), case_name);

// A task whose answers the method cannot learn is refused, by the method's name and before anything is built.
class MethodRefusal : public ::testing::TestWithParam<Case> {};
TEST_P(MethodRefusal, NamesTheMethodAndOthersThatCan) {
  try {
    on_tiny(GetParam());
    FAIL() << GetParam() << " was built";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr(fmt::format("[{}]", GetParam().method->name)));
    EXPECT_THAT(error.what(), HasSubstr("Methods that can:"));
    EXPECT_THAT(error.what(), HasSubstr("full"));
  }
}
INSTANTIATE_TEST_SUITE_P(Methods, MethodRefusal, ::testing::ValuesIn(cases_that(false)), case_name);

// In open_clip's layout the text tower's names are the ends of the image tower's; PEFT would take the one for the other
// in a list.
TEST(PeftOfOpenClip, TargetsOfTheTextTowerAreWrittenAsAPattern) {
  const std::shared_ptr<models::Model> model = tiny_clip();
  const auto on = methods::build_adapted(
      {.model = model, .classes = {"a", "b"}, .templates = {"{}"}},
      methods::make_method("lora", {{"tower", "text"}, {"target", "blocks.0.mlp.fc1"}, {"rank", "2"}}));
  EXPECT_EQ(on.method->peft_config(*model, on.adaptation)["target_modules"], R"(transformer\.resblocks\.0\.mlp\.c_fc)");
}

}  // namespace
}  // namespace graft::testing
