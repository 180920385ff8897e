// LoRA in the convolutions of a ResNet, as PEFT has it there (tests/golden/make/methods_peft_resnet.py).
#include <gmock/gmock.h>
#include <torch/types.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "graft/methods/lora/peft.h"
#include "graft/nn/foldable.h"
#include "tests/methods/small_models.h"
#include "tests/support/gradient_check.h"
#include "tests/support/tiny_models.h"

namespace graft::methods {
namespace {

using graft::testing::relative_error;
using ::testing::HasSubstr;

std::shared_ptr<models::Model> torchvisions_resnet() {
  return models::load_model(io::ModelFolder::at(golden_path("full_resnet/model.safetensors")), {});
}

std::map<std::string, at::Tensor> peft_wrote(const std::string& file) {
  return read_tensors(golden_path("peft_resnet/" + file + ".safetensors"));
}

nlohmann::json peft_says() {
  return nlohmann::json::parse(std::ifstream(golden_path("peft_resnet/adapter_config.json")));
}

ForeignAdapter peft_adapter(models::Model& model) {
  return lora::peft::from_peft({peft_says(), "adapter_config.json"}, peft_wrote("adapter_model"), model);
}

at::Tensor features_of(models::Model& model) {
  nn::Context context;
  return model.reader().encode({read_tensors(golden_path("full_resnet/expected.safetensors")).at("images")}, context);
}

void put_in(const Adaptation& adaptation, models::Model& model) {
  Random random(1);
  models::LinearHead head(model.reader().width(model.reader().last()), 2, models::HeadInit::zero, random);
  install(adaptation, model, head);
}

Adapted with_lora(const OptionValues& options) {
  return under_linear_head(torchvisions_resnet(), "lora", options);
}

std::vector<std::string> paths_of(const Adapted& adapted) {
  std::vector<std::string> paths;
  for (const auto& binding : adapted.adaptation.bindings)
    paths.push_back(binding.sites.front());
  return paths;
}

TEST(PeftOfResnet, AnAdapterThatPeftWroteGivesItsFeaturesAndGradients) {
  const auto model = torchvisions_resnet();
  const auto expected = peft_wrote("expected");
  EXPECT_LT(relative_error(features_of(*model), expected.at("frozen")), 1e-5);  // float32
  const auto foreign = peft_adapter(*model);
  EXPECT_EQ(foreign.adaptation.bindings.size(), 1u + 16 + 3);  // the stem, two a block, the shortcuts
  put_in(foreign.adaptation, *model);
  const auto features = features_of(*model);
  EXPECT_LT(relative_error(features, expected.at("adapted")), 1e-5);
  (features * expected.at("weights")).sum().backward();
  for (const auto& binding : foreign.adaptation.bindings) {
    const auto& branch = dynamic_cast<const lora::Branch&>(*binding.insert);
    const auto name = "gradient.base_model.model." + checkpoint_path(*model, binding.sites.front());
    EXPECT_LT(relative_error(branch.a().grad(), expected.at(name + ".lora_A.weight")), 1e-4) << name;
    EXPECT_LT(relative_error(branch.b().grad(), expected.at(name + ".lora_B.weight")), 1e-4) << name;
  }
}

TEST(PeftOfResnet, IsWrittenBackTensorForTensorAsPeftWroteIt) {
  const auto model = torchvisions_resnet();
  const auto theirs = peft_wrote("adapter_model");
  const auto foreign = peft_adapter(*model);
  const auto ours = foreign.method->to_disk(*model, foreign.adaptation);
  ASSERT_EQ(ours.size(), theirs.size());
  for (const auto& [name, tensor] : ours) {
    ASSERT_TRUE(theirs.contains(name)) << name;
    EXPECT_TRUE(torch::equal(tensor, theirs.at(name))) << name;
  }
  const auto written = foreign.method->peft_config(*model, foreign.adaptation);
  EXPECT_EQ(written["r"], 3);
  EXPECT_EQ(written["lora_alpha"], 6);
  EXPECT_EQ(written["rank_pattern"]["layer2.0.conv2"], 2);
  EXPECT_EQ(written["alpha_pattern"]["layer2.0.conv2"], 5);
}

TEST(PeftOfResnet, FoldsIntoThePlainConvolutionsThatPeftMerges) {
  const auto model = torchvisions_resnet();
  put_in(peft_adapter(*model).adaptation, *model);
  const torch::NoGradGuard no_grad;
  int64_t compared = 0;
  for (const auto& [name, merged] : peft_wrote("expected")) {
    if (!name.starts_with("merged.")) continue;
    for (const auto& module : model->modules()) {
      auto* map = dynamic_cast<nn::Foldable*>(module.get());
      if (!map || "merged." + map->joint().site().checkpoint + ".weight" != name) continue;
      const auto folded = map->joint().occupants().front().insert->fold(map->weight(), {});
      EXPECT_LT(relative_error(folded->weight, merged), 1e-6) << name;
      ++compared;
    }
  }
  EXPECT_EQ(compared, 3);
}

TEST(PeftOfResnet, WhereNobodyNamesAnyItIsInTheConvolutionsOfResidualPaths) {
  const auto adapted = with_lora({{"rank", "2"}});
  const auto paths = paths_of(adapted);
  EXPECT_EQ(paths.size(), 16u);
  EXPECT_EQ(paths.front(), "vision.blocks.0.conv1");
  const auto config = adapted.method->peft_config(*adapted.model, adapted.adaptation);
  EXPECT_EQ(config["target_modules"][0], "layer1.0.conv1");
  EXPECT_EQ(paths_of(with_lora({{"rank", "2"}, {"target", "conv2,shortcut"}})).size(), 8u + 3);
}

TEST(PeftOfResnet, TheStemIsNamedInFullAndByAPatternThatPeftTakesForNoOther) {
  const auto adapted = with_lora({{"rank", "2"}, {"target", "vision.stem.conv1"}});
  EXPECT_EQ(paths_of(adapted), std::vector<std::string>{"vision.stem.conv1"});
  const auto tensors = adapted.method->to_disk(*adapted.model, adapted.adaptation);
  EXPECT_EQ(tensors.at("base_model.model.conv1.lora_A.weight").sizes(), (std::vector<int64_t>{2, 3, 7, 7}));
  // In a list PEFT would take "conv1" for every block's; a string is matched against the whole name.
  EXPECT_EQ(adapted.method->peft_config(*adapted.model, adapted.adaptation)["target_modules"], "conv1");
}

TEST(PeftOfResnet, StartsAsPytorchsConvolutionsDoAndWithoutAnEffect) {
  const auto adapted = with_lora({{"rank", "4"}, {"target", "vision.blocks.7.conv2"}});
  const auto& branch = dynamic_cast<const lora::Branch&>(*adapted.adaptation.bindings.front().insert);
  EXPECT_EQ(branch.a().sizes(), (std::vector<int64_t>{4, 16, 3, 3}));
  EXPECT_EQ(branch.b().sizes(), (std::vector<int64_t>{16, 4, 1, 1}));
  const double bound = 1 / std::sqrt(16 * 9.0);  // U(-1/sqrt(fan-in), 1/sqrt(fan-in))
  const double largest = branch.a().abs().max().item<double>();
  EXPECT_LE(largest, bound);
  EXPECT_GT(largest, 0.95 * bound);
  EXPECT_EQ(branch.b().count_nonzero().item<int64_t>(), 0);
}

// Of the inflated network: a clip of nine frames.
TEST(PeftOfResnet, StandsBesideConvolutionsOverTimeAndFoldsIntoThem) {
  const std::shared_ptr<models::Model> model = models::load_model(
      io::ModelFolder::at(golden_path("full_resnet/model.safetensors")), {.told = {.inflate = models::Inflate::i3d}});
  const auto adapted = under_linear_head(model, "lora", {{"rank", "2"}, {"target", "blocks.*.conv1,shortcut"}});
  const auto& first = dynamic_cast<const lora::Branch&>(*adapted.adaptation.bindings.front().insert);
  EXPECT_EQ(first.a().sizes(), (std::vector<int64_t>{2, 2, 3, 3, 3}));
  EXPECT_EQ(first.b().sizes(), (std::vector<int64_t>{2, 2, 1, 1, 1}));
  const torch::NoGradGuard no_grad;
  nn::Value clip{graft::testing::random_tensor({9, 3, 32, 32}, 5)};
  clip.layout.frames = 9;
  nn::Context context;
  const auto before = model->reader().encode(clip, context);
  for (const auto& [name, parameter] : adapted.parameters)
    parameter.detach().add_(0.1);
  context = {};
  const auto unfolded = model->reader().encode(clip, context);
  for (const auto& module : model->modules()) {
    auto* map = dynamic_cast<nn::Foldable*>(module.get());
    if (!map || map->joint().empty()) continue;
    map->assign(map->joint().occupants().front().insert->fold(map->weight(), {})->weight, {});
    map->joint().clear();
  }
  context = {};
  EXPECT_LT(relative_error(model->reader().encode(clip, context), unfolded), 1e-5);
  EXPECT_GT(relative_error(before, unfolded), 1e-2);
}

TEST(PeftOfResnet, RefusesByNameWhatIsNotReadOfConvolutions) {
  const auto model = torchvisions_resnet();
  const auto refusal = [&](nlohmann::json config, std::map<std::string, at::Tensor> tensors) -> std::string {
    try {
      lora::peft::from_peft({std::move(config), "adapter_config.json"}, tensors, *model);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "it was read";
  };
  auto config = peft_says();
  config["use_dora"] = true;
  EXPECT_THAT(refusal(config, peft_wrote("adapter_model")), HasSubstr("lora_magnitude_vector"));
  auto tensors = peft_wrote("adapter_model");
  tensors["base_model.model.layer1.0.conv1.lora_A.weight"] = torch::zeros({3, 18});
  EXPECT_THAT(refusal(peft_says(), tensors), HasSubstr("layer1.0.conv1.lora_A: shape [3, 18]: expected 4 dimensions"));
  tensors["base_model.model.layer1.0.conv1.lora_A.weight"] = torch::zeros({3, 2, 5, 5});
  EXPECT_THAT(refusal(peft_says(), tensors), HasSubstr("shape [3, 2, 5, 5], expected [3, 2, 3, 3]"));
  tensors = peft_wrote("adapter_model");
  tensors["base_model.model.layer5.0.conv1.lora_A.weight"] = torch::zeros({3, 2, 3, 3});
  EXPECT_THAT(refusal(peft_says(), tensors), HasSubstr("layer5.0.conv1.lora_A.weight: no such place"));
}

}  // namespace
}  // namespace graft::methods
