// Decoders against transformers, which wrote them: tests/golden/make/models_decoder.py.
#include "graft/models/decoder/decoder.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <optional>

#include "graft/core/error.h"
#include "graft/io/model_folder.h"
#include "graft/models/checkpoint.h"
#include "graft/models/decoder/initial_weights.h"
#include "graft/models/model.h"
#include "graft/tensor/resting.h"
#include "tests/support/gradient_check.h"
#include "tests/support/source_dir.h"

namespace graft::models::decoder {
namespace {

using ::testing::HasSubstr;
using testing::relative_error;

std::filesystem::path decoder_golden(const std::string& name) {
  return source_dir() / "tests/golden/models" / ("decoder_" + name);
}

std::unique_ptr<Model> load_decoder(const std::string& name) {
  return load_model(io::ModelFolder::at(decoder_golden(name)), LoadOptions{});
}

const Decoder& decoder_of(const Model& model) {
  return dynamic_cast<const Decoder&>(model.reader());
}

struct Expected {
  explicit Expected(const std::string& name) {
    const auto file = io::Weights::open(decoder_golden(name) / "expected.safetensors");
    ids = view_of(file.at("ids")).clone();
    mask = view_of(file.at("mask")).to(at::kBool);
    logits = to_float(file.at("logits"));
  }
  nn::Value value() const { return {ids, {}, mask}; }
  // Row 1 is shorter: what its padding would say counts for nothing.
  at::Tensor present(const at::Tensor& x) const { return x.masked_fill(mask.logical_not().unsqueeze(2), 0); }

