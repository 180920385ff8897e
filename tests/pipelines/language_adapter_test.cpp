// Adapters of decoders on disk.
#include "graft/pipelines/language/adapter.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <cmath>
#include <filesystem>

#include "graft/core/error.h"
#include "graft/core/log.h"
#include "graft/io/model_folder.h"
#include "graft/methods/lora/lora.h"
#include "graft/pipelines/language/decoder_model.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_models.h"

namespace graft::pipelines::language {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<models::Model> tiny_decoder(uint64_t seed = 1) {
  return graft::testing::tiny_decoder_checkpoint(seed).load();
}

at::Tensor rows_of(const methods::Adapted& adapted) {
  const torch::NoGradGuard no_grad;
  const nn::Value ids{at::arange(3, 10, at::kLong).view({1, 7})};
  return decoder_of(*adapted.model).hidden(ids, {});
}

TEST(LanguageAdapter, IsReadBackAsItWas) {
  const TempFolder folder;
  for (const std::string method : {"lora", "adapter", "norm", "bias"}) {
    const auto model = tiny_decoder();
    auto adapted = adapt_decoder(model, method, {}, 7);
    const auto before = rows_of(adapted);
    {
      const torch::NoGradGuard no_grad;
      for (auto& [name, parameter] : adapted.parameters)
        parameter.add_(0.1);
    }
    const auto changed = rows_of(adapted);
    if (!adapted.parameters.empty()) {
      EXPECT_FALSE(torch::equal(changed, before)) << method;
    }
    save_adapter(folder.path(), adapted);
    Silent report;
    const auto again = load_adapter(folder.path(), tiny_decoder(), report);
    EXPECT_TRUE(torch::equal(rows_of(again), changed)) << method;
    EXPECT_THAT([&] { load_adapter(folder.path(), tiny_decoder(2), report); },
                ::testing::ThrowsMessage<ModelError>(HasSubstr("was trained on other weights")));
  }
}

TEST(LanguageAdapter, ReadsWhatPeftWrote) {
  const auto golden = source_dir() / "tests/golden";
  const std::shared_ptr<models::Model> model(
      models::load_model(io::ModelFolder::at(golden / "models/decoder_llama"), {}));
  Silent report;
  const auto adapted = load_adapter(golden / "methods/peft_decoder", model, report);
  EXPECT_EQ(adapted.parameters.size(), 16u);
}

std::string stories_folder() {
  return (source_dir() / "tests/golden/models/stories260K").string();
}

// stories260K with a LoRA that changes it much.
methods::Adapted stories_with_lora() {
  std::shared_ptr<models::Model> model = models::load_model(io::ModelFolder::at(stories_folder()), {});
  auto adapted = adapt_decoder(model, "lora", {{"rank", "4"}, {"target", "*"}}, 3);
  const torch::NoGradGuard no_grad;
  for (auto& [name, parameter] : adapted.parameters)
    parameter.add_(0.02);
  return adapted;
}

const std::vector<prompting::Pair> kPairs = {{"Once upon a time, there", " was a big dog"},
                                             {"Tom and Lily went to the", " park."}};

// What the pairs are worth to the model with an adapter that is named as on the command line.
std::vector<double> pair_scores(const std::string& adapter) {
  static Silent silent;
  ModelChoice choice;
  choice.model = stories_folder();
  choice.adapter = adapter;
  choice.precision = "fp32";
  choice.threads = 1;
  auto model = DecoderModel::open(choice, {}, silent);
  std::vector<double> sums;
  for (const auto& each : model.log_likelihoods(kPairs))
    sums.push_back(each.sum);
  return sums;
}

TEST(LanguageAdapter, ScoresAsTheTrainedModelDoes) {
  const TempFolder folder;
  const auto adapted = stories_with_lora();
  save_adapter(folder.path(), adapted);
  Silent report;
  DecoderModel trained(adapted.model, {}, report);
  const auto wanted = trained.log_likelihoods(kPairs);
  const auto got = pair_scores(folder.path().string()), frozen = pair_scores("");
  for (size_t i = 0; i < kPairs.size(); ++i) {
    EXPECT_EQ(got[i], wanted[i].sum);
    EXPECT_GT(std::abs(got[i] - frozen[i]), 0.05);
  }
}

TEST(LanguageAdapter, CountsByTheFactorBehindItsName) {
  const TempFolder folder;
  save_adapter(folder.path(), stories_with_lora());
  const auto name = folder.path().string();
  EXPECT_EQ(pair_scores(name + ":0"), pair_scores(""));
  EXPECT_EQ(pair_scores(name + ":1"), pair_scores(name));
  auto half = stories_with_lora();
  {
    const torch::NoGradGuard no_grad;
    for (const auto& binding : half.adaptation.bindings)
      at::Tensor(dynamic_cast<const methods::lora::Branch&>(*binding.insert).b()).mul_(0.5);
  }
  const TempFolder halved;
  save_adapter(halved.path(), half);
  EXPECT_EQ(pair_scores(name + ":0.5"), pair_scores(halved.path().string()));
  EXPECT_NE(pair_scores(name + ":0.5"), pair_scores(name));
}

TEST(LanguageAdapter, IsNamedByItsPathAndAFactor) {
  const TempFolder folder;
  EXPECT_EQ(named_adapter("runs/g:0.7").path, "runs/g");
  EXPECT_EQ(named_adapter("runs/g:0.7").factor, 0.7);
  EXPECT_EQ(named_adapter("runs/g:-1").factor, -1);
  for (const std::string whole : {"runs/g", "runs:g", "runs/g:", "runs/g:nan", "runs/g:0.7x"})
    EXPECT_EQ(named_adapter(whole).path, whole);
  const auto odd = folder.path() / "a:2";
  std::filesystem::create_directory(odd);
  EXPECT_EQ(named_adapter(odd.string()).path, odd);  // it is there
}

TEST(LanguageAdapter, AFactorIsForPlainLora) {
  const TempFolder folder;
  const auto model = tiny_decoder();
  save_adapter(folder.path(), adapt_decoder(model, "norm", {}, 7));
  Silent report;
  EXPECT_THAT(
      [&] {
        load_adapter(NamedAdapter{folder.path(), 0.5}, tiny_decoder(), report);
      },
      ::testing::ThrowsMessage<ModelError>(HasSubstr("a factor is for plain LoRA, and this is norm")));
}

TEST(LanguageAdapter, IsForModelsThatTellTheNextToken) {
  EXPECT_THAT([] { decoder_of(*graft::testing::tiny_vit()); },
              ::testing::ThrowsMessage<ModelError>(HasSubstr("is no language model that tells the next token")));
}

}  // namespace
}  // namespace graft::pipelines::language
