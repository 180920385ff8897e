#include "graft/models/clip/class_prompts.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/models/in_parts.h"
#include "graft/text/clip_tokenizer.h"
#include "tests/support/gradient_check.h"
#include "tests/support/tiny_models.h"

namespace graft::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::random_tensor;
using testing::relative_error;
using testing::tiny_clip;

std::vector<int64_t> row(const at::Tensor& x, int64_t i) {
  const auto values = x[i].contiguous();
  return {values.data_ptr<int64_t>(), values.data_ptr<int64_t>() + values.numel()};
}

std::vector<int64_t> ids_of(const std::string& text) {
  const auto ids = text::ClipTokenizer::shared().encode(text);
  return {ids.begin(), ids.end()};
}

TextReader reader(bool truncate = false) {
  return {text::ClipTokenizer::shared(), 24, truncate};
}

// Puts rows that train in place of the learned words.
struct Words : nn::Insert {
  explicit Words(int64_t count, int64_t width) { rows = register_parameter("rows", random_tensor({count, width}, 5)); }
  at::Tensor forward(const at::Tensor& x, const nn::Frozen&, const nn::Context& context) const override {
    const auto where = context.learned.unsqueeze(2).expand({-1, -1, x.size(2)});
    return x.scatter(1, where, rows.unsqueeze(0).expand({x.size(0), -1, -1}));
  }
  at::Tensor rows;
};

TEST(Prompts, FillTheNameInAndEndWhereTheTokenizerSays) {
  const auto prompts = filled_prompts({"cat", "ice_cream"}, "a photo of a {}.", reader());
  const auto short_ids = ids_of("a photo of a cat."), long_ids = ids_of("a photo of a ice cream.");
  EXPECT_EQ(prompts.ids.x.size(1), static_cast<int64_t>(long_ids.size()) + 2);
  EXPECT_THAT(row(prompts.ids.present.sum(1).sub(1).unsqueeze(0), 0),
              ElementsAre(short_ids.size() + 1, long_ids.size() + 1));
  const auto ids = row(prompts.ids.x, 1);
  EXPECT_EQ(std::vector<int64_t>(ids.begin() + 1, ids.end() - 1), long_ids);
  EXPECT_EQ(row(prompts.ids.x, 0).back(), 0);
}

TEST(Prompts, LearnedWordsStandAtTheEndInTheMiddleOrAtTheFront) {
  const auto x = ids_of("X").front(), dot = ids_of(".").front();
  const auto name = ids_of("ice cream");
  ASSERT_EQ(name.size(), 2u);
  const auto end = learned_prompts({"ice_cream"}, 3, WordPosition::end, reader());
  const auto middle = learned_prompts({"ice_cream"}, 3, WordPosition::middle, reader());
  const auto front = learned_prompts({"ice_cream"}, 3, WordPosition::front, reader());
  EXPECT_THAT(row(end.ids.x, 0), ElementsAre(49406, x, x, x, name[0], name[1], dot, 49407));
  EXPECT_THAT(row(end.learned, 0), ElementsAre(1, 2, 3));
  EXPECT_THAT(row(middle.ids.x, 0), ElementsAre(49406, x, name[0], name[1], x, x, dot, 49407));
  EXPECT_THAT(row(middle.learned, 0), ElementsAre(1, 4, 5));
  EXPECT_THAT(row(front.ids.x, 0), ElementsAre(49406, name[0], name[1], x, x, x, dot, 49407));
  EXPECT_THAT(row(front.learned, 0), ElementsAre(3, 4, 5));
  EXPECT_EQ(end.ids.present.sum().item<int64_t>(), 8);
}

TEST(Prompts, ATemplateWithoutAPlaceIsRefused) {
  EXPECT_THROW(filled_prompts({"cat"}, "a photo", reader()), ConfigError);
}

TEST(Prompts, AClassNameTooLongForTheContextIsRefused) {
  EXPECT_THROW(filled_prompts({"cat", std::string(200, 'a') + " " + std::string(200, 'b')}, "{}", reader()), DataError);
}

TEST(Prompts, OneTooLongIsCutWhereThatIsAskedForAndCounted) {
  const std::string name = std::string(200, 'a') + " " + std::string(200, 'b');
  const auto prompts = filled_prompts({"cat", name}, "{}", reader(true));
  EXPECT_EQ(prompts.cut, 1);
  EXPECT_EQ(prompts.ids.x.size(1), 24);
  EXPECT_EQ(prompts.ids.x[1][23].item<int64_t>(), 49407);
  EXPECT_THROW(learned_prompts({name}, 3, WordPosition::end, reader(true)), DataError);
}

