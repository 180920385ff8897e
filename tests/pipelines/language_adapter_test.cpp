// Adapters of decoders on disk.
#include "graft/pipelines/language/adapter.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/core/log.h"
#include "graft/io/model_folder.h"
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

TEST(LanguageAdapter, IsForModelsThatTellTheNextToken) {
  EXPECT_THAT([] { decoder_of(*graft::testing::tiny_vit()); },
              ::testing::ThrowsMessage<ModelError>(HasSubstr("is no language model that tells the next token")));
}

}  // namespace
}  // namespace graft::pipelines::language
