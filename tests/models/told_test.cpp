#include "graft/models/told.h"

#include <gmock/gmock.h>

#include "graft/core/error.h"
#include "tests/support/tiny_models.h"

namespace graft::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::tiny_clip_checkpoint;

std::vector<std::string> number_texts(const Model& model) {
  std::vector<std::string> texts;
  for (const auto& note : model.info().notes)
    if (note.numbers) texts.push_back(note.text);
  return texts;
}

// A CLIP without any file beside its weights.
std::unique_ptr<Model> load_lone(const Told& told) {
  auto checkpoint = tiny_clip_checkpoint();
  checkpoint.folder.open_clip_config.reset();
  LoadOptions options;
  options.told = told;
  return checkpoint.load(options);
}

TEST(Told, FillsWhatALoneFileDoesNotSay) {
  Told told;
  told.activation = tensor::Activation::quick_gelu;
  told.heads = 2;
  told.text_heads = 2;
  told.mean = "0.5";
  told.std = "0.1,0.2,0.3";
  const auto model = load_lone(told);
  EXPECT_EQ(model->info().vision.activation, tensor::Activation::quick_gelu);
  EXPECT_EQ(model->info().vision.heads, 2);
  EXPECT_EQ(model->info().text->heads, 2);
  EXPECT_THAT(model->info().preprocessing.mean, ElementsAre(0.5f, 0.5f, 0.5f));
  EXPECT_THAT(model->info().preprocessing.std, ElementsAre(0.1f, 0.2f, 0.3f));
  EXPECT_THAT(number_texts(*model), ElementsAre());  // nothing is left to assume
  told.activation.reset();
  EXPECT_THAT(number_texts(*load_lone(told)), ElementsAre(HasSubstr("GELU (not QuickGELU) assumed; --activation")));
}

TEST(Told, IsRefusedWhereAFileSaysOtherwise) {
  LoadOptions options;
  options.told.activation = tensor::Activation::gelu;
  try {
    tiny_clip_checkpoint().load(options);
    FAIL() << "the config was overruled";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("--activation gelu: open_clip_config.json says quick_gelu"));
  }
  options.told.activation = tensor::Activation::quick_gelu;
  EXPECT_NO_THROW(tiny_clip_checkpoint().load(options));
}

TEST(Told, ChannelsAreThreeNumbersOrOne) {
  for (const auto* wrong : {"", "1,2", "a", "1,2,3,4", "1,,3", "1,2,3,", "nan", "inf,1,1"})
    EXPECT_THROW(parse_channels("mean", wrong), ConfigError) << wrong;
  EXPECT_THAT(parse_channels("mean", "0.48,0.45,0.40"), ElementsAre(0.48f, 0.45f, 0.40f));
}

}  // namespace
}  // namespace graft::models
