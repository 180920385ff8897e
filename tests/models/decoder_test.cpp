// Decoders against transformers, which wrote them: tests/golden/make/models_decoder.py.
#include "graft/models/decoder/decoder.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <optional>

#include "graft/core/error.h"
#include "graft/io/model_folder.h"
#include "graft/models/checkpoint.h"
#include "graft/models/model.h"
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
  const auto documents = at::tensor({0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1}, at::kLong).view({1, 11});
  const auto packed = decoder.hidden(nn::Value{at::cat({long_one, short_one}, 1)}, {}, documents);
  if (decoder.settings().rotary.scaling().kind == nn::RotaryScaling::Kind::dynamic) return;
  const auto apart = at::cat({decoder.hidden(nn::Value{long_one}, {}), decoder.hidden(nn::Value{short_one}, {})}, 1);
  EXPECT_LT(relative_error(packed, apart), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Families, DecoderGolden,
                         ::testing::Values("llama", "llama_biases", "llama_dynamic", "mistral", "qwen2", "qwen3",
                                           "smollm3", "gemma2", "gemma3"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace graft::models::decoder
