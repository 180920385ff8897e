// Methods on BERT and its kin: adapters that PEFT and `adapters` computed (tests/golden/make/methods_text.py), and what
// is the default on a model that reads texts alone.
#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/io/model_folder.h"
#include "graft/methods/lora/peft.h"
#include "graft/models/checkpoint.h"
#include "tests/methods/golden.h"
#include "tests/methods/small_models.h"

namespace graft::methods {
namespace {

using ::testing::HasSubstr;

std::string text_model_path(const std::string& kind) {
  return source_dir() / "tests/golden/models" / (kind + "_hf");
}

std::shared_ptr<models::Model> text_model(const std::string& kind) {
  return models::load_model(io::ModelFolder::at(text_model_path(kind)), {});
}

nn::Value golden_texts(const std::string& kind) {
  const auto file = io::Weights::open(text_model_path(kind) + "/expected.safetensors");
  const auto whole = [&](const char* name) { return models::view_of(file.at(name)).to(at::kLong); };
  return {whole("ids"), {}, whole("mask").to(at::kBool), whole("types")};
}

double largest_error(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>() / b.abs().max().item<double>();
}

// A method on a text model under a linear head for three classes.
struct OnTexts : Adapted {
  OnTexts(const std::string& kind, const std::string& name, const OptionValues& options = {})
      : Adapted(build_adapted({.model = text_model(kind), .classes = {"a", "b", "c"}, .train_size = 12},
                              make_method(name, options))) {}
};

struct PeftOfTexts : ::testing::TestWithParam<std::string> {
  std::string path(const std::string& file) const { return golden_path("peft_" + GetParam() + "/" + file); }
  io::JsonObject config() const { return *io::JsonObject::read(path("adapter_config.json")); }
  nn::NamedTensors adapter() const { return read_tensors(path("adapter_model.safetensors")); }
};

TEST_P(PeftOfTexts, AnAdapterThatPeftWroteGivesItsFeatures) {
  const torch::NoGradGuard no_grad;
  const auto model = text_model(GetParam());
  const auto foreign = lora::peft::from_peft(config(), adapter(), *model);
  Random random(1);
  models::LinearHead head(model->reader().width(model->reader().last()), 2, models::HeadInit::zero, random);
  install(foreign.adaptation, *model, head);
  const auto expected = read_tensors(path("expected.safetensors"));
  const auto features = model->reader().encode(golden_texts(GetParam()), {});
  EXPECT_LT(largest_error(features, expected.at("features")), 1e-5);  // float32
  if (!expected.contains("logits")) return;
  EXPECT_LT(largest_error(at::linear(features, foreign.head.weight, foreign.head.bias), expected.at("logits")), 1e-5);
}

TEST_P(PeftOfTexts, IsWrittenBackTensorForTensorAsPeftWroteIt) {
  const auto model = text_model(GetParam());
  const auto theirs = adapter();
  const auto foreign = lora::peft::from_peft(config(), theirs, *model);
  const auto ours = foreign.method->to_disk(*model, foreign.adaptation);
  EXPECT_GT(ours.size(), 8u);
  const std::string inside = GetParam() == "bert" ? "bert." : "";  // the base is the encoder alone, PEFT's had a head
  const std::string kPrefix = "base_model.model.";
  for (const auto& [name, tensor] : ours) {
    auto spelled = kPrefix + inside + name.substr(kPrefix.size());
    if (GetParam() == "roberta") spelled.erase(kPrefix.size(), std::string("roberta.").size());
    ASSERT_TRUE(theirs.contains(spelled)) << spelled;
    EXPECT_TRUE(torch::equal(tensor, theirs.at(spelled))) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Encoders, PeftOfTexts, ::testing::Values("bert", "roberta", "distilbert"),
                         [](const auto& info) { return info.param; });

TEST(PeftOfTexts, AHeadThatReadsOtherNumbersIsLeftAsideWithItsReason) {
  const auto folder = golden_path("peft_distilbert/");
  const auto model = text_model("distilbert");
  const auto tensors = read_tensors(folder + "adapter_model.safetensors");
  const auto foreign = lora::peft::from_peft(*io::JsonObject::read(folder + "adapter_config.json"), tensors, *model);
  EXPECT_THAT(foreign.headless, HasSubstr("its classifier reads other numbers"));  // behind a pre_classifier
  EXPECT_THAT(foreign.notes,
              ::testing::Contains(::testing::Field(&Note::text, HasSubstr("pre_classifier lie behind the features"))));
}

TEST(AdapterOnTexts, EveryVariantEqualsThatOfAdapters) {
  const torch::NoGradGuard no_grad;
  const auto expected = golden("adapters_bert");
  for (const std::string variant : {"houlsby", "pfeiffer", "parallel"}) {
    OptionValues options{{"variant", variant}, {"bottleneck", "4"}};
    if (variant == "parallel") options["scale"] = "2";
    OnTexts built("bert", "adapter", options);
    EXPECT_EQ(built.adaptation.bindings.size(), variant == "houlsby" ? 4u : 2u);
    for (const auto& binding : built.adaptation.bindings) {
      for (auto& parameter : binding.insert->named_parameters()) {
        const auto name = variant + "." + binding.sites.front() + "." + parameter.key();
        parameter.value().copy_(expected.at(name));
      }
    }
    const auto features = built.model->reader().encode(golden_texts("bert"), {});
    EXPECT_LT(largest_error(features, expected.at(variant + ".features")), 1e-5) << variant;
  }
}

// Two tensors of the head; of two blocks of DistilBERT 4 maps and 2 norms each, and a norm and two tables before them.
TEST(MethodsOnTexts, ChangeTheTowerThatReads) {
  const std::map<std::string, size_t> kTrained = {{"linear-probe", 2},
                                                  {"lora", 2 + 2 * 4},
                                                  {"norm", 2 + 2 * 5},
                                                  {"bias", 2 + 1 + 12},
                                                  {"full", 2 + 2 + 2 + 2 * 12}};
  for (const auto& [name, count] : kTrained) {
    const OnTexts built("distilbert", name);
    EXPECT_EQ(built.head->kind(), models::HeadKind::linear) << name;
    EXPECT_EQ(built.parameters.size(), count) << name;
    for (const auto& [parameter, tensor] : built.parameters)
      EXPECT_TRUE(parameter.starts_with("text.") || parameter.starts_with("head.")) << parameter;
  }
}

TEST(MethodsOnTexts, AreRefusedByNameWhereTheyNeedImagesOrPrompts) {
  const auto error_of = [](const std::string& name, const OptionValues& options) -> std::string {
    try {
      OnTexts("bert", name, options);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(error_of("lora", {{"tower", "vision"}}), HasSubstr("has no image tower"));
  EXPECT_THAT(error_of("vpt", {}), HasSubstr("no token sites"));
  EXPECT_THAT(error_of("coop", {}), HasSubstr("no text tower to learn words for"));
  EXPECT_EQ(error_of("bias", {{"tower", "text"}}), "");
}

}  // namespace
}  // namespace graft::methods
