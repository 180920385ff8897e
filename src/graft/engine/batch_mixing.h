// The mixings of a run, and what they need to know of it to mix a batch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "graft/core/log.h"
#include "graft/data/dataset.h"
#include "graft/data/source.h"
#include "graft/models/tower.h"
#include "graft/nn/value.h"
#include "graft/plugins/mixing/mixer.h"
#include "graft/text/tokenizer.h"

namespace graft::engine {

struct BatchMixing {
  std::shared_ptr<const plugins::Mixer> mixer = nullptr;  // null: nothing is mixed
  uint64_t seed = 0;
  int64_t outputs = 0;            // classes
  plugins::TextFrame frame = {};  // of captions

  bool at(plugins::MixPlace place) const { return mixer && mixer->mixes(place); }
  // Of a batch that is read, or computed up to some place; of clips a clip is one example.
  std::optional<plugins::Mix> draw(plugins::MixPlace place, int64_t epoch, int64_t number,
                                   const nn::Value& value) const;
  // Any place of `from` to `to`, for a batch whose mixing is done at a random one.
  nn::Place place(int64_t epoch, int64_t number, nn::Place from, nn::Place to) const;
  at::Tensor targets(const at::Tensor& target, const plugins::Mix& mix) const {
    return mix.captions ? mix.captions(target, frame) : plugins::mixed_targets(target, outputs, mix);
  }
};

void mix_values(nn::Value& value, const plugins::Mix& mix);

// ConfigError with a reason where a data set's examples are not mixed, by these or at all, or a batch has no two of
// them.
void check_mixing(const plugins::Mixer& mixer, const data::Dataset& dataset, int64_t batch_size);

// What is special in texts as a model reads them, `most` ids of each.
plugins::TextFrame frame_of(const text::Tokenizer& tokenizer, int64_t most);

// Says how many joined captions lose how much. ConfigError for a caption that leaves no room for any of a second.
void check_joining(const data::Source& train, const plugins::TextFrame& frame, Reporter& report);

}  // namespace graft::engine
