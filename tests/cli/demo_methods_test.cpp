#include "graft/cli/demo_methods.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "graft/engine/options.h"
#include "graft/methods/method.h"
#include "tests/support/tiny_models.h"

namespace graft::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// A method that the demo has never heard of.
class Stranger final : public methods::Method {
 public:
  explicit Stranger(methods::Recipe recipe) : recipe_(recipe) {}
  std::string name() const override { return "stranger"; }
  methods::Recipe recipe(const methods::Setting&) const override { return recipe_; }
  methods::Adaptation attach(const methods::Setting&, models::Head&, Random&) const override { return {}; }
  OptionValues config() const override { return {}; }

 private:
  methods::Recipe recipe_;
};

methods::Entry stranger(std::unique_ptr<methods::Method> (*parse)(const OptionValues&)) {
  methods::Entry entry{};
  entry.name = "stranger";
  entry.parse = parse;
  return entry;
}

const methods::Setting kNoSetting = {};

TEST(DemoMethods, OneThatWantsWhatTheModelLacksIsLeftOutByName) {
  methods::Entry of_words = stranger(nullptr);
  of_words.needs.prompts = true;
  methods::Entry of_any = stranger(nullptr);
  of_any.name = "of-any";
  const auto on_clip = demo_methods({&of_words, &of_any}, *testing::tiny_clip());
  EXPECT_THAT(on_clip.run, ElementsAre(&of_words, &of_any));
  EXPECT_THAT(on_clip.left_out, ElementsAre());
  const auto on_vit = demo_methods({&of_words, &of_any}, *testing::tiny_vit());
  EXPECT_THAT(on_vit.run, ElementsAre(&of_any));
  EXPECT_THAT(on_vit.left_out, ElementsAre("stranger"));
}

TEST(DemoMethods, ALongRecipeThatTheDemoDoesNotKnowIsShortened) {
  const auto entry = stranger([](const OptionValues&) -> std::unique_ptr<methods::Method> {
    return std::make_unique<Stranger>(
        methods::Recipe{.epochs = 100, .augmentation = methods::Augmentation::crop_flip_jitter});
  });
  EXPECT_THAT(demo_setting(entry, kNoSetting), ElementsAre(Pair("augment", "flip"), Pair("epochs", "6")));
  EXPECT_THAT(describe_settings({&entry}, kNoSetting), HasSubstr(": stranger --augment flip --epochs 6."));
}

TEST(DemoMethods, AShortRecipeIsNotLengthened) {
  const auto entry = stranger([](const OptionValues&) -> std::unique_ptr<methods::Method> {
    return std::make_unique<Stranger>(methods::Recipe{.epochs = 0});
  });
  EXPECT_THAT(demo_setting(entry, kNoSetting), ElementsAre());
}

TEST(DemoMethods, EveryMethodTakesItsSetting) {
  const methods::Setting setting{testing::tiny_clip(), {"a", "b"}, 16, 32};
  for (const auto* entry : methods::entries()) {
    if (!methods::fits(*entry, *setting.model)) continue;
    OptionValues values = demo_setting(*entry, setting);
    values["method"] = entry->name;
    const auto request = engine::read_adapt_request(values);
    EXPECT_NO_THROW(methods::make_method(entry->name, request.method_options)) << entry->name;
  }
}

}  // namespace
}  // namespace graft::cli
