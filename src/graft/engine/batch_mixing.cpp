#include "graft/engine/batch_mixing.h"

#include <torch/types.h>

#include <map>
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
  const auto mixed = mix.values(by_example(value));
  value.x = value.layout.frames == 1 || mixed.dim() == value.x.dim() ? mixed : mixed.flatten(0, 1);
}

void check_mixing(const plugins::Mixer& mixer, const data::Dataset& dataset, int64_t batch_size) {
  if (dataset.reads == data::Reads::text) {
    throw ConfigError("mix",
                      "--mix: {} holds texts, which are words in a row: two laid over each other are no text. Leave it "
                      "out.",
                      dataset.name);
  }
  mixer.check_serves(dataset.target);
  if (batch_size < 2) {
    throw ConfigError("mix",
                      "--mix: the examples of a batch are mixed with each other, and --batch-size is 1. Expected "
                      "2 or more.");
  }
}

plugins::TextFrame frame_of(const text::Tokenizer& tokenizer, int64_t most) {
  plugins::TextFrame frame{.before = 0, .behind = 0, .most = most};
  bool text = false;
  for (const auto& part : tokenizer.frame().single) {
    if (part.kind == text::Frame::Part::Kind::kText) {
      text = true;
    } else {
      ++(text ? frame.behind : frame.before);
    }
  }
  return frame;
}

void check_joining(const data::Source& train, const plugins::TextFrame& frame, Reporter& report) {
  std::map<int64_t, int64_t> lengths;
  int64_t full = 0, first = -1;
  for (int64_t i = 0; i < train.size(); ++i) {
    const auto length = static_cast<int64_t>(train.caption(i).size());
    ++lengths[length];
    if (length < frame.most) continue;
    if (full++ == 0) first = i;
  }
  if (full > 0) {
    throw ConfigError("mix",
                      "--mix: {} caption{} all {} tokens that are read (the first: {}), so that of one joined to {} "
                      "nothing would be left. Shorten {}, or take mixgen:texts=own.",
                      full, full == 1 ? " takes" : "s take", frame.most, train.name(first), full == 1 ? "it" : "them",
                      full == 1 ? "it" : "them");
  }
  const auto loss = plugins::joining_loss(lengths, frame);
  report.note({loss.cut == 0
                   ? fmt::format("joined captions fit the {} tokens that are read: the longest is {} long", frame.most,
                                 loss.longest)
                   : fmt::format("{:.1f} % of joined captions are longer than the {} tokens that are read, and "
                                 "lose {:.0f} % of the second one",
                                 100 * loss.cut, frame.most, 100 * loss.lost),
               /*numbers=*/loss.cut > 0});
}

}  // namespace graft::engine
