#include "graft/plugins/mixing/mixer.h"

#include <algorithm>
#include <numeric>

#include "graft/core/error.h"
#include "graft/plugins/asked.h"

namespace graft::plugins {
namespace {

constexpr AskedKind kKind{
    .where = "mix", .one = "mixing", .expected = "a mixing with its options, as in mixup:alpha=0.2,cutmix"};

}  // namespace

Mixer::Mixer(const std::string& text) {
  for (const auto& [entry, values] : read_asked(kKind, plugins::mixings(), text)) {
    mixings_.push_back(entry->parse(values));
    names_.emplace_back(entry->name);
  }
  if (mixings_.empty()) throw ConfigError("mix", "'{}' names no mixing. Leave --mix out, or name one.", text);
  double said = 0;
  int64_t silent = 0;
  for (const auto& mixing : mixings_) {
    said += mixing->chance().value_or(0);
    silent += mixing->chance() ? 0 : 1;
  }
  if (said > 1 + 1e-9) {
    throw ConfigError("mix", "the chances of all mixings together: expected at most 1, got {}.", said);
  }
  for (const auto& mixing : mixings_)
    chances_.push_back(mixing->chance().value_or(std::max(0.0, 1 - said) / static_cast<double>(silent)));
}

bool Mixer::mixes(MixPlace place) const {
  for (size_t i = 0; i < mixings_.size(); ++i) {
    if (mixings_[i]->place() == place && chances_[i] > 0) return true;
  }
  return false;
}

bool Mixer::joins_captions() const {
  for (size_t i = 0; i < mixings_.size(); ++i) {
    if (mixings_[i]->joins_captions() && chances_[i] > 0) return true;
  }
  return false;
}

void Mixer::check_serves(data::Target target) const {
  for (size_t i = 0; i < mixings_.size(); ++i) {
    if (mixings_[i]->serves(target)) continue;
    throw ConfigError(
        "mix", "--mix {}: {}", names_[i],
        target == data::Target::caption ? "mixes labels, and here are captions. Take mixgen, which joins them."
        : target == data::Target::mask  ? "mixes labels of examples, and here each pixel has one. Leave it out."
        : target == data::Target::value
            ? "of each example a number is told, and what two mixed ones have is not known. Leave it out."
            : "joins captions, and here are classes. Take mixup or cutmix.");
  }
}

std::optional<Mix> Mixer::draw(MixPlace place, uint64_t seed, int64_t epoch, int64_t number,
                               at::IntArrayRef sizes) const {
  const Random random =
      Random(seed).fork("mixing").fork(static_cast<uint64_t>(epoch)).fork(static_cast<uint64_t>(number));
  double at = random.fork("turn").uniform();
  for (size_t i = 0; i < mixings_.size(); ++i) {
    if ((at -= chances_[i]) >= 0) continue;
    if (mixings_[i]->place() != place) return {};
    return mixings_[i]->draw(sizes, random.fork("draw"));
  }
  return {};
}

}  // namespace graft::plugins
