// What the files beside a BERT say, by the list of what is understood.
#include <gmock/gmock.h>
#include <torch/types.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/io/model_folder.h"
#include "graft/models/model.h"
#include "graft/text/tokenizer.h"
#include "tests/support/source_dir.h"
#include "tests/support/tiny_models.h"

namespace graft::models {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

io::ModelFolder folder_of_text(const std::string& name) {
  return io::ModelFolder::at(source_dir() / "tests/golden/models" / name);
}

// The golden BERT with a changed config.json; a null value takes a key out.
std::unique_ptr<Model> bert_saying(const json& changes, const std::string& name = "bert_hf") {
  auto folder = folder_of_text(name);
  json config = folder.config->value();
  config.update(changes);
  folder.config.emplace(config, "config.json");
  return load_model(folder, {});
}

std::string why_refused(const std::function<void()>& load) {
  try {
    load();
  } catch (const ModelError& error) {
    return error.what();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(BertSettings, ComeFromTheConfig) {
  const auto model = bert_saying({{"hidden_act", "gelu_new"}, {"layer_norm_eps", 1e-3}});
  EXPECT_EQ(model->info().text->activation, tensor::Activation::gelu_tanh);
  EXPECT_EQ(model->info().text->eps, 1e-3);
  EXPECT_EQ(model->info().text->heads, 3);
  EXPECT_EQ(bert_saying({{"hidden_act", "swish"}})->info().text->activation, tensor::Activation::silu);
}

TEST(BertSettings, WhatChangesANumberAndIsNotUnderstoodIsRefusedByName) {
  const std::pair<json, const char*> kRefused[] = {
      {{{"hidden_act", "mish"}}, "hidden_act = \"mish\""},
      {{{"position_embedding_type", "relative_key"}}, "position_embedding_type"},
      {{{"is_decoder", true}}, "is_decoder"},
      {{{"add_cross_attention", true}}, "add_cross_attention"},
      {{{"model_type", "electra"}}, "model_type"},
      {{{"model_type", "distilbert"}}, "tensors are those of another network"},
      {{{"hidden_size", 48}}, "hidden_size = 48, the tensors have 36"},
      {{{"num_attention_heads", 5}}, "5 heads do not divide a width of 36"},
      {{{"embedding_size", 128}}, "says embedding_size, which graft does not know"},
      {{{"pruned_heads", {{"0", {1}}}}}, "pruned_heads"},
  };
  for (const auto& [changes, told] : kRefused)
    EXPECT_THAT(why_refused([&] { bert_saying(changes); }), HasSubstr(told)) << changes;
}

TEST(BertSettings, WhatTheHubsFilesSayAndChangesNothingPasses) {
  bert_saying({{"directionality", "bidi"},
               {"pooler_fc_size", 768},
               {"pooler_type", "first_token_transform"},
               {"position_embedding_type", "absolute"},
               {"output_past", true},
               {"gradient_checkpointing", false},
               {"transformers.js_config", {{"dtype", "q8"}}},
               {"cross_attention_hidden_size", nullptr},
               {"_name_or_path", "somebody/bert"}});
  bert_saying({{"tie_weights_", true}, {"sinusoidal_pos_embds", true}}, "distilbert_hf");
}

TEST(BertSettings, ALoneFileIsTakenForWhatItsTensorsAreAndSaysSo) {
  auto folder = folder_of_text("roberta_hf");
  folder.config.reset();
  LoadOptions options;
  EXPECT_THAT(why_refused([&] { load_model(folder, options); }), HasSubstr("--heads"));
  options.told.heads = 3;
  const auto model = load_model(folder, options);
  EXPECT_EQ(model->info().description, "RoBERTa 2x36, class token");
  EXPECT_THAT(model->info().notes, Contains(Field(&Note::text, "no config.json: RoBERTa, GELU assumed")));
  EXPECT_EQ(model->reader().context_length(), 17 - 2);  // positions start behind the padding's id
}

TEST(BertSettings, WithoutATokenizerTheModelSaysThatNoTextsAreRead) {
  const auto model = load_model(folder_of_text("bert_hf"), {});
  EXPECT_EQ(model->reader().tokenizer(), nullptr);
  EXPECT_THAT(model->info().notes, Contains(Field(&Note::text, HasSubstr("no tokenizer"))));
}

TEST(BertSettings, TextsThatAreTooLongOrOfUnknownWordsAreRefused) {
  const auto model = load_model(folder_of_text("bert_hf"), {});
  auto& tower = model->reader();
  EXPECT_THROW(tower.encode({torch::zeros({1, 21}, at::kLong)}, {}), DataError);
  EXPECT_THROW(tower.encode({torch::full({1, 4}, 61, at::kLong)}, {}), ModelError);
  EXPECT_THROW(tower.encode({torch::zeros({1, 4}, at::kLong), {}, {}, torch::full({1, 4}, 3, at::kLong)}, {}),
               DataError);
}

TEST(BertSettings, ClassPromptsAreRefusedByName) {
  const auto model = load_model(folder_of_text("bert_hf"), {});
  EXPECT_THAT(why_refused([&] { model->require_prompts("zero-shot", "class prompts need"); }),
              AllOf(HasSubstr("images and texts in one space"), HasSubstr("reads texts alone")));
}

TEST(BertSettings, TwoModelsInOneFileAreRefused) {
  const auto folder = folder_of_text("bert_hf");
  const auto file = folder.open();
  io::TensorMap tensors;
  for (const auto& [name, view] : file.tensors()) {
    tensors.emplace("query." + name, view);
    tensors.emplace("passage." + name, view);
  }
  const io::Weights both("both.safetensors", tensors);
  EXPECT_THAT(why_refused([&] { load_model(folder, both, {}); }),
              HasSubstr("holds several models: 'passage.', 'query.'"));
}

TEST(BertSettings, DebertaIsRefusedByItsName) {
  auto folder = folder_of_text("bert_hf");
  folder.config.emplace(json{{"model_type", "deberta-v2"}}, "config.json");
  const auto file = folder.open();
  io::TensorMap tensors;
  for (const auto& [name, view] : file.tensors()) {
    const auto at = name.find("attention.self.query");
    tensors.emplace("deberta." + (at == name.npos ? name : std::string(name).insert(at + 20, "_proj")), view);
  }
  const io::Weights weights("model.safetensors", tensors);
  EXPECT_THAT(why_refused([&] { load_model(folder, weights, {}); }), HasSubstr("calls it 'deberta-v2'"));
}

// A copy of the golden folder of sentence-transformers, to be changed.
struct SentenceFolderTest : ::testing::Test {
  SentenceFolderTest() : path(fs::temp_directory_path() / ("graft_sentences_" + std::to_string(::getpid()))) {
    fs::remove_all(path);
    fs::copy(source_dir() / "tests/golden/models/sentence_hf", path, fs::copy_options::recursive);
  }
  ~SentenceFolderTest() override { fs::remove_all(path); }

  json read(const std::string& name) const {
    std::ifstream file(path / name);
    return json::parse(file);
  }
  void write(const std::string& name, const json& value) const { std::ofstream(path / name) << value; }
  void change(const std::string& name, const json& changes) const {
    auto value = read(name);
    value.update(changes);
    write(name, value);
  }
  std::unique_ptr<Model> load(const LoadOptions& options = {}) const {
    return load_model(io::ModelFolder::at(path), options);
  }

  fs::path path;
};

TEST_F(SentenceFolderTest, AsVersionTwoWroteItIsTheSame) {
  const torch::NoGradGuard no_grad;
  write("1_Pooling/config.json", {{"word_embedding_dimension", 12},
                                  {"pooling_mode_cls_token", false},
                                  {"pooling_mode_mean_tokens", true},
                                  {"pooling_mode_max_tokens", false},
                                  {"pooling_mode_mean_sqrt_len_tokens", false}});
  write("sentence_bert_config.json", {{"max_seq_length", 11}, {"do_lower_case", false}});
  auto modules = read("modules.json");
  for (auto& module : modules) {
    const auto type = module["type"].get<std::string>();
    module["type"] = "sentence_transformers.models." + type.substr(type.rfind('.') + 1);
  }
  write("modules.json", modules);
  const auto model = load();
  EXPECT_EQ(model->info().description, "BERT 2x12, mean of tokens");
  EXPECT_EQ(model->reader().context_length(), 11);
  EXPECT_THAT(model->info().notes, Contains(Field(&Note::text, HasSubstr("not of unit length"))));
}

TEST_F(SentenceFolderTest, TheModelMayLieInAFolderOfItsOwn) {
  fs::create_directory(path / "0_Transformer");
  for (const char* name : {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"})
    fs::rename(path / name, path / "0_Transformer" / name);
  auto modules = read("modules.json");
  modules[0]["path"] = "0_Transformer";
  write("modules.json", modules);
  const auto model = load();
  EXPECT_NE(model->reader().tokenizer(), nullptr);
  EXPECT_EQ(model->reader().width(model->reader().last()), 6 * 12);
}

TEST_F(SentenceFolderTest, WhatWouldGiveOtherEmbeddingsIsRefusedByName) {
  const auto before = read("modules.json");
  auto modules = before;
  modules.insert(modules.begin() + 2, json{{"type", "sentence_transformers.models.Dense"}, {"path", "2_Dense"}});
  write("modules.json", modules);
  EXPECT_THAT(why_refused([&] { load(); }), HasSubstr("module 2 is sentence_transformers.models.Dense"));
  write("modules.json", before);
  change("1_Pooling/config.json", {{"pooling_mode", "attention"}});
  EXPECT_THAT(why_refused([&] { load(); }), HasSubstr("pooling_mode = \"attention\""));
  change("1_Pooling/config.json", {{"pooling_mode", "mean"}});
  change("config_sentence_transformers.json", {{"prompts", {{"query", "query: "}}}, {"default_prompt_name", "query"}});
  EXPECT_THAT(why_refused([&] { load(); }), HasSubstr("puts 'query: ' before every text"));
  change("config_sentence_transformers.json", {{"default_prompt_name", nullptr}});
  EXPECT_THAT(load()->info().notes, Contains(Field(&Note::text, HasSubstr("words to put before them: 'query: '"))));
  LoadOptions options;
  options.told.pooling = TextPooling::cls;
  EXPECT_THAT(why_refused([&] { load(options); }), AllOf(HasSubstr("--pooling cls"), HasSubstr("says mean")));
}

TEST_F(SentenceFolderTest, LowerCaseIsTheTokenizersBusiness) {
  change("sentence_bert_config.json", {{"do_lower_case", true}});
  EXPECT_NO_THROW(load());  // which lowers already
  change("tokenizer_config.json", {{"do_lower_case", false}});
  auto tokenizer = read("tokenizer.json");
  tokenizer["normalizer"]["lowercase"] = false;
  write("tokenizer.json", tokenizer);
  EXPECT_THAT(why_refused([&] { load(); }), HasSubstr("do_lower_case, but the tokenizer keeps capitals"));
}

TEST(ClipTokenizerOfATower, IsItsOwn) {
  const auto model = testing::tiny_clip();
  ASSERT_NE(model->need(nn::Tower::text).tokenizer(), nullptr);
  EXPECT_EQ(model->need(nn::Tower::text).tokenizer()->vocabulary_size(), 49408);
  EXPECT_EQ(model->reader().tokenizer(), nullptr);
}

}  // namespace
}  // namespace graft::models