TEST(ClassPrompts, KnowsClassesThatTheTextTowerCannotTellApart) {
  const ClassPrompts head(tiny_clip(), {"t shirt", "Caf\u00e9", "T_shirt", "cat", "Cafe\u0301", "t  shirt", "dog"},
                          {"a photo of a {}."});
  EXPECT_THAT(head.alike(), ElementsAre(ElementsAre(0, 2, 5), ElementsAre(1, 4)));
  EXPECT_EQ(head.cut(), 0);
}

TEST(ClassPrompts, LogitsAreScaledCosines) {
  const torch::NoGradGuard no_grad;
  std::shared_ptr<Model> model = tiny_clip();
  ClassPrompts head(model, {"cat", "dog", "ice cream"}, {"a photo of a {}."});
  nn::Context context;
  const auto features = random_tensor({4, 12}, 3);
  const auto logits = head.forward(features, context);
  const auto weights = head.class_weights(context);
  EXPECT_EQ(weights.sizes().vec(), (std::vector<int64_t>{3, 12}));
  EXPECT_NEAR(head.scale(), 20, 1e-4);
  EXPECT_LT(relative_error(weights.norm(2, 1), at::ones({3})), 1e-6);
  const auto cosines = at::cosine_similarity(features.unsqueeze(1), weights.unsqueeze(0), 2);
  EXPECT_LT(relative_error(logits, 20 * cosines), 1e-5);
}

TEST(ClassPrompts, AnEnsembleIsNormalisedTwice) {
  const torch::NoGradGuard no_grad;
  std::shared_ptr<Model> model = tiny_clip();
  ClassPrompts both(model, {"cat", "dog"}, {"a photo of a {}.", "{}"});
  ClassPrompts first(model, {"cat", "dog"}, {"a photo of a {}."}), second(model, {"cat", "dog"}, {"{}"});
  nn::Context context;
  const auto mean = (first.class_weights(context) + second.class_weights(context)) / 2;
  EXPECT_LT(relative_error(both.class_weights(context), mean / mean.norm(2, 1, true)), 1e-5);
}

TEST(ClassPrompts, KeepsItsWeightsUntilTheWordsChange) {
  std::shared_ptr<Model> model = tiny_clip();
  auto words = std::make_shared<Words>(2, 16);
  ClassPrompts head(model, {"cat", "dog"}, {}, 2, WordPosition::end);
  model->joint("text.words").put(words);
  nn::Context context;
  const torch::NoGradGuard no_grad;
  const auto first = head.class_weights(context);
  EXPECT_TRUE(head.class_weights(context).is_same(first));
  words->rows.copy_(random_tensor({2, 16}, 6));
  EXPECT_GT(relative_error(head.class_weights(context), first), 1e-3);
}

TEST(ClassPrompts, WordsGetTheGradientOfDifferences) {
  std::shared_ptr<Model> model = tiny_clip();
  model->to(torch::kFloat64);
  auto words = std::make_shared<Words>(2, 16);
  words->to(torch::kFloat64);
  ClassPrompts head(model, {"cat", "ice cream"}, {}, 2, WordPosition::middle);
  model->joint("text.words").put(words);
  nn::Context context;
  const auto features = random_tensor({2, 12}, 4).to(torch::kFloat64);
  testing::expect_gradients_of_differences([&] { return head.forward(features, context); }, words->parameters());
}

TEST(InParts, GradientsAreThoseOfTheWhole) {
  const auto x = random_tensor({11, 4}, 1);
  const auto weights = random_tensor({11, 3}, 2);
  const auto gradient = [&](int64_t at_once) {
    const auto w = random_tensor({3, 4}, 3).requires_grad_();
    const auto unused = random_tensor({2}, 4).requires_grad_();
    const auto generator = at::make_generator<at::CPUGeneratorImpl>(7);
    const auto part = [&](int64_t begin, int64_t count) {
      const auto rows = at::linear(x.narrow(0, begin, count), w).tanh();
      return rows * at::rand(rows.sizes(), generator);
    };
    const auto all = in_parts(11, at_once, part, {w, unused}, generator);
    (all * weights).sum().backward();
    EXPECT_FALSE(unused.grad().defined() && unused.grad().abs().max().item<double>() > 0);
    return w.grad();
  };
  EXPECT_TRUE(torch::allclose(gradient(11), gradient(4), 1e-5, 1e-6));
}

}  // namespace
}  // namespace graft::models
