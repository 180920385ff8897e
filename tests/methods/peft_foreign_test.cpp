// LoRA adapters that PEFT wrote beside transformers 5 and 4 and for timm, each in one of the ways that people have it
// write them, against the features that PEFT computes after loading them.
#include <gmock/gmock.h>
#include <torch/types.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "graft/io/model_folder.h"
#include "graft/io/weights.h"
#include "graft/methods/lora/peft.h"
#include "graft/models/checkpoint.h"
#include "tests/methods/golden.h"

namespace graft::methods {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// "vit/pissa": tests/golden/methods/foreign_vit/pissa on .../foreign_vit/base.
struct Golden {
  explicit Golden(const std::string& name) : folder(golden_path("foreign_" + name)) {
    model = models::load_model(io::ModelFolder::at(folder.parent_path() / "base"), {});
    const auto binary = folder / "adapter_model.bin";
    const auto weights =
        io::Weights::open(std::filesystem::exists(binary) ? binary : folder / "adapter_model.safetensors");
    for (const auto& [key, view] : weights.tensors())
      tensors[key] = models::to_float(weights.at(key));
    config = nlohmann::json::parse(std::ifstream(folder / "adapter_config.json"));
    expected = read_tensors((folder / "expected.safetensors").string());
  }

  ForeignAdapter read() const { return lora::peft::from_peft({config, "adapter_config.json"}, tensors, *model); }

  at::Tensor features() const {
    nn::Context context;
    return model->reader().encode({expected.at("images")}, context);
  }
  at::Tensor features(const ForeignAdapter& adapter) const {
    Random random(1);
    models::LinearHead head(model->reader().width(model->reader().last()), 2, models::HeadInit::zero, random);
    install(adapter.adaptation, *model, head);
    const auto parameters = model->named_parameters();
    for (const auto& [name, value] : adapter.parameters)
      parameters[name].detach().copy_(value);
    return features();
  }

  // The message with which it is refused.
  std::string refusal() const {
    try {
      read();
    } catch (const ModelError& error) {
      return error.what();
    }
    return "it was read";
  }

