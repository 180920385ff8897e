#include "graft/models/clip/clip_settings.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "tests/support/gradient_check.h"
#include "tests/support/tiny_models.h"

namespace graft::models::clip {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::tiny_clip_checkpoint;

// The tiny CLIP with one more thing said in its open_clip_config.json.
std::unique_ptr<Model> load_saying(const json& patch) {
  auto checkpoint = tiny_clip_checkpoint();
  auto says = checkpoint.folder.open_clip_config->value();
  says.merge_patch(patch);
  checkpoint.folder.open_clip_config = io::JsonObject(says, "open_clip_config.json");
  return checkpoint.load();
}

std::string refusal_of(const json& patch) {
  try {
    load_saying(patch);
  } catch (const Error& error) {
    return error.what();
  }
  return "it was read";
}

json in_vision(const json& says) {
  return {{"model_cfg", {{"vision_cfg", says}}}};
}
json in_text(const json& says) {
  return {{"model_cfg", {{"text_cfg", says}}}};
}

TEST(ClipSettings, WhatCannotChangeANumberIsPassedOver) {
  EXPECT_NO_THROW(load_saying(in_vision({{"patch_dropout", 0.5}, {"mlp_ratio", 1.25}, {"output_tokens", true}})));
  EXPECT_NO_THROW(
      load_saying({{"model_cfg", {{"custom_text", true}, {"init_logit_bias", -10}, {"cast_dtype", "fp16"}}}}));
  EXPECT_NO_THROW(load_saying(
      in_text({{"pad_id", 1}, {"hf_tokenizer_name", nullptr}, {"tokenizer_kwargs", {{"clean", "lower"}}}})));
}

TEST(ClipSettings, WhatChangesBlocksIsRefusedByName) {
  EXPECT_THAT(refusal_of(in_vision({{"qk_norm", true}})), HasSubstr("vision_cfg.qk_norm = true"));
  EXPECT_THAT(refusal_of(in_vision({{"attentional_pool", true}})), HasSubstr("attentional_pool"));
  EXPECT_THAT(refusal_of(in_vision({{"block_type", "custom"}})), HasSubstr("block_type"));
  EXPECT_THAT(refusal_of(in_vision({{"timm_model_name", "vit_base_patch16_224"}})), HasSubstr("vit_base_patch16_224"));
  EXPECT_THAT(refusal_of(in_vision({{"layers", {3, 4, 6, 3}}})), HasSubstr("ResNet"));
  EXPECT_THAT(refusal_of(in_vision({{"a_key_of_tomorrow", 3}})), HasSubstr("a_key_of_tomorrow"));
  EXPECT_THAT(refusal_of(in_text({{"hf_model_name", "roberta-base"}})), HasSubstr("roberta-base"));
  EXPECT_THAT(refusal_of(in_text({{"embed_cls", true}})), HasSubstr("embed_cls"));
  EXPECT_THAT(refusal_of({{"model_cfg", {{"multimodal_cfg", {{"width", 8}}}}}}), HasSubstr("CoCa"));
  EXPECT_THAT(refusal_of(in_vision({{"width", "wide"}})),
              HasSubstr("model_cfg.vision_cfg.width: expected a whole number"));
}

TEST(ClipSettings, NormsAndActivationsAreReadFromTheirKeywords) {
  const auto model = load_saying({{"model_cfg",
                                   {{"quick_gelu", false},
                                    {"vision_cfg", {{"norm_kwargs", {{"eps", 1e-6}}}}},
                                    {"text_cfg", {{"act_kwargs", {{"approximate", "tanh"}}}}}}}});
  EXPECT_EQ(model->info().vision.eps, 1e-6);
  EXPECT_EQ(model->info().vision.activation, tensor::Activation::gelu);
  EXPECT_EQ(model->info().text->activation, tensor::Activation::gelu_tanh);
  EXPECT_EQ(model->info().text->eps, 1e-5);
}

TEST(ClipSettings, TheMeanOfPatchesIsPooledBeforeOrBehindTheNorm) {
  const torch::NoGradGuard no_grad;
  const auto images = testing::tiny_images(2);
  nn::Context a, b, c;
  const auto token = load_saying(json::object())->reader().encode({images}, a);
  const auto behind = load_saying(in_vision({{"pool_type", "avg"}}))->reader().encode({images}, b);
  const auto before =
      load_saying(in_vision({{"pool_type", "avg"}, {"final_ln_after_pool", true}}))->reader().encode({images}, c);
  EXPECT_GT(testing::relative_error(behind, token), 1e-3);
  EXPECT_GT(testing::relative_error(before, behind), 1e-3);
}

TEST(ClipSettings, TextsOfAnotherTokenizerAreRefusedAndImagesWork) {
  for (const auto& says : {in_text({{"hf_tokenizer_name", "facebook/xlm-v-base"}}), in_text({{"no_causal_mask", true}}),
                           in_text({{"pool_type", "last"}}), in_text({{"pool_type", "eos"}, {"eos_id", 2}}),
                           in_text({{"tokenizer_kwargs", {{"clean", "canonicalize"}}}})}) {
    const auto model = load_saying(says);
    EXPECT_FALSE(model->has_prompts()) << says;
    EXPECT_THROW(model->text_reader(), ModelError);
    nn::Context context;
    EXPECT_EQ(model->reader().encode({testing::tiny_images(1)}, context).size(0), 1);
  }
  EXPECT_THAT(load_saying(in_text({{"hf_tokenizer_name", "facebook/xlm-v-base"}}))->info().no_text,
              HasSubstr("facebook/xlm-v-base"));
}

TEST(ClipSettings, ATableOfWordsOfAnotherHeightIsAnotherVocabulary) {
  auto checkpoint = tiny_clip_checkpoint();
  checkpoint.tensors["token_embedding.weight"] = at::zeros({50000, 16});
  EXPECT_THAT(checkpoint.load()->info().no_text, HasSubstr("50000 words"));
}

}  // namespace
}  // namespace graft::models::clip
