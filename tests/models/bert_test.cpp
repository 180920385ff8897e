// Text encoders against the libraries that wrote them: tests/golden/make/models_bert.py.
#include <gmock/gmock.h>
#include <torch/types.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "graft/core/error.h"
#include "graft/io/model_folder.h"
#include "graft/models/checkpoint.h"
#include "graft/models/model.h"
#include "graft/text/tokenizer.h"
#include "tests/support/gradient_check.h"
#include "tests/support/source_dir.h"

namespace graft::models {
namespace {

using ::testing::HasSubstr;
using testing::relative_error;

std::filesystem::path text_golden(const std::string& name) {
  return source_dir() / "tests/golden/models" / name;
}

std::unique_ptr<Model> load_text_model(const std::string& name, const LoadOptions& options = {}) {
  return load_model(io::ModelFolder::at(text_golden(name)), options);
}

// What transformers was given and gave.
class TextGolden {
 public:
  explicit TextGolden(const std::string& name)
      : expected_(io::Weights::open(text_golden(name) / "expected.safetensors")) {}

  nn::Value ids() const {
    nn::Value value{whole("ids"), {}, whole("mask").to(at::kBool)};
    if (expected_.find("types")) value.types = whole("types");
    return value;
  }
  // Row i alone, without its padding.
  nn::Value row(int64_t i) const {
    const auto all = ids();
    const auto length = all.present[i].sum().item<int64_t>();
    const auto cut = [&](const at::Tensor& t) { return t.defined() ? t.narrow(0, i, 1).narrow(1, 0, length) : t; };
    return {cut(all.x), {}, {}, cut(all.types)};
  }
  at::Tensor floats(const char* name) const { return to_float(expected_.at(name)); }

 private:
  at::Tensor whole(const char* name) const { return view_of(expected_.at(name)).to(at::kLong); }

  io::Weights expected_;
};

struct TextCase {
  const char* name;
  const char* folder;
  const char* description;
};

std::ostream& operator<<(std::ostream& out, const TextCase& tested) {
  return out << tested.name;
}

class Bert : public ::testing::TestWithParam<TextCase> {};

TEST_P(Bert, FeaturesEqualTheReference) {
  const torch::NoGradGuard no_grad;
  const auto model = load_text_model(GetParam().folder);
  EXPECT_EQ(model->info().description, GetParam().description);
  const TextGolden golden(GetParam().folder);
  auto& tower = model->reader();
  EXPECT_LT(relative_error(tower.encode(golden.ids(), {}), golden.floats("features")), 1e-5);  // float32
  const auto tokens = tower.run(golden.ids(), 0, tower.pooled() - 1, {});
  const auto shown = tokens.x * tokens.present.unsqueeze(2);
  EXPECT_LT(relative_error(shown, golden.floats("tokens")), 1e-5);
}

TEST_P(Bert, APaddedBatchEqualsSingleRows) {
  const torch::NoGradGuard no_grad;
  const auto model = load_text_model(GetParam().folder);
  const TextGolden golden(GetParam().folder);
  const auto together = model->reader().encode(golden.ids(), {});
  for (int64_t i = 0; i < together.size(0); ++i)
    EXPECT_LT(relative_error(model->reader().encode(golden.row(i), {})[0], together[i]), 1e-6) << i;
}

TEST_P(Bert, RunningInTwoPartsEqualsRunningAtOnce) {
  const torch::NoGradGuard no_grad;
  const auto model = load_text_model(GetParam().folder);
  auto& tower = model->reader();
  const auto ids = TextGolden(GetParam().folder).ids();
  const auto whole = tower.encode(ids, {});
  for (nn::Place place = 0; place <= tower.last(); ++place) {
    const auto value = tower.run(ids, 0, place, {});
    EXPECT_LT(relative_error(tower.run(value, place, tower.last(), {}).x, whole), 1e-5) << place;  // float32
    EXPECT_EQ(value.x.size(-1), place > 0 ? tower.width(place) : value.x.size(1)) << place;
  }
}

TEST_P(Bert, EveryTensorIsWrittenBackUnderItsName) {
  const auto model = load_text_model(GetParam().folder);
  const auto weights = io::ModelFolder::at(text_golden(GetParam().folder)).open();
  const auto written = model->to_checkpoint();
  EXPECT_GT(written.size(), 30u);
  for (const auto& [name, tensor] : written) {
    const auto* view = weights.find(name);
    ASSERT_NE(view, nullptr) << name;
    EXPECT_TRUE(at::equal(tensor, to_float(*view))) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Bert,
                         ::testing::Values(TextCase{"Bert", "bert_hf", "BERT 2x36, pooler"},
                                           TextCase{"BertOf2019Pickled", "bert_old", "BERT 2x36, pooler"},
                                           TextCase{"Roberta", "roberta_hf", "RoBERTa 2x36, class token"},
                                           TextCase{"DistilBert", "distilbert_hf", "DistilBERT 2x36, class token"},
                                           TextCase{
                                               "SentencesByEveryPooling", "sentence_hf",
                                               "BERT 2x12, cls+max+mean+mean_sqrt_len_tokens+weightedmean+lasttoken"}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(SentenceFolder, TextsBecomeTheEmbeddingsOfSentenceTransformers) {
  const torch::NoGradGuard no_grad;
  const auto model = load_text_model("sentence_hf");
  auto& tower = model->reader();
  ASSERT_NE(tower.tokenizer(), nullptr);
  EXPECT_EQ(tower.context_length(), 16);
  std::ifstream file(text_golden("sentence_hf") / "texts.json");
  const auto texts = nlohmann::json::parse(file).get<std::vector<std::string>>();
  const auto expected = TextGolden("sentence_hf").floats("features");
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto row = tower.tokenizer()->encode(texts[i], {}, tower.context_length(), text::Truncation::kLongestFirst);
    const auto ids = torch::tensor(std::vector<int64_t>(row.ids.begin(), row.ids.end())).unsqueeze(0);
    EXPECT_LT(relative_error(tower.encode({ids}, {})[0], expected[static_cast<int64_t>(i)]), 1e-5) << texts[i];
  }
}

TEST(BertAsTold, PoolingIsAsTold) {
  const torch::NoGradGuard no_grad;
  const TextGolden golden("bert_hf");
  LoadOptions options;
  options.told.pooling = TextPooling::mean;
  const auto model = load_text_model("bert_hf", options);
  EXPECT_EQ(model->info().description, "BERT 2x36, mean of tokens");
  EXPECT_EQ(model->info().pooling, "mean");
  const auto counts = golden.ids().present.sum(1, true);
  EXPECT_LT(relative_error(model->reader().encode(golden.ids(), {}), golden.floats("tokens").sum(1) / counts), 1e-5);
  options.told.pooling = TextPooling::cls;
  EXPECT_LT(relative_error(load_text_model("bert_hf", options)->reader().encode(golden.ids(), {}),
                           golden.floats("tokens").select(1, 0)),
            1e-5);
}

TEST(BertNotes, HeadsLieAsideAndAreNamed) {
  const auto model = load_text_model("roberta_hf");
  EXPECT_THAT(model->info().notes,
              ::testing::Contains(::testing::Field(&Note::text, HasSubstr("left aside: classifier.dense.bias"))));
  EXPECT_FALSE(model->has_prompts());
  EXPECT_EQ(model->reader().name(), nn::Tower::text);
}

}  // namespace
}  // namespace graft::models
