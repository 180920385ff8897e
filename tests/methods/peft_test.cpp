// LoRA adapters that PEFT wrote, for models that open_clip, timm and transformers wrote.
#include "graft/methods/lora/peft.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/methods/small_models.h"

namespace graft::methods {
namespace {

class Peft : public ::testing::TestWithParam<std::string> {
 protected:
  std::string path(const std::string& file) const { return golden_path("peft_" + GetParam() + "/" + file); }
  io::JsonObject config() const { return *io::JsonObject::read(path("adapter_config.json")); }
  std::map<std::string, at::Tensor> adapter() const { return read_tensors(path("adapter_model.safetensors")); }
};

double distance(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>() / b.abs().max().item<double>();
}

TEST_P(Peft, AnAdapterThatPeftWroteGivesItsFeatures) {
  const auto model = small_model(GetParam());
  const auto foreign = lora::peft::from_peft(config(), adapter(), *model);
  auto expected = read_tensors(path("expected.safetensors"));
  Random random(1);
  models::LinearHead head(model->reader().width(model->reader().last()), 2, models::HeadInit::zero, random);
  const torch::NoGradGuard no_grad;
  nn::Context context;
  EXPECT_LT(distance(model->reader().encode({expected["images"]}, context), expected["frozen"]), 1e-5);  // float32
  install(foreign.adaptation, *model, head);
  context = {};
  EXPECT_LT(distance(model->reader().encode({expected["images"]}, context), expected["adapted"]), 1e-5);
}

TEST_P(Peft, IsWrittenBackTensorForTensorAsPeftWroteIt) {
  const auto model = small_model(GetParam());
  const auto theirs = adapter();
  const auto foreign = lora::peft::from_peft(config(), theirs, *model);
  const auto ours = foreign.method->to_disk(*model, foreign.adaptation);
  EXPECT_EQ(ours.size(), theirs.size());
  for (const auto& [name, tensor] : ours) {
    ASSERT_TRUE(theirs.contains(name)) << name;
    EXPECT_TRUE(torch::equal(tensor, theirs.at(name))) << name;
  }
  const auto written = foreign.method->peft_config(*model, foreign.adaptation);
  for (const char* field : {"peft_type", "r", "lora_alpha", "use_rslora", "lora_dropout", "bias"}) {
    EXPECT_EQ(written[field], config().raw(field)) << field;
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, Peft, ::testing::Values("open_clip", "timm", "hf"),
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

// An adapter means what the PEFT that trained it computed. A later PEFT than 0.21.2 may add out_proj's update once.
TEST(PeftOfOpenClip, HowOftenTheOutputProjectionIsAddedHangsOnPeftsVersion) {
  const auto model = small_model("open_clip");
  const auto tensors = read_tensors(golden_path("peft_open_clip/adapter_model.safetensors"));
  auto config = nlohmann::json::parse(std::ifstream(golden_path("peft_open_clip/adapter_config.json")));
  const auto read = [&](const nlohmann::json& version) {
    config["peft_version"] = version;
    auto foreign = lora::peft::from_peft({config, "adapter_config.json"}, tensors, *model);
    const auto& theirs =
        tensors.at("base_model.model.visual.transformer.resblocks.1.attn.base_layer.out_proj.lora_B.weight");
    double times = 0;
    for (const auto& binding : foreign.adaptation.bindings) {
      if (binding.sites.front() != "vision.blocks.1.attn.proj") continue;
      times = (dynamic_cast<const lora::Branch&>(*binding.insert).b() / theirs).mean().item<double>();
    }
    return std::pair{times, foreign.notes.size()};
  };
  EXPECT_EQ(read("0.21.2"), std::pair(2.0, size_t{0}));
  EXPECT_EQ(read("0.14.0"), std::pair(2.0, size_t{0}));
  EXPECT_EQ(read("0.22.0"), std::pair(1.0, size_t{1}));
  EXPECT_EQ(read("0.21.3.dev0@abc"), std::pair(1.0, size_t{1}));
  EXPECT_EQ(read(nullptr), std::pair(2.0, size_t{1}));
}

TEST(PeftOfTransformers, HasAPairForEachOfItsThreeMatrices) {
  OnSmallModel built("hf", "lora", {{"rank", "2"}});
  const auto tensors = built.method->to_disk(*built.model, built.adaptation);
  EXPECT_EQ(tensors.size(), 2u * 2 * 2);
  EXPECT_TRUE(tensors.contains("base_model.model.vision_model.encoder.layers.0.self_attn.q_proj.lora_A.weight"));
  EXPECT_TRUE(tensors.contains("base_model.model.vision_model.encoder.layers.1.self_attn.v_proj.lora_B.weight"));
}

// transformers 5 has other names in memory than on disk; PEFT needs the ones in memory.
TEST(PeftOfTransformers, ViTAndDinov2AreWrittenByTheNamesInMemory) {
  const auto names = [](const std::string& family, const OptionValues& options) {
    const std::shared_ptr<models::Model> model =
        models::load_model(io::ModelFolder::at(golden_path("foreign_" + family + "/base")), {});
    Random random(1);
    models::LinearHead head(16, 2, models::HeadInit::zero, random);
    const auto method = make_method("lora", options);
    auto adaptation = method->attach({model, {"a", "b"}, 0, 2}, head, random);
    const auto tensors = method->to_disk(*model, adaptation);
    method->from_disk(*model, tensors, adaptation);
    return method->peft_config(*model, adaptation)["target_modules"].get<std::vector<std::string>>();
  };
  using ::testing::Contains;
  const OptionValues all = {{"target", "*"}, {"rank", "2"}},
                     old = {{"target", "*"}, {"rank", "2"}, {"names", "transformers-4"}};
  EXPECT_THAT(names("vit", all), Contains("vit.layers.1.attention.q_proj"));
  EXPECT_THAT(names("vit", all), Contains("vit.layers.0.attention.o_proj"));
  EXPECT_THAT(names("vit", all), Contains("vit.layers.0.mlp.fc2"));
  EXPECT_THAT(names("vit", old), Contains("vit.encoder.layer.1.attention.attention.query"));
  EXPECT_THAT(names("vit", old), Contains("vit.encoder.layer.1.output.dense"));
  EXPECT_THAT(names("dinov2", all), Contains("encoder.layer.1.attention.v_proj"));
  EXPECT_THAT(names("dinov2", old), Contains("encoder.layer.1.attention.output.dense"));
}

// A folder that an earlier graft wrote has the names on disk.
TEST(PeftOfTransformers, BothSpellingsOfOneFileAreRead) {
  const std::shared_ptr<models::Model> model =
      models::load_model(io::ModelFolder::at(golden_path("foreign_vit/base")), {});
  Random random(1);
  models::LinearHead head(16, 2, models::HeadInit::zero, random);
  const auto method = make_method("lora", {{"rank", "2"}});
  const auto old = make_method("lora", {{"rank", "2"}, {"names", "transformers-4"}});
  auto written = old->attach({model, {"a", "b"}, 0, 2}, head, random),
       read = method->attach({model, {"a", "b"}, 0, 2}, head, random);
  method->from_disk(*model, old->to_disk(*model, written), read);
  for (size_t i = 0; i < read.bindings.size(); ++i) {
    EXPECT_TRUE(torch::equal(dynamic_cast<lora::Branch&>(*read.bindings[i].insert).a(),
                             dynamic_cast<lora::Branch&>(*written.bindings[i].insert).a()));
  }
}

}  // namespace
}  // namespace graft::methods
