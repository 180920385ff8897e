#include "graft/models/unwrap.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "tests/support/tiny_models.h"

namespace graft::models {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using testing::tiny_clip_checkpoint;
using testing::tiny_vit_checkpoint;
using testing::TinyCheckpoint;

// The same tensors under other names.
template <class Rename>
TinyCheckpoint under(const TinyCheckpoint& checkpoint, Rename rename) {
  TinyCheckpoint result;
  result.folder = checkpoint.folder;
  for (const auto& [name, tensor] : checkpoint.tensors)
    result.tensors[rename(name)] = tensor;
  return result;
}

auto after(std::string prefix) {
  return [prefix = std::move(prefix)](const std::string& name) { return prefix + name; };
}

void add(TinyCheckpoint& to, const TinyCheckpoint& more) {
  to.tensors.insert(more.tensors.begin(), more.tensors.end());
}

TEST(Unwrap, WhatStandsBeforeEveryNameComesOff) {
  for (const auto& checkpoint : {tiny_clip_checkpoint(), tiny_vit_checkpoint()}) {
    const auto fingerprint = checkpoint.load()->info().fingerprint;
    for (const auto* prefix :
         {"_orig_mod.", "module.", "model.", "net.", "backbone.", "encoder.", "module._orig_mod.", "_orig_mod.module.",
          "model._orig_mod.", "student_model.visual_net.", "base_encoder.", "trunk.", "clip_model."}) {
      EXPECT_EQ(under(checkpoint, after(prefix)).load()->info().fingerprint, fingerprint) << prefix;
    }
  }
}

TEST(Unwrap, ACompiledPartInsideIsTheSame) {
  const auto checkpoint = tiny_clip_checkpoint();
  const auto compiled = under(checkpoint, [](std::string name) {
    return name.starts_with("visual.") ? "visual._orig_mod." + name.substr(7) : name;
  });
  EXPECT_EQ(compiled.load()->info().fingerprint, checkpoint.load()->info().fingerprint);
}

TEST(Unwrap, BlocksInChunksKeepTheirNumbers) {
  const auto checkpoint = tiny_vit_checkpoint();
  auto chunks = under(checkpoint, [](std::string name) {
    if (name.starts_with("blocks.")) name = (name[7] == '2' ? "blocks.1." : "blocks.0.") + name.substr(7);
    return "backbone." + name;
  });
  chunks.tensors["dino_head.mlp.0.weight"] = at::zeros({3, 3});
  EXPECT_EQ(chunks.load()->info().fingerprint, checkpoint.load()->info().fingerprint);
}

TEST(Unwrap, OfSeveralModelsTheOneIsTakenThatIsEvaluatedAndThatIsSaid) {
  const auto wanted = tiny_vit_checkpoint(1);
  const std::pair<const char*, const char*> pairs[] = {{"teacher.", "student."},
                                                       {"base_encoder.", "momentum_encoder."},
                                                       {"ema.", "model."},
                                                       {"model_ema.module.", ""},
                                                       {"target_encoder.", "encoder."}};
  for (const auto& [taken, left] : pairs) {
    auto both = under(wanted, after(taken));
    add(both, under(tiny_vit_checkpoint(2), after(left)));
    const auto model = both.load();
    EXPECT_EQ(model->info().fingerprint, wanted.load()->info().fingerprint) << taken;
    EXPECT_THAT(model->info().notes, Contains(Field(&Note::text, HasSubstr("holds several models"))));
  }
}

TEST(Unwrap, TheDecoderOfAMaskedAutoencoderIsLeftAside) {
  auto checkpoint = tiny_vit_checkpoint();
  const auto fingerprint = checkpoint.load()->info().fingerprint;
  for (const auto* name :
       {"mask_token", "decoder_embed.weight", "decoder_pos_embed", "decoder_blocks.0.attn.qkv.weight"})
    checkpoint.tensors[name] = at::zeros({2, 2});
  EXPECT_EQ(checkpoint.load()->info().fingerprint, fingerprint);
}

TEST(Unwrap, TwoOfOneKindAreRefused) {
  auto both = under(tiny_vit_checkpoint(1), after("left."));
  add(both, under(tiny_vit_checkpoint(2), after("right.")));
  try {
    both.load();
    FAIL() << "one of two was taken";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("holds several models: 'left', 'right'"));
  }
}

TEST(Unwrap, ALogitScaleInAListAndABiasOfAllLogitsAreRead) {
  auto checkpoint = tiny_clip_checkpoint();
  const auto fingerprint = checkpoint.load()->info().fingerprint;
  checkpoint.tensors["logit_scale"] = checkpoint.tensors["logit_scale"].reshape({1});
  checkpoint.tensors["logit_bias"] = at::full({1}, -10.0);
  const auto model = checkpoint.load();
  EXPECT_EQ(model->info().fingerprint, fingerprint);
  EXPECT_EQ(model->to_checkpoint().at("logit_scale").dim(), 1);
}

}  // namespace
}  // namespace graft::models
