#include "graft/engine/batch_mixing.h"

#include <torch/types.h>

#include <vector>

#include "graft/core/error.h"

namespace graft::engine {
namespace {

// [B * frames, ...] as [B, frames, ...]; of photos, and of what is one row a clip, as it is.
at::Tensor by_example(const nn::Value& value) {
  if (value.layout.frames == 1) return value.x;
  auto sizes = value.x.sizes().vec();
  sizes.front() = value.layout.frames;
  sizes.insert(sizes.begin(), value.examples());
  return value.x.reshape(sizes);
}

}  // namespace

std::optional<plugins::Mix> BatchMixing::draw(plugins::MixPlace place, int64_t epoch, int64_t number,
                                              const nn::Value& value) const {
  if (!at(place)) return {};
  return mixer->draw(place, seed, epoch, number, by_example(value).sizes());
}

nn::Place BatchMixing::place(int64_t epoch, int64_t number, nn::Place from, nn::Place to) const {
  Random random = Random(seed).fork("place").fork(static_cast<uint64_t>(epoch)).fork(static_cast<uint64_t>(number));
  return from + static_cast<nn::Place>(random.below(static_cast<uint64_t>(to - from + 1)));
}

void mix_values(nn::Value& value, const plugins::Mix& mix) {
  value.x = mix.values(by_example(value)).reshape(value.x.sizes());
}

void check_mixing(const data::Dataset& dataset, int64_t batch_size) {
  if (dataset.reads == data::Reads::text) {
    throw ConfigError("mix",
                      "--mix: {} holds texts, which are words in a row: two laid over each other are no text. Leave it "
                      "out.",
                      dataset.name);
  }
  if (dataset.target == data::Target::value) {
    throw ConfigError("mix",
                      "--mix: of each example of {} a number is told, and what two mixed ones have is not known. Leave "
                      "it out.",
                      dataset.name);
  }
  if (dataset.target == data::Target::caption) {
    throw ConfigError("mix",
                      "--mix: {} holds photos with captions, and what two mixed ones have of two captions is not known. "
                      "Leave it out.",
                      dataset.name);
  }
  if (batch_size < 2) {
    throw ConfigError("mix",
                      "--mix: the examples of a batch are mixed with each other, and --batch-size is 1. Expected "
                      "2 or more.");
  }
}

}  // namespace graft::engine