  std::filesystem::path folder;
  std::shared_ptr<models::Model> model;
  nn::NamedTensors tensors, expected;
  nlohmann::json config;
};

double distance_to(const at::Tensor& expected, const at::Tensor& got) {
  return (got - expected).abs().max().item<double>() / expected.abs().max().item<double>();
}

class ForeignLora : public ::testing::TestWithParam<const char*> {};

TEST_P(ForeignLora, GivesPeftsFeatures) {
  const torch::NoGradGuard no_grad;
  const Golden golden(GetParam());
  EXPECT_LT(distance_to(golden.expected.at("frozen"), golden.features()), 1e-5);  // float32
  const auto adapter = golden.read();
  const auto adapted = golden.features(adapter);
  EXPECT_LT(distance_to(golden.expected.at("adapted"), adapted), 1e-5);
  if (!golden.expected.contains("logits")) return;
  ASSERT_TRUE(adapter.head.weight.defined());
  EXPECT_LT(distance_to(golden.expected.at("logits"), torch::linear(adapted, adapter.head.weight, adapter.head.bias)),
            1e-5);
}

TEST_P(ForeignLora, FoldsIntoTheSameMap) {
  const torch::NoGradGuard no_grad;
  const Golden golden(GetParam());
  for (const auto& binding : golden.read().adaptation.bindings) {
    const auto& branch = dynamic_cast<const lora::Branch&>(*binding.insert);
    const auto weight = torch::randn({branch.b().size(0), branch.a().size(1)}),
               bias = torch::randn({branch.b().size(0)});
    const auto x = torch::randn({3, weight.size(1)});
    const auto folded = binding.insert->fold(weight, bias);
    ASSERT_TRUE(folded);
    nn::Context context;
    const auto run = binding.insert->forward(
        x, nn::Frozen([&](const at::Tensor& y) { return torch::linear(y, weight, bias); }), context);
    EXPECT_LT(distance_to(run, torch::linear(x, folded->weight, folded->bias)), 1e-5);
  }
}

std::string name_of_golden(const ::testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Written, ForeignLora,
                         ::testing::Values("vit/recipe", "vit/patterns", "vit/lookbehind", "vit/dora", "vit/bias",
                                           "vit/lora_bias", "vit/pissa", "vit/olora", "vit/wide", "vit/half", "vit/old",
                                           "dinov2/recipe", "dinov2/old", "clip/projection", "clip/tower",
                                           "timm/patches"),
                         name_of_golden);

TEST(ForeignLora, SelectorsNeedNotBeUnderstood) {
  Golden golden("vit/recipe");
  for (const auto& selector : {nlohmann::json("all-linear"), nlohmann::json("(?<=x)(?P<n>("), nlohmann::json()}) {
    golden.config["target_modules"] = selector;
    golden.config["layers_to_transform"] = {0, "x"};
    golden.config["exclude_modules"] = "((";
    EXPECT_EQ(golden.read().adaptation.bindings.size(), 4u);
  }
}

// What other programs put into the names: torch.compile, FSDP, the adapter's own name, wrappers around the model.
TEST(ForeignLora, NamesLeadToTheSamePlacesWhateverWrapsThem) {
  const torch::NoGradGuard no_grad;
  Golden golden("vit/recipe");
  const auto plain = golden.tensors;
  const auto expected = golden.expected.at("adapted");
  const std::pair<const char*, const char*> kSpellings[] = {
      {"base_model.model.", "base_model.model._orig_mod."},
      {"base_model.model.", ""},
      {"base_model.model.vit.", "base_model.model."},
      {".lora_A.weight", ".lora_A.default.weight"},
      {"base_model.model.vit.", "base_model.model.module.model.vit._fsdp_wrapped_module."},
      {"vit.layers.0.attention.q_proj", "vit.encoder.layer.0.attention.attention.query"},
      {"vit.layers.1.attention.v_proj", "blocks.1.attn.qkv.v"}};
  for (const auto& [from, to] : kSpellings) {
    golden.tensors.clear();
    for (const auto& [name, tensor] : plain) {
      auto other = name;
      if (const auto at = other.find(from); at != other.npos) other.replace(at, std::string(from).size(), to);
      golden.tensors[other] = tensor;
    }
    if (std::string(to).starts_with("blocks")) {  // timm has no v of its own
      EXPECT_THAT(golden.refusal(), HasSubstr("blocks.1.attn.qkv.v.lora_A.weight: no such place"));
      continue;
    }
    EXPECT_LT(distance_to(expected, golden.features(golden.read())), 1e-5) << to;
  }
}

TEST(ForeignLora, AWrapperThatIsNotKnownIsNoted) {
  Golden golden("vit/half");
  EXPECT_TRUE(golden.read().notes.empty());
  nn::NamedTensors wrapped;
  for (const auto& [name, tensor] : golden.tensors)
    wrapped["base_model.model.student." + name.substr(std::string("base_model.model.").size())] = tensor;
  golden.tensors = wrapped;
  const auto notes = golden.read().notes;
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_THAT(notes.front().text, HasSubstr("'student.vit.'"));
  EXPECT_TRUE(notes.front().numbers);
}

TEST(ForeignLora, RefusesByNameWhatItDoesNotCompute) {
  const std::pair<const char*, nlohmann::json> kSwitches[] = {{"use_qalora", true},
                                                              {"layer_replication", {{0, 2}}},
                                                              {"target_parameters", {"mlp.weight"}},
                                                              {"trainable_token_indices", {1, 2}},
                                                              {"alora_invocation_tokens", {5}},
                                                              {"use_bdlora", {{"nblocks", 2}}},
                                                              {"arrow_config", {{"top_k", 3}}},
                                                              {"kasa_config", {{"beta", 1}}},
                                                              {"monteclora_config", {{"num_samples", 8}}},
                                                              {"megatron_config", {{"a", 1}}},
                                                              {"a_key_of_tomorrow", "on"},
                                                              {"init_lora_weights", "pissa_niter_4"},
                                                              {"init_lora_weights", "corda"},
                                                              {"init_lora_weights", "loftq"},
                                                              {"init_lora_weights", "lora_ga"},
                                                              {"init_lora_weights", "a_start_of_tomorrow"}};
  for (const auto& [key, value] : kSwitches) {
    Golden golden("vit/half");
    golden.config[key] = value;
    EXPECT_THAT(golden.refusal(), HasSubstr(key));
    EXPECT_THAT(golden.refusal(), HasSubstr("give graft the merged model"));
  }
  Golden golden("vit/half");
  golden.config["a_key_of_tomorrow"] = false;
  golden.config["alpha_pattern"] = nullptr;
  golden.config["auto_mapping"] = nullptr;
  EXPECT_EQ(golden.refusal(), "it was read");
}

TEST(ForeignLora, OfAWrongTypeTheFileAndTheKeyAreNamed) {
  Golden golden("vit/half");
  golden.config["r"] = "eight";
  try {
    golden.read();
    FAIL() << "a text was read as a rank";
  } catch (const FileError& error) {
    EXPECT_STREQ(error.what(), "[json] adapter_config.json: r: expected a whole number, got \"eight\".");
  }
}

TEST(ForeignLora, AlphaPatternsMatchAsInPeft) {
  const auto scale = [](const nlohmann::json& patterns) {
    Golden golden("vit/half");
    golden.config["alpha_pattern"] = patterns;
    const auto adapter = golden.read();
    return dynamic_cast<const lora::Branch&>(*adapter.adaptation.bindings.back().insert).scale();
  };
  EXPECT_DOUBLE_EQ(scale(nlohmann::json::object()), 3);
  EXPECT_DOUBLE_EQ(scale({{"q_proj", 8}}), 4);
  EXPECT_DOUBLE_EQ(scale({{"proj", 8}}), 3);  // not the end after a dot
  EXPECT_DOUBLE_EQ(scale({{"^vit.layers.1.attention.q_proj", 8}}), 4);
  EXPECT_DOUBLE_EQ(scale({{"^layers.1.attention.q_proj", 8}}), 3);
  EXPECT_DOUBLE_EQ(scale({{R"(.*layers\.(0|1)\.(?!mlp).*)", 5}}), 2.5);
  EXPECT_THROW(scale({{"(?<=x)q_proj", 8}}), ModelError);
  EXPECT_THROW(scale({{"(", 8}}), ModelError);
}

TEST(ForeignLora, CountsWhatDoesNotFit) {
  Golden golden("vit/half");
  nn::NamedTensors wrong;
  for (const auto& [name, tensor] : golden.tensors)
    wrong["base_model.model.bert." + std::to_string(wrong.size()) + ".lora_A.weight"] = tensor;
  golden.tensors = wrong;
  EXPECT_THAT(golden.refusal(), HasSubstr("4 of 4 tensors:"));
  golden = Golden("vit/half");
  golden.tensors.erase(golden.tensors.begin());
  EXPECT_THAT(golden.refusal(), HasSubstr("lora_A: missing"));
  EXPECT_THAT(golden.refusal(), Not(HasSubstr("4 tensors")));
}

TEST(ForeignLora, TwoAdaptersInOneFileAreRefused) {
  Golden golden("vit/half");
  nn::NamedTensors both;
  for (const auto& [name, tensor] : golden.tensors) {
    for (const char* adapter : {".first.weight", ".second.weight"})
      both[name.substr(0, name.size() - std::string(".weight").size()) + adapter] = tensor;
  }
  golden.tensors = both;
  EXPECT_THAT(golden.refusal(), HasSubstr("of the adapter 'second', beside 'first' in one file"));
}

TEST(ForeignLora, AClassifierThatReadsOtherFeaturesIsLeftAsideWithAReason) {
  Golden golden("dinov2/recipe");
  golden.config["modules_to_save"] = {"classifier"};
  golden.tensors["base_model.model.classifier.weight"] = torch::zeros({3, 32});
  golden.tensors["base_model.model.classifier.bias"] = torch::zeros({3});
  const auto adapter = golden.read();
  EXPECT_THAT(adapter.headless, HasSubstr("its classifier reads 32 numbers"));
  ASSERT_EQ(adapter.notes.size(), 1u);
}

}  // namespace
}  // namespace graft::methods
