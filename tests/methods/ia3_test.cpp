#include "graft/methods/ia3/ia3.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "graft/io/model_folder.h"
#include "graft/methods/foreign.h"
#include "graft/models/decoder/decoder.h"
#include "tests/methods/golden.h"
#include "tests/methods/sites_only.h"

namespace graft::methods {
namespace {

using ::testing::HasSubstr;

// Of each block keys and values of 768 and what the second map reads of 3,072.
TEST(Ia3, TrainsAFactorForEachKeyValueAndInnerNumber) {
  const auto built = on_sites("ia3", {});
  EXPECT_EQ(built.inserted(), 12 * (768 + 768 + 3072));
  EXPECT_EQ(on_sites("ia3", {{"inputs", ""}}).inserted(), 12 * 2 * 768);
  EXPECT_EQ(on_sites("ia3", {{"target", "none"}}).inserted(), 12 * 3072);
  for (const auto& binding : built.adaptation.bindings)
    EXPECT_TRUE((binding.insert->parameters().front() == 1).all().item<bool>()) << binding.sites.front();
}

TEST(Ia3, MultipliesOutputsOrInputs) {
  const nn::Frozen twice([](const at::Tensor& x) { return 2 * x + 1; });
  const auto factors = torch::tensor({2.f, 3.f});
  const auto x = torch::tensor({{1.f, 10.f}});
  const ia3::Factors outputs(factors, ia3::Side::outputs, 0), inputs(factors, ia3::Side::inputs, 0);
  EXPECT_TRUE(torch::equal(outputs.forward(x, twice, {}), torch::tensor({{6.f, 63.f}})));
  EXPECT_TRUE(torch::equal(inputs.forward(x, twice, {}), torch::tensor({{5.f, 61.f}})));
}

TEST(Ia3, RefusesAPatternThatSelectsNothing) {
  EXPECT_THAT(
      [] {
        on_sites("ia3", {{"target", "none"}, {"inputs", "nor"}});
      },
      ::testing::ThrowsMessage<ConfigError>(HasSubstr("--target none: selects no linear map")));
}

// What PEFT computes and keeps (tests/golden/make/methods_ia3.py).
class Ia3OfPeft : public ::testing::TestWithParam<const char*> {
 protected:
  std::string path(const std::string& file) const { return golden_path(fmt::format("ia3_{}/{}", GetParam(), file)); }
  std::string name() const { return GetParam(); }
  std::shared_ptr<models::Model> model() const {
    const auto base = name() == "llama"  ? source_dir() / "tests/golden/models/decoder_llama"
                      : name() == "bert" ? source_dir() / "tests/golden/models/bert_hf"
                                         : source_dir() / "tests/golden/methods/full_resnet/model.safetensors";
    return models::load_model(io::ModelFolder::at(base), {});
  }
  // What PEFT's expected.safetensors holds.
  at::Tensor computed(models::Model& model) const {
    const torch::NoGradGuard no_grad;
    if (name() == "llama") {
      const auto& decoder = dynamic_cast<const models::decoder::Decoder&>(model.reader());
      return decoder.logits(decoder.hidden(nn::Value{read_tensors(path("expected.safetensors")).at("ids")}, {}));
    }
    if (name() == "resnet")
      return model.reader().encode({read_tensors(golden_path("full_resnet/expected.safetensors")).at("images")}, {});
    const auto file = io::Weights::open((source_dir() / "tests/golden/models/bert_hf/expected.safetensors").string());
    const auto whole = [&](const char* which) { return models::view_of(file.at(which)).to(at::kLong); };
    return model.reader().encode({whole("ids"), {}, whole("mask").to(at::kBool), whole("types")}, {});
  }
  ForeignAdapter read(models::Model& on) const {
    return ia3::entry.from_peft(*io::JsonObject::read(path("adapter_config.json")),
                                read_tensors(path("adapter_model.safetensors")), on);
  }
};

TEST_P(Ia3OfPeft, GivesWhatPeftGives) {
  const auto on = model();
  const auto foreign = read(*on);
  Random random(1);
  models::LinearHead head(on->reader().width(on->reader().last()), 2, models::HeadInit::zero, random);
  install(foreign.adaptation, *on, head);
  const auto expected = read_tensors(path("expected.safetensors")).at(name() == "llama" ? "logits" : "features");
  EXPECT_LT((computed(*on) - expected).abs().max().item<double>() / expected.abs().max().item<double>(), 1e-5);
}

TEST_P(Ia3OfPeft, IsWrittenAsPeftWroteIt) {
  const auto on = model();
  const auto foreign = read(*on);
  const auto theirs = read_tensors(path("adapter_model.safetensors"));
  const auto ours = foreign.method->to_disk(*on, foreign.adaptation);
  ASSERT_EQ(ours.size(), theirs.size());
  for (const auto& [key, tensor] : ours) {
    ASSERT_TRUE(theirs.contains(key)) << key;
    EXPECT_TRUE(torch::equal(tensor, theirs.at(key))) << key;
  }
  const auto config = foreign.method->peft_config(*on, foreign.adaptation);
  EXPECT_EQ(config["peft_type"], "IA3");
  EXPECT_EQ(config["target_modules"].size(), theirs.size());
  for (const auto& input : config["feedforward_modules"])
    EXPECT_EQ(theirs.at("base_model.model." + input.get<std::string>() + ".ia3_l").size(0), 1) << input;
}

INSTANTIATE_TEST_SUITE_P(Golden, Ia3OfPeft, ::testing::Values("llama", "bert", "resnet"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Ia3OfPeft, IsRefusedByNameWhereItDoesNotFit) {
  const auto folder = golden_path("ia3_bert/");
  const auto bert = models::load_model(io::ModelFolder::at(source_dir() / "tests/golden/models/bert_hf"), {});
  const auto config = io::JsonObject::read(folder + "adapter_config.json")->value();
  const auto tensors = read_tensors(folder + "adapter_model.safetensors");
  const auto refused = [&](const nlohmann::json& says, const nn::NamedTensors& holds, const char* words) {
    EXPECT_THAT(
        [&] {
          ia3::entry.from_peft({says, "adapter_config.json"}, holds, *bert);
        },
        ::testing::ThrowsMessage<ModelError>(HasSubstr(words)));
  };
  auto more = tensors;
  more["base_model.model.encoder.layer.9.output.dense.ia3_l"] = torch::ones({1, 50});
  refused(config, more, "encoder.layer.9.output.dense.ia3_l: no such place");
  auto other = tensors;
  other.begin()->second = torch::ones({7, 1});
  refused(config, other, "shape [7, 1], expected 36 outputs or 36 inputs");
  auto unknown = config;
  unknown["modules_to_save"] = {"classifier"};
  refused(unknown, tensors, "modules_to_save");
}

// A fused map is one module there, with 1 where nothing is multiplied; attention in an nn.MultiheadAttention is kept by
// graft's own names.
TEST(Ia3OfPeft, SlicesOfAFusedMapAreOneTensor) {
  const auto built = on_sites("ia3", {});
  const auto file = built.method->to_disk(*built.model, built.adaptation);
  ASSERT_EQ(file.size(), 24u);
  EXPECT_EQ(file.at("base_model.model.blocks.3.attn.qkv.ia3_l").sizes(), (std::vector<int64_t>{3 * 768, 1}));
  EXPECT_EQ(file.at("base_model.model.blocks.3.mlp.fc2.ia3_l").sizes(), (std::vector<int64_t>{1, 3072}));
  EXPECT_EQ(built.method->peft_config(*built.model, built.adaptation)["peft_type"], "IA3");
}

}  // namespace
}  // namespace graft::methods
