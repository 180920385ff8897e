// The mixings of a run and whose turn it is: "mixup:alpha=0.2,prob=0.5,cutmix". What is drawn depends on the seed, the
// epoch and the batch's number alone, so that a resumed run goes on to the same bits at any number of workers.
//
// timm's --mixup-prob P and --mixup-switch-prob S are mixup:prob=P(1 - S),cutmix:prob=PS.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graft/plugins/mixing/mixing.h"

namespace graft::plugins {

class Mixer {
 public:
  // UsageError for a name that none has, with the nearest; ConfigError for an option or chances that cannot be. Those
  // without `prob` share alike what the others leave.
  explicit Mixer(const std::string& text);

  const std::vector<double>& chances() const { return chances_; }  // of each, in the order of the text
  bool mixes(MixPlace place) const;                                // at some batch
  bool joins_captions() const;                                     // likewise
  // ConfigError with the first mixing's name that does not know what to do with what is told of an example.
  void check_serves(data::Target target) const;

  // What a batch's mixing drew, if it is done at `place`; nothing where that batch has its turn elsewhere or none.
  std::optional<Mix> draw(MixPlace place, uint64_t seed, int64_t epoch, int64_t number, at::IntArrayRef sizes) const;

 private:
  std::vector<std::unique_ptr<Mixing>> mixings_;
  std::vector<std::string> names_;
  std::vector<double> chances_;
};

}  // namespace graft::plugins
