// LoRA and whole decoders as llama.cpp has them. tests/golden/make/gguf_lora.py made the file that is compared with.
#include "graft/pipelines/language/gguf_lora.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <torch/types.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <span>

#include "graft/core/error.h"
#include "graft/core/log.h"
#include "graft/io/gguf.h"
#include "graft/io/gguf_writer.h"
#include "graft/io/model_folder.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/fold.h"
#include "graft/pipelines/language/adapter.h"
#include "graft/pipelines/language/decoder_model.h"
#include "graft/pipelines/language/gguf_model.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_folder.h"

namespace graft::pipelines::language {
namespace {

using ::testing::HasSubstr;

const auto kGolden = source_dir() / "tests/golden";

std::shared_ptr<models::Model> load(const std::string& name) {
  return models::load_model(io::ModelFolder::at(kGolden / name), {});
}

at::Tensor logits(const models::Model& model) {
  const torch::NoGradGuard no_grad;
  const auto& decoder = decoder_of(model);
  return decoder.logits(decoder.hidden(nn::Value{at::arange(3, 14, at::kLong).view({1, 11})}, {}));
}

methods::Adapted with_lora(const std::shared_ptr<models::Model>& model, const OptionValues& options) {
  auto adapted = adapt_decoder(model, "lora", options, 5);
  const torch::NoGradGuard no_grad;
  torch::manual_seed(3);
  for (auto& [name, parameter] : adapted.parameters)
    parameter.copy_(0.3 * torch::randn(parameter.sizes()));
  return adapted;
}

double largest(const at::Tensor& difference) {
  return difference.abs().max().item<double>();
}

TEST(GgufLora, IsWhatLlamaCppsConverterWritesOfPeftsFolder) {
  const auto model = load("models/decoder_llama");
  Silent report;
  const auto adapted = load_adapter(kGolden / "methods/peft_gguf_lora", model, report);
  const TempFolder folder;
  const auto path = folder.path() / "lora.gguf";
  EXPECT_EQ(write_gguf_lora(path, adapted, io::GgmlType::f32).alpha, 7);
  const auto ours = io::GgufFile::open(path), theirs = io::GgufFile::open(kGolden / "methods/peft_gguf_lora/lora.gguf");
  ASSERT_EQ(ours.tensors().size(), theirs.tensors().size());
  for (const auto& [name, tensor] : theirs.tensors()) {
    ASSERT_TRUE(ours.tensors().contains(name)) << name;
    const auto& mine = ours.tensors().at(name);
    EXPECT_EQ(mine.type, tensor.type) << name;
    EXPECT_EQ(mine.shape, tensor.shape) << name;
    EXPECT_TRUE(std::ranges::equal(mine.data, tensor.data)) << name;
  }
  for (const auto& key : theirs.metadata().keys()) {
    ASSERT_TRUE(ours.metadata().has(key)) << key;
    EXPECT_TRUE(std::ranges::equal(ours.metadata().find(key)->data, theirs.metadata().find(key)->data)) << key;
  }
}

TEST(GgufLora, IsReadToPeftsLogits) {
  const auto golden = nn::read_tensors(kGolden / "methods/peft_gguf_lora/logits.safetensors");
  for (const char* file : {"", "lora.gguf"}) {
    const auto model = load("models/decoder_llama");
    Silent report;
    load_adapter(kGolden / "methods/peft_gguf_lora" / file, model, report);
    const torch::NoGradGuard no_grad;
    const auto& decoder = decoder_of(*model);
    const auto got = decoder.logits(decoder.hidden(nn::Value{golden.at("ids")}, {}));
    EXPECT_LT(largest(got - golden.at("logits")), 1e-4) << file;
  }
}

struct Case {
  const char* base;
  OptionValues options;
};

class GgufLoraOf : public ::testing::TestWithParam<Case> {};

TEST_P(GgufLoraOf, GivesTheSameLogitsWhenItIsReadBack) {
  const auto model = load(GetParam().base);
  const auto before = logits(*model);
  const auto adapted = with_lora(model, GetParam().options);
  const auto changed = logits(*model);
  EXPECT_GT(largest(changed - before), 1e-3);
  const TempFolder folder;
  write_gguf_lora(folder.path() / "lora.gguf", adapted, io::GgmlType::f32);
  Silent report;
  const auto again = load(GetParam().base);
  load_adapter(folder.path() / "lora.gguf", again, report);
  EXPECT_LT(largest(logits(*again) - changed), 1e-5 * largest(changed));
  // And from there to PEFT's folder and back.
  save_peft(folder.path(), load_adapter(folder.path() / "lora.gguf", load(GetParam().base), report));
  const auto third = load(GetParam().base);
  load_adapter(folder.path(), third, report);
  EXPECT_LT(largest(logits(*third) - changed), 1e-5 * largest(changed));
}

INSTANTIATE_TEST_SUITE_P(
    Bases, GgufLoraOf,
    ::testing::Values(Case{"models/decoder_llama", {{"target", "*"}, {"rank", "3"}, {"alpha", "5"}}},
                      Case{"models/decoder_mistral", {{"target", "q,k"}, {"rslora", "true"}}},
                      Case{"models/decoder_qwen3", {{"target", "*"}}},
                      Case{"models/decoder_smollm3", {{"target", "*"}}},
                      // One change of a matrix that is three there, beside another of the first of them.
                      Case{"models/decoder_llama", {{"target", "attn.qkv"}, {"rank", "2"}}},
                      Case{"models/decoder_llama", {{"target", "attn.qkv,q,mlp.gate_up"}, {"rank", "2"}}},
                      Case{"models/decoder_llama", {{"alpha", "0.001"}, {"rank", "1"}, {"target", "*"}}},
                      Case{"gguf/llama.gguf", {{"target", "*"}}}, Case{"gguf/qwen2.gguf", {{"target", "*"}}},
                      Case{"gguf/gemma2.gguf", {{"target", "*"}}}, Case{"gguf/gemma3.gguf", {{"target", "*"}}}));

// tests/golden/make/llama_cpp.py asked it. It rounds what it multiplies with Q8_0 to 8 bits too, so that a token's
// log-probability is off by about a hundredth.
TEST(GgufLora, WritesTheTextThatLlamaCppWrites) {
  const auto golden = nlohmann::json::parse(std::ifstream(kGolden / "gguf/llama_cpp.json"));
  const auto prompt = golden["prompt"].get<std::string>();
  std::set<std::string> texts;
  for (const auto& answer : golden["answers"]) {
    ModelChoice choice;
    choice.model = (kGolden / "gguf/stories260K.gguf").string();
    choice.adapter = fmt::format("{}:{}", (kGolden / "gguf/llama_cpp.gguf").string(), answer["scale"].get<double>());
    choice.precision = "fp32";
    choice.threads = 1;
    Silent report;
    auto model = DecoderModel::open(choice, {}, report);
    const auto wanted = answer["text"].get<std::string>();
    const auto tokens = answer["log_probabilities"].get<std::vector<double>>();
    const auto got = model.generate(std::vector<prompting::Prompt>{{prompt, Random(1)}},
                                    {{.temperature = 0}, {}, static_cast<int64_t>(tokens.size())})[0];
    EXPECT_EQ(got.text, wanted);
    const auto likelihood = model.log_likelihoods(std::vector<prompting::Pair>{{prompt, wanted}})[0];
    EXPECT_EQ(likelihood.tokens, static_cast<int64_t>(tokens.size()));
    EXPECT_NEAR(likelihood.sum, std::accumulate(tokens.begin(), tokens.end(), 0.0), 0.015 * tokens.size());
    texts.insert(wanted);
  }
  EXPECT_EQ(texts.size(), 3u);  // it does something, and by half something else
}

TEST(GgufLora, WithAlphaZeroIsNoChange) {
  const auto model = load("gguf/llama.gguf");
  const auto before = logits(*model);
  const auto adapted = with_lora(model, {{"alpha", "0"}});
  const TempFolder folder;
  write_gguf_lora(folder.path() / "lora.gguf", adapted, io::GgmlType::f32);
  Silent report;
  const auto again = load("gguf/llama.gguf");
  load_adapter(folder.path() / "lora.gguf", again, report);
  EXPECT_EQ(largest(logits(*again) - before), 0);
}

TEST(GgufLora, OfWhatIsNoLoraIsRefusedByName) {
  const TempFolder folder;
  for (const std::string method : {"norm", "adapter", "full"}) {
    const auto adapted = adapt_decoder(load("gguf/llama.gguf"), method, {}, 1);
    EXPECT_THAT([&] { write_gguf_lora(folder.path() / "x.gguf", adapted, io::GgmlType::f32); },
                ::testing::ThrowsMessage<ModelError>(HasSubstr("--to gguf writes the whole model")))
        << method;
    EXPECT_THAT([&] { save_peft(folder.path(), adapted); },
                ::testing::ThrowsMessage<ModelError>(HasSubstr("PEFT has no '" + method + "'")));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// A file that says what it is given.
std::filesystem::path file_of(const TempFolder& folder, const std::function<void(io::GgufWriter&)>& more,
                              const char* architecture = "llama", const char* type = "adapter") {
  io::GgufWriter writer;
  writer.put("general.type", type);
  writer.put("general.architecture", architecture);
  writer.put("adapter.type", "lora");
  more(writer);
  const auto path = folder.path() / "given.gguf";
  writer.write(path);
  return path;
}

void add_zeros(io::GgufWriter& writer, const char* name, const std::vector<int64_t>& shape) {
  writer.add(name, io::GgmlType::f32, shape,
             [shape] { return std::vector<float>(static_cast<size_t>(c10::multiply_integers(shape))); });
}

TEST(GgufLora, ThatIsNotUnderstoodIsRefusedByName) {
  const TempFolder folder;
  const auto refusal = [&](const std::filesystem::path& path) -> std::string {
    Silent report;
    try {
      load_adapter(path, load("gguf/llama.gguf"), report);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "";
  };
  const auto nothing = [](io::GgufWriter&) {};
  EXPECT_THAT(refusal(file_of(folder, nothing, "llama", "model")), HasSubstr("expected a LoRA"));
  EXPECT_THAT(refusal(file_of(folder, nothing, "gemma3")), HasSubstr("of architecture \"gemma3\""));
  EXPECT_THAT(
      refusal(file_of(
          folder, [](auto& writer) { writer.put("adapter.alora.invocation_tokens", std::vector<std::uint32_t>{1}); })),
      HasSubstr("metadata 'adapter.alora.invocation_tokens'"));
  for (const char* name : {"token_embd.weight.lora_a", "blk.0.attn_norm.weight.lora_a", "blk.0.attn_q.weight.scale",
                           "blk.0.attn_q.lora_a", "blk.9.attn_q.weight.lora_a"}) {
    EXPECT_THAT(refusal(file_of(folder,
                                [&](auto& writer) {
                                  add_zeros(writer, name, {2, 16});
                                })),
                Not(::testing::IsEmpty()))
        << name;
  }
  EXPECT_THAT(refusal(file_of(folder,
                              [](auto& writer) {
                                add_zeros(writer, "blk.0.attn_q.weight.lora_a", {2, 16});
                              })),
              HasSubstr("lora_B: missing"));
  EXPECT_THAT(refusal(file_of(folder,
                              [](auto& writer) {
                                add_zeros(writer, "blk.0.attn_q.weight.lora_a", {2, 16});
                                add_zeros(writer, "blk.0.attn_q.weight.lora_b", {15, 2});
                              })),
              HasSubstr("shape [15, 2], expected [16, 2]"));
}

TEST(GgufLora, OfOtherWeightsIsUsedWithANote) {
  const TempFolder folder;
  const auto path = folder.path() / "lora.gguf";
  write_gguf_lora(path, with_lora(load("models/decoder_llama"), {}), io::GgmlType::f32);
  EXPECT_TRUE(read_gguf_lora(path, *load("models/decoder_llama")).notes.empty());
  const TempFolder changed;
  for (const auto* name : {"config.json", "model.safetensors"})
    std::filesystem::copy(kGolden / "models/decoder_llama" / name, changed.path());
  auto tensors = nn::read_tensors(changed.path() / "model.safetensors");
  tensors.at("model.norm.weight") = tensors.at("model.norm.weight") * 2;
  nn::write_tensors(changed.path() / "model.safetensors", tensors);
  const std::shared_ptr<models::Model> base = models::load_model(io::ModelFolder::at(changed.path()), {});
  const auto read = read_gguf_lora(path, *base);
  ASSERT_EQ(read.notes.size(), 1u);
  EXPECT_THAT(read.notes[0].text, HasSubstr("was trained on other weights"));
}

class GgufModelOf : public ::testing::TestWithParam<const char*> {};

TEST_P(GgufModelOf, IsTheModelWithWhatItLearned) {
  const TempFolder folder;
  const auto path = folder.path() / "whole.gguf";
  for (const std::string method : {"lora", "norm", "full"}) {
    const auto model = load(GetParam());
    auto adapted = adapt_decoder(model, method, {}, 1);
    const torch::NoGradGuard no_grad;
    for (auto& [name, parameter] : adapted.parameters)
      parameter.add_(0.05);
    const auto changed = logits(*model);
    fold_inserts(*model);
    const auto written = write_gguf_model(path, *model, io::GgmlType::f32);
    EXPECT_GT(written.changed, 0);
    if (method == "full") {
      EXPECT_GE(written.changed + 1, written.tensors);  // all but the divisors of angles
    }
    const auto back = models::load_model(io::ModelFolder::at(path), {});
    EXPECT_LT(largest(logits(*back) - changed), 1e-5 * largest(changed)) << method;
    write_gguf_model(path, *model, io::GgmlType::q8_0);
    const auto rounded = models::load_model(io::ModelFolder::at(path), {});
    EXPECT_LT(largest(logits(*rounded) - changed), 0.05 * largest(changed)) << method;
  }
}

INSTANTIATE_TEST_SUITE_P(Bases, GgufModelOf,
                         ::testing::Values("gguf/llama.gguf", "gguf/qwen3.gguf", "gguf/gemma3.gguf",
                                           "gguf/blocks_llama.gguf"));

TEST(GgufModel, OfNoChangeHoldsTheNumbersOfTheFileAndItsMetadata) {
  const TempFolder folder;
  const auto path = folder.path() / "whole.gguf";
  const auto model = load("gguf/stories260K.gguf");
  const auto written = write_gguf_model(path, *model, io::GgmlType::f32);
  EXPECT_EQ(written.changed, 0);
  const auto before = io::GgufFile::open(kGolden / "gguf/stories260K.gguf"), after = io::GgufFile::open(path);
  for (const auto& [name, tensor] : before.tensors()) {
    std::vector<float> numbers(static_cast<size_t>(tensor.rows() * tensor.width()));
    io::dequantise(tensor.type, tensor.data, numbers);
    EXPECT_TRUE(std::ranges::equal(std::as_bytes(std::span(numbers)), after.tensors().at(name).data)) << name;
  }
  EXPECT_EQ(after.metadata().integer("general.file_type"), 0);
  for (const auto& key : before.metadata().keys()) {
    if (key == "general.file_type") continue;
    ASSERT_TRUE(after.metadata().has(key)) << key;
    EXPECT_TRUE(std::ranges::equal(before.metadata().find(key)->data, after.metadata().find(key)->data)) << key;
  }
}

TEST(GgufModel, NeedsAGgufToBeMadeOf) {
  const TempFolder folder;
  EXPECT_THAT([&] { write_gguf_model(folder.path() / "x.gguf", *load("models/decoder_llama"), io::GgmlType::f16); },
              ::testing::ThrowsMessage<ModelError>(HasSubstr("convert_hf_to_gguf.py makes one of it")));
}

}  // namespace
}  // namespace graft::pipelines::language