  at::Tensor ids, mask, logits;  // [2, 11], [2, 11], [2, 11, V]
};

class DecoderGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(DecoderGolden, GivesTheLogitsOfTransformers) {
  const auto model = load_decoder(GetParam());
  const auto& decoder = decoder_of(*model);
  const Expected expected(GetParam());
  const auto logits = decoder.logits(decoder.hidden(expected.value(), {}));
  EXPECT_LT((expected.present(logits) - expected.present(expected.logits)).abs().max().item<double>(), 1e-4);
}

TEST_P(DecoderGolden, TellsTheSameThroughACacheInPieces) {
  const auto model = load_decoder(GetParam());
  const auto& decoder = decoder_of(*model);
  if (decoder.settings().rotary.scaling().kind == nn::RotaryScaling::Kind::dynamic)
    return;  // its angles hang on length
  const Expected expected(GetParam());
  auto cache = decoder.new_cache();
  std::vector<at::Tensor> pieces;
  for (const auto& [begin, count] : {std::pair(0, 6), std::pair(6, 1), std::pair(7, 4)})
    pieces.push_back(decoder.hidden(expected.ids.narrow(1, begin, count), cache));
  EXPECT_EQ(cache.length(), 11);
  const auto logits = decoder.logits(at::cat(pieces, 1));
  EXPECT_LT((expected.present(logits) - expected.present(expected.logits)).abs().max().item<double>(), 1e-4);
  cache.truncate(10);
  const auto next = decoder.next(expected.ids.narrow(1, 10, 1), cache);
  EXPECT_EQ(cache.length(), 11);
  EXPECT_LT((next[0] - expected.logits[0][10]).abs().max().item<double>(), 1e-4);
}

TEST_P(DecoderGolden, SharesABeginningAmongSeveral) {
  const auto model = load_decoder(GetParam());
  const auto& decoder = decoder_of(*model);
  const Expected expected(GetParam());
  const auto ids = expected.ids.narrow(0, 0, 1);
  auto first = decoder.new_cache();
  decoder.hidden(ids.narrow(1, 0, 4), first);
  auto second = first.fork();
  decoder.hidden(ids.narrow(1, 4, 2), second);
  auto forked = second.fork();
  EXPECT_EQ(forked.shared(), 6);
  const auto rest = at::cat({ids.narrow(1, 6, 5), expected.ids.narrow(0, 1, 1).narrow(1, 6, 5)});
  const auto logits = decoder.logits(decoder.hidden(rest, forked));
  const auto alone = [&](int64_t i) {
    const auto whole = at::cat({ids.narrow(1, 0, 6), rest.narrow(0, i, 1)}, 1);
    return decoder.logits(decoder.hidden(nn::Value{whole}, {})).narrow(1, 6, 5);
  };
  if (decoder.settings().rotary.scaling().kind == nn::RotaryScaling::Kind::dynamic) return;
  EXPECT_LT((logits - at::cat({alone(0), alone(1)})).abs().max().item<double>(), 1e-5);
}

TEST_P(DecoderGolden, PackedDocumentsDoNotSeeOneAnother) {
  const auto model = load_decoder(GetParam());
  const auto& decoder = decoder_of(*model);
  const Expected expected(GetParam());
  const auto long_one = expected.ids.narrow(0, 0, 1).narrow(1, 0, 7),
             short_one = expected.ids.narrow(0, 1, 1).narrow(1, 0, 4);
  const auto documents = torch::tensor({0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1}, at::kLong).view({1, 11});
  const auto packed = decoder.hidden(nn::Value{at::cat({long_one, short_one}, 1)}, {}, documents);
  if (decoder.settings().rotary.scaling().kind == nn::RotaryScaling::Kind::dynamic) return;
  const auto apart = at::cat({decoder.hidden(nn::Value{long_one}, {}), decoder.hidden(nn::Value{short_one}, {})}, 1);
  EXPECT_LT(relative_error(packed, apart), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Families, DecoderGolden,
                         ::testing::Values("llama", "llama_biases", "llama_dynamic", "mistral", "qwen2", "qwen3",
                                           "smollm3", "gemma2", "gemma3"),
                         [](const auto& info) { return std::string(info.param); });

std::unique_ptr<Model> load_file(const std::filesystem::path& path) {
  return load_model(io::ModelFolder::at(path), LoadOptions{});
}

class GgufGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(GgufGolden, GivesTheLogitsOfTheModelThatItWasMadeOf) {
  const auto folder = source_dir() / "tests/golden/gguf";
  const auto model = load_file(folder / (std::string(GetParam()) + ".gguf"));
  const auto& decoder = decoder_of(*model);
  const auto expected = io::Weights::open(folder / (std::string(GetParam()) + ".safetensors"));
  const nn::Value ids{view_of(expected.at("ids"))};
  const auto logits = decoder.logits(decoder.hidden(ids, {}));
  EXPECT_LT((logits - to_float(expected.at("logits"))).abs().max().item<double>(), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Architectures, GgufGolden,
                         ::testing::Values("llama", "blocks_llama", "qwen2", "qwen3", "gemma2", "gemma3"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Decoder, SeesTheLastTokensOfAWindowAndTheQuerysOwn) {
  const auto mask = nn::causal_mask(5, 2, 3);  // rows at 2 to 6 of 7 keys
  for (int64_t row = 0; row < 5; ++row) {
    for (int64_t key = 0; key < 7; ++key)
      EXPECT_EQ(mask[row][key].item<bool>(), key <= 2 + row && key > 2 + row - 3) << row << " " << key;
  }
}

TEST(Decoder, ScalesPositionsAsPublished) {
  using Kind = nn::RotaryScaling::Kind;
  const nn::Rotary plain(64, 5e5);
  nn::RotaryScaling llama3{.kind = Kind::llama3, .factor = 32, .original = 8192};
  const auto divided = plain.angles(1) / nn::Rotary(64, 5e5, llama3).angles(1);
  for (const auto& [i, divisor] :
       {std::pair(0, 1.0), std::pair(14, 1.0), std::pair(15, 1.65133), std::pair(16, 3.29226), std::pair(17, 9.66673),
        std::pair(18, 32.0), std::pair(31, 32.0)})
    EXPECT_NEAR(divided[i].item<double>(), divisor, 1e-5 * divisor) << i;
  nn::RotaryScaling yarn{.kind = Kind::yarn, .factor = 4, .original = 32768};
  const auto stretched = nn::Rotary(128, 1e6).angles(1) / nn::Rotary(128, 1e6, yarn).angles(1);
  for (const auto& [i, divisor] : {std::pair(23, 1.0), std::pair(24, 1.04615), std::pair(25, 1.09677),
                                   std::pair(30, 1.44681), std::pair(38, 2.95652), std::pair(40, 4.0)})
    EXPECT_NEAR(stretched[i].item<double>(), divisor, 1e-5 * divisor) << i;
  EXPECT_NEAR(nn::yarn_attention(4), 1.138629, 1e-6);
  nn::RotaryScaling dynamic{.kind = Kind::dynamic, .factor = 2, .original = 2048};
  const nn::Rotary grows(128, 1e4, dynamic), grown(128, 30527.74);
  EXPECT_LT(relative_error(grows.angles(4096), grown.angles(1)), 1e-6);
  EXPECT_LT(relative_error(grows.angles(100), nn::Rotary(128, 1e4).angles(1)), 1e-6);
}

TEST(Decoder, LossInPartsIsTheLossAndItsGradient) {
  const auto model = load_decoder("gemma2");  // with a cap
  const auto& head = decoder_of(*model).head();
  torch::manual_seed(1);
  for (const bool trains : {false, true}) {
    auto weight = head.weight();
    if (trains) tensor::wake(weight);
    weight.requires_grad_(trains);
    const auto rows = torch::randn({23, 12}).requires_grad_(true);
    auto targets = torch::randint(0, 29, {23}, at::kLong);
    targets[3] = -100;
    const auto loss = next_token_loss(head, rows, targets) / 22;
    loss.backward();
    const auto got = rows.grad().clone();
    const auto got_weight = weight.grad().defined() ? weight.grad().clone() : weight.grad();
    rows.mutable_grad() = at::Tensor();
    weight.mutable_grad() = at::Tensor();
    const auto whole = at::cross_entropy_loss(head.logits(rows), targets, {}, at::Reduction::Mean, -100);
    whole.backward();
    EXPECT_NEAR(loss.item<double>(), whole.item<double>(), 1e-5);
    EXPECT_LT(relative_error(got, rows.grad()), 1e-5);
    EXPECT_EQ(got_weight.defined(), trains);
    if (trains) {
      EXPECT_LT(relative_error(got_weight, weight.grad()), 1e-5);
    }
    const auto scores = token_scores(head, rows.detach(), targets);
    EXPECT_NEAR(-scores.log_likelihoods.sum().item<double>() / 22, whole.item<double>(), 1e-5);
    EXPECT_TRUE(torch::equal(scores.best, head.logits(rows.detach()).argmax(1)));
    EXPECT_EQ(scores.log_likelihoods[3].item<double>(), 0);
    weight.requires_grad_(false);
    weight.mutable_grad() = at::Tensor();
  }
}

TEST(Decoder, GradientsAreThoseOfDifferences) {
  for (const auto* name : {"gemma2", "qwen3"}) {  // caps, windows and norms behind; norms of heads, scaled positions
    const auto model = load_decoder(name);
    std::vector<std::string> trained;
    for (const auto& parameter : model->named_parameters())
      trained.push_back(parameter.key());
    model->freeze_all_but(trained);
    model->to(torch::kFloat64);
    std::vector<at::Tensor> parameters;
    for (const auto& parameter : model->named_parameters()) {
      if (parameter.key().find(".1.") == std::string::npos) parameters.push_back(parameter.value());
    }
    const auto& decoder = decoder_of(*model);
    const auto ids = Expected(name).ids.narrow(1, 0, 6);
    testing::expect_gradients_of_differences(
        [&] {
          const auto rows = decoder.hidden(nn::Value{ids}, {}).flatten(0, 1);
          return next_token_loss(decoder.head(), rows, ids.flatten());
        },
        parameters, 1e-6, /*most=*/4);
  }
}

TEST(Decoder, ReadsNoFurtherThanItsContext) {
  const auto model = load_decoder("mistral");
  const auto& decoder = decoder_of(*model);
  auto cache = decoder.new_cache();
  decoder.hidden(at::ones({1, 60}, at::kLong), cache);
  EXPECT_THAT(
      [&] {
        decoder.hidden(at::ones({1, 5}, at::kLong), cache);
      },
      ::testing::ThrowsMessage<DataError>(HasSubstr("5 tokens after 60: the model reads 64 at most.")));
  EXPECT_THAT(
      [&] {
        decoder.hidden(nn::Value{at::full({1, 2}, 29, at::kLong)}, {});
      },
      ::testing::ThrowsMessage<DataError>(HasSubstr("the token id 29 lies outside the model's 0 to 28.")));
}

Settings settings_in(const char* json) {
  return settings_of(io::JsonObject::parse(json, "config.json"));
}

TEST(Decoder, RefusesWhatWouldChangeANumber) {
  const std::string sizes =
      R"("hidden_size": 8, "num_hidden_layers": 2, "intermediate_size": 8, "vocab_size": 9, "num_attention_heads": 2,
         "max_position_embeddings": 16)";
  const auto refused = [&](const std::string& more, const char* says) {
    EXPECT_THAT([&] { settings_in(("{" + sizes + ", " + more + "}").c_str()); },
                ::testing::ThrowsMessage<ModelError>(HasSubstr(says)));
  };
  refused(R"("model_type": "llama", "logit_scale": 2.0)", "says logit_scale");
  refused(R"("model_type": "llama", "rope_scaling": {"type": "longrope", "factor": 2.0})", "\"longrope\"");
  refused(R"("model_type": "llama", "rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5})",
          "partial_rotary_factor");
  refused(R"("model_type": "llama", "num_key_value_heads": 3)", "3 heads of keys do not divide 2 heads of queries");
  refused(R"("model_type": "llama", "head_dim": 3)", "heads of width 3: expected an even number");
  refused(R"("model_type": "phi3")", "model_type = \"phi3\"");
  refused(R"("model_type": "qwen3", "layer_types": ["full_attention"])", "layer_types has 1 entries for 2 layers");
  refused(R"("model_type": "gemma3_text", "use_bidirectional_attention": true)", "use_bidirectional_attention");
  const auto usual = settings_in(("{" + sizes + R"(, "model_type": "mistral"})").c_str());
  EXPECT_EQ(usual.window, 4096);
  const auto none = settings_in(("{" + sizes + R"(, "model_type": "mistral", "sliding_window": null})").c_str());
  EXPECT_EQ(none.window, 0);
}

TEST_P(DecoderGolden, WritesItsConfigBack) {
  const auto config = io::JsonObject::read(decoder_golden(GetParam()) / "config.json");
  const auto first = settings_of(*config);
  const auto second = settings_of(io::JsonObject(to_config(first), "written"));
  EXPECT_EQ(to_config(second), to_config(first));
  EXPECT_EQ(second.window, first.window);
  EXPECT_EQ(second.slides, first.slides);
  EXPECT_TRUE(torch::equal(second.rotary.angles(20), first.rotary.angles(20)));
  EXPECT_DOUBLE_EQ(second.score_scale, first.score_scale);
}

TEST(InitialWeights, AreThoseThatTransformersDraws) {
  for (const std::string name : {"llama_biases", "gemma3"}) {
    const auto config = *io::JsonObject::read(decoder_golden(name) / "config.json");
    const auto drawn = initial_weights(config, name, Random(5));
    const auto stored = io::Weights::open(decoder_golden(name) / "model.safetensors");
    for (const auto& [tensor, view] : drawn.tensors()) {
      const auto values = to_float(view);
      if (view.shape.size() == 2) {
        EXPECT_NEAR(values.std().item<double>(), 0.02, 0.004) << tensor;
        EXPECT_NEAR(values.mean().item<double>(), 0, 0.004) << tensor;
      } else {  // a bias, or a norm, to whose weights a Gemma adds 1
        EXPECT_TRUE(values.eq(tensor.ends_with(".bias") || name == "gemma3" ? 0 : 1).all().item<bool>()) << tensor;
      }
    }
    for (const auto& [tensor, view] : stored.tensors()) {
      const auto* own = drawn.find(tensor);
      ASSERT_TRUE(own) << tensor;
      EXPECT_EQ(own->shape, view.shape) << tensor;
    }
    EXPECT_EQ(drawn.tensors().size(), stored.tensors().size());
  }
}

TEST(InitialWeights, AreTheSameOfTheSameSeed) {
  const auto config = *io::JsonObject::read(decoder_golden("llama") / "config.json");
  const auto words = [&](uint64_t seed) {
    return to_float(initial_weights(config, "drawn", Random(seed)).at("model.embed_tokens.weight"));
  };
  EXPECT_TRUE(torch::equal(words(1), words(1)));
  EXPECT_FALSE(torch::equal(words(1), words(2)));
}

}  // namespace
}  // namespace graft::models::decoder
