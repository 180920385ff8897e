// LoRA adapters that PEFT wrote, for models that open_clip, timm and transformers wrote.
#include "graft/methods/lora/peft.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/methods/small_models.h"

namespace graft::methods {
namespace {

using testing::HasSubstr;

class Peft : public testing::TestWithParam<std::string> {
 protected:
  std::string path(const std::string& file) const { return golden_path("peft_" + GetParam() + "/" + file); }
  nlohmann::json config() const { return nlohmann::json::parse(std::ifstream(path("adapter_config.json"))); }
  std::map<std::string, at::Tensor> adapter() const { return read_tensors(path("adapter_model.safetensors")); }

  // Both towers are adapted where there are two, and only class prompts read the second.
  static Adaptation attach(const std::shared_ptr<models::Model>& model, const Method& method) {
    Random random(1);
    const std::vector<std::string> classes = {"a", "b"};
    std::unique_ptr<models::Classifier> classifier;
    if (model->has_text()) {
      classifier = std::make_unique<models::PromptClassifier>(model, classes, std::vector<std::string>{}, 1);
    } else {
      classifier = std::make_unique<models::LinearClassifier>(16, 2, models::HeadInit::zero, random);
    }
    return method.attach({model, classes, 0, 2}, *classifier, random);
  }
};

double distance(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>() / b.abs().max().item<double>();
}

TEST_P(Peft, AnAdapterThatPeftWroteGivesItsFeatures) {
  const auto model = small_model(GetParam());
  const auto method = make_method("lora", lora::peft::options(config(), *model));
  auto adaptation = attach(model, *method);
  method->from_disk(*model, adapter(), adaptation);
  auto expected = read_tensors(path("expected.safetensors"));
  Random random(1);
  models::LinearClassifier head(model->reader().width(model->reader().last()), 2, models::HeadInit::zero, random);
  const torch::NoGradGuard no_grad;
  nn::Context context;
  EXPECT_LT(distance(model->reader().encode({expected["images"]}, context), expected["frozen"]), 1e-5);  // float32
  install(adaptation, *model, head);
  context = {};
  EXPECT_LT(distance(model->reader().encode({expected["images"]}, context), expected["adapted"]), 1e-5);
}

TEST_P(Peft, IsWrittenBackTensorForTensorAsPeftWroteIt) {
  const auto model = small_model(GetParam());
  const auto method = make_method("lora", lora::peft::options(config(), *model));
  auto adaptation = attach(model, *method);
  const auto theirs = adapter();
  method->from_disk(*model, theirs, adaptation);
  const auto ours = method->to_disk(*model, adaptation);
  EXPECT_EQ(ours.size(), theirs.size());
  for (const auto& [name, tensor] : ours) {
    ASSERT_TRUE(theirs.contains(name)) << name;
    EXPECT_TRUE(torch::equal(tensor, theirs.at(name))) << name;
  }
  const auto written = method->peft_config(*model, adaptation);
  for (const char* field : {"peft_type", "r", "lora_alpha", "use_rslora", "lora_dropout", "bias"}) {
    EXPECT_EQ(written[field], config()[field]) << field;
  }
}

TEST_P(Peft, RefusesWhatItDoesNotCompute) {
  const auto model = small_model(GetParam());
  auto changed = config();
  changed["use_dora"] = true;
  try {
    lora::peft::options(changed, *model);
    FAIL() << "DoRA was read as LoRA";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("\"use_dora\": true, which is not read"));
  }
  changed = config();
  changed["target_modules"] = {"no_such_module"};
  EXPECT_THROW(lora::peft::options(changed, *model), ModelError);
}

INSTANTIATE_TEST_SUITE_P(Layouts, Peft, testing::Values("open_clip", "timm", "hf"),
                         [](const auto& info) { return info.param; });

// PEFT adapts an nn.MultiheadAttention's two maps together, so a file with one of them alone would not load there.
TEST(PeftOfOpenClip, GetsAZeroPairForTheOutputProjection) {
  OnSmallModel built("open_clip", "lora", {{"rank", "2"}});
  const auto tensors = built.method->to_disk(*built.model, built.adaptation);
  const std::string attention = "base_model.model.visual.transformer.resblocks.1.attn.";
  EXPECT_EQ(tensors.at(attention + "lora_A.weight").sizes(), (std::vector<int64_t>{4, 16}));
  EXPECT_EQ(tensors.at(attention + "lora_B.weight").sizes(), (std::vector<int64_t>{48, 4}));
  EXPECT_EQ(tensors.at(attention + "base_layer.out_proj.lora_A.weight").count_nonzero().item<int64_t>(), 0);
  EXPECT_EQ(tensors.at(attention + "base_layer.out_proj.lora_B.weight").sizes(), (std::vector<int64_t>{16, 4}));
  const auto config = built.method->peft_config(*built.model, built.adaptation);
  EXPECT_EQ(config["target_modules"],
            nlohmann::json({"visual.transformer.resblocks.0.attn", "visual.transformer.resblocks.1.attn"}));
}

// PEFT adds that pair twice; a branch of ours on the projection is written at half and means the same there.
TEST(PeftOfOpenClip, WritesTheOutputProjectionAtHalfAsPeftAddsItTwice) {
  OnSmallModel built("open_clip", "lora", {{"rank", "2"}, {"target", "attn.proj"}});
  const auto& branch = dynamic_cast<lora::Branch&>(*built.adaptation.bindings.front().insert);
  at::Tensor(branch.b().detach()).fill_(3);
  const auto tensors = built.method->to_disk(*built.model, built.adaptation);
  const std::string attention = "base_model.model.visual.transformer.resblocks.0.attn.";
  EXPECT_TRUE(tensors.at(attention + "base_layer.out_proj.lora_B.weight").eq(1.5).all().item<bool>());
  EXPECT_EQ(tensors.at(attention + "lora_B.weight").count_nonzero().item<int64_t>(), 0);
}

TEST(PeftOfTransformers, HasAPairForEachOfItsThreeMatrices) {
  OnSmallModel built("hf", "lora", {{"rank", "2"}});
  const auto tensors = built.method->to_disk(*built.model, built.adaptation);
  EXPECT_EQ(tensors.size(), 2u * 2 * 2);
  EXPECT_TRUE(tensors.contains("base_model.model.vision_model.encoder.layers.0.self_attn.q_proj.lora_A.weight"));
  EXPECT_TRUE(tensors.contains("base_model.model.vision_model.encoder.layers.1.self_attn.v_proj.lora_B.weight"));
}

}  // namespace
}  // namespace graft::methods
