// Adapters of decoders on disk.
#include "graft/pipelines/language/adapter.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/core/log.h"
#include "graft/io/json_object.h"
#include "graft/io/model_folder.h"
#include "graft/methods/lora/lora.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/language/decoder_model.h"
#include "tests/support/gradient_check.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_models.h"

namespace graft::pipelines::language {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<models::Model> tiny_decoder(uint64_t seed = 1) {
  return graft::testing::tiny_decoder_checkpoint(seed).load();
}

std::shared_ptr<models::Model> decoder_on_disk(const std::string& name) {
  return models::load_model(io::ModelFolder::at(source_dir() / "tests/golden/models" / ("decoder_" + name)), {});
}

at::Tensor rows_of(const methods::Adapted& adapted) {
  const torch::NoGradGuard no_grad;
  const nn::Value ids{at::arange(3, 10, at::kLong).view({1, 7})};
  return decoder_of(*adapted.model).hidden(ids, {});
}

TEST(LanguageAdapter, IsReadBackAsItWas) {
  const TempFolder folder;
  for (const std::string method : {"lora", "adapter", "norm", "bias", "prefix", "prompt-tuning"}) {
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

// What PEFT wrote gives PEFT's logits, and is written again as PEFT wrote it (tests/golden/make/methods_prompts.py).
class PromptsOfPeft : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(PromptsOfPeft, TravelBothWays) {
  const auto [method, base] = GetParam();
  const auto folder = source_dir() / "tests/golden/methods" / fmt::format("peft_{}_{}", method, base);
  Silent report;
  const auto adapted = load_adapter(folder, decoder_on_disk(base), report);
  const auto expected = nn::read_tensors(folder / "expected.safetensors");
  const auto mask = expected.at("mask").to(at::kBool);
  const auto& decoder = decoder_of(*adapted.model);
  const torch::NoGradGuard no_grad;
  const auto logits = decoder.logits(decoder.hidden(nn::Value{expected.at("ids"), {}, mask}, {}));
  EXPECT_LT(((logits - expected.at("logits")) * mask.unsqueeze(2)).abs().max().item<double>(), 1e-4);

  const TempFolder written;
  save_adapter(written.path(), adapted);
  const auto file = nn::read_tensors(written.path() / "adapter_model.safetensors"),
             theirs = nn::read_tensors(folder / "adapter_model.safetensors");
  ASSERT_EQ(file.size(), 1u);
  EXPECT_TRUE(torch::equal(file.at("prompt_embeddings"), theirs.at("prompt_embeddings")));
  const auto of = [](const std::filesystem::path& in) { return *io::JsonObject::read(in / "adapter_config.json"); };
  const auto ours = of(written.path()).value(), peft = of(folder).value();
  for (const auto& [key, value] : peft.items()) {
    if (value.is_null() || key == "base_model_name_or_path") continue;
    EXPECT_EQ(ours.value(key, nlohmann::json()), value) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, PromptsOfPeft,
                         ::testing::Values(std::pair("prefix", "llama"), std::pair("prefix", "gemma3"),
                                           std::pair("prompt_tuning", "llama"), std::pair("prompt_tuning", "gemma3")),
                         [](const auto& info) { return fmt::format("{}_{}", info.param.first, info.param.second); });

TEST(LanguageAdapter, OfPeftIsRefusedForWhatItIsNot) {
  const auto golden = source_dir() / "tests/golden/methods";
  Silent report;
  const TempFolder changed;
  const auto load = [&](const char* key, const nlohmann::json& value) {
    auto config = io::JsonObject::read(golden / "peft_prefix_llama/adapter_config.json")->value();
    config[key] = value;
    std::ofstream(changed.path() / "adapter_config.json") << config;
    std::filesystem::copy_file(golden / "peft_prefix_llama/adapter_model.safetensors",
                               changed.path() / "adapter_model.safetensors",
                               std::filesystem::copy_options::overwrite_existing);
    load_adapter(changed.path(), decoder_on_disk("llama"), report);
  };
  const auto refused = [&](const char* key, const nlohmann::json& value, const char* words) {
    EXPECT_THAT([&] { load(key, value); }, ::testing::ThrowsMessage<ModelError>(HasSubstr(words))) << key;
  };
  refused("modules_to_save", {"lm_head"}, "modules_to_save");
  refused("num_attention_heads", 4, "num_attention_heads");
  refused("num_virtual_tokens", 5, "prompt_embeddings: shape [3, 48], here it is [5, 48]");
  refused("something_new", true, "something_new");
}

// What PEFT saves of the map to the vocabulary, adapted or whole, would change every answer.
TEST(LanguageAdapter, OfTheVocabularysMapIsRefusedAndNeverLeftAside) {
  const auto adapted = stories_with_lora();
  Silent report;
  for (const auto& [name, sizes] : std::map<std::string, std::vector<int64_t>>{
           {"lm_head.weight", {512, 64}}, {"lm_head.lora_A.weight", {2, 64}}, {"lm_head.lora_B.weight", {512, 2}}}) {
    const TempFolder folder;
    save_peft(folder.path(), adapted);
    const auto file = folder.path() / "adapter_model.safetensors", config_file = folder.path() / "adapter_config.json";
    auto tensors = nn::read_tensors(file);
    tensors["base_model.model." + name] = torch::ones(sizes);
    nn::write_tensors(file, tensors);
    for (const auto& saved : {nlohmann::json(), nlohmann::json{"lm_head"}}) {
      auto config = io::JsonObject::read(config_file)->value();
      config["modules_to_save"] = saved;
      std::ofstream(config_file) << config;
      const auto load = [&] {
        load_adapter(folder.path(), models::load_model(io::ModelFolder::at(stories_folder()), {}), report);
      };
      EXPECT_THAT(load, ::testing::ThrowsMessage<ModelError>(HasSubstr(name))) << saved;
    }
  }
}

// Prompts and prefixes: a text read through a cache, in pieces, and packed beside another gives the same rows.
class BeforeEveryText : public ::testing::TestWithParam<std::pair<const char*, const char*>> {
 protected:
  methods::Adapted adapted() const {
    OptionValues options{{"tokens", "3"}};
    if (GetParam().first == std::string("prefix")) options["inner"] = "5";
    return adapt_decoder(decoder_on_disk(GetParam().second), GetParam().first, options, 7);
  }
};

TEST_P(BeforeEveryText, ACacheBeginsWithIt) {
  const auto on = adapted();
  const auto& decoder = decoder_of(*on.model);
  const torch::NoGradGuard no_grad;
  const auto ids = at::arange(3, 14, at::kLong).view({1, 11});
  auto cache = decoder.new_cache();
  EXPECT_EQ(cache.length(), 0);
  EXPECT_EQ(cache.rows(), 3);
  std::vector<at::Tensor> pieces;
  for (const auto& [begin, count] : {std::pair(0, 6), std::pair(6, 1), std::pair(7, 4)})
    pieces.push_back(decoder.hidden(ids.narrow(1, begin, count), cache));
  const auto whole = decoder.hidden(nn::Value{ids}, {});
  EXPECT_LT(testing::relative_error(at::cat(pieces, 1), whole), 1e-5);
  cache.truncate(4);
  auto forked = cache.fork();
  EXPECT_LT(testing::relative_error(decoder.hidden(ids.narrow(1, 4, 7), forked), whole.narrow(1, 4, 7)), 1e-5);
  EXPECT_EQ(decoder.longest(), decoder.context_length() - 3);
}

TEST_P(BeforeEveryText, EachPackedDocumentHasIt) {
  const auto on = adapted();
  const auto& decoder = decoder_of(*on.model);
  const torch::NoGradGuard no_grad;
  const auto first = at::arange(3, 10, at::kLong).view({1, 7}), second = at::arange(20, 24, at::kLong).view({1, 4});
  const auto documents = torch::tensor({0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1}, at::kLong).view({1, 11});
  const auto packed = decoder.hidden(nn::Value{at::cat({first, second}, 1)}, {}, documents);
  const auto apart = at::cat({decoder.hidden(nn::Value{first}, {}), decoder.hidden(nn::Value{second}, {})}, 1);
  EXPECT_LT(testing::relative_error(packed, apart), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Methods, BeforeEveryText,
                         ::testing::Values(std::pair("prefix", "llama"), std::pair("prefix", "gemma2"),
                                           std::pair("prefix", "gemma3"), std::pair("prompt-tuning", "qwen3"),
                                           std::pair("prompt-tuning", "gemma2"), std::pair("prompt-tuning", "gemma3")),
                         [](const auto& info) {
                           const std::string method = info.param.first;
                           return (method == "prefix" ? "prefix_" : "prompts_") + std::string(info.param.second);
                         });

TEST(LanguageAdapter, IsForModelsThatTellTheNextToken) {
  EXPECT_THAT([] { decoder_of(*graft::testing::tiny_vit()); },
              ::testing::ThrowsMessage<ModelError>(HasSubstr("is no language model that tells the next token")));
}

}  // namespace
}  // namespace graft::pipelines::language
