#include "graft/methods/prompt_tuning/prompt_tuning.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/io/model_folder.h"
#include "graft/methods/adapted.h"
#include "tests/support/source_dir.h"

namespace graft::methods {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::shared_ptr<models::Model> decoder_on_disk(const std::string& name) {
  return models::load_model(io::ModelFolder::at(source_dir() / "tests/golden/models" / name), {});
}

at::Tensor prompt_at_start(std::shared_ptr<models::Model> model, const OptionValues& options) {
  const auto built =
      build_adapted({.model = std::move(model), .classes = {"a", "b"}}, prompt_tuning::entry.parse(options));
  EXPECT_EQ(built.adaptation.bindings.front().sites.front(), "text.tokens");
  return built.adaptation.bindings.front().insert->parameters().front().detach();
}

TEST(PromptTuning, TrainsATableOfItsTokens) {
  EXPECT_EQ(prompt_at_start(decoder_on_disk("decoder_llama"), {{"tokens", "7"}}).sizes(),
            (std::vector<int64_t>{7, 12}));
}

TEST(PromptTuning, StartsAsWordsOfTheVocabulary) {
  const auto model = decoder_on_disk("decoder_gemma3");  // whose words are scaled
  const auto all = model->reader().embed_words(torch::arange(29));
  const auto prompt = prompt_at_start(model, {{"tokens", "9"}});
  for (int64_t i = 0; i < 9; ++i)
    EXPECT_TRUE((all == prompt[i]).all(1).any().item<bool>()) << i;
  EXPECT_FALSE(torch::equal(prompt[0], prompt[1]));
}

TEST(PromptTuning, StartsUniformWhereAsked) {
  const auto prompt = prompt_at_start(decoder_on_disk("decoder_llama"), {{"tokens", "100"}, {"init", "random"}});
  EXPECT_LE(prompt.abs().max().item<double>(), 0.5);
  EXPECT_GT(prompt.abs().max().item<double>(), 0.49);
}

TEST(PromptTuning, StartsAsATextRepeatedToItsLength) {
  const auto model = decoder_on_disk("stories260K");
  const auto ids = model->reader().tokenizer()->encode("Once upon a time");
  const auto words = model->reader().embed_words(torch::tensor(std::vector<int64_t>(ids.begin(), ids.end())));
  const auto count = static_cast<int64_t>(ids.size());
  const auto prompt = prompt_at_start(model, {{"tokens", std::to_string(count + 2)}, {"text", "Once upon a time"}});
  EXPECT_TRUE(torch::equal(prompt.narrow(0, 0, count), words));
  EXPECT_TRUE(torch::equal(prompt.narrow(0, count, 2), words.narrow(0, 0, 2)));
  EXPECT_THAT(
      [&] {
        prompt_at_start(decoder_on_disk("decoder_llama"), {{"text", "Once"}});
      },
      ThrowsMessage<ModelError>(HasSubstr("no tokenizer lies beside the weights")));
}

TEST(PromptTuning, RefusesNoTokens) {
  EXPECT_THROW(prompt_tuning::entry.parse({{"tokens", "0"}}), ConfigError);
}

}  // namespace
}  // namespace graft::methods
