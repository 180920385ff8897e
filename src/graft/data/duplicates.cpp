#include "graft/data/duplicates.h"

#include <fmt/ranges.h>

#include <optional>
#include <unordered_map>
#include <utility>

#include "graft/data/feature_file.h"

namespace graft::data {
namespace {

struct Place {
  Split split;
  const Sample* sample;
};

// What is there twice, and the first pairs by name.
class Pairs {
 public:
  void add(const Sample& one, const Sample& other) {
    if (++count_ <= kShown) shown_.push_back(fmt::format("{} = {}", one.shown(), other.shown()));
  }
  void note(Reads reads, std::string_view where, std::vector<std::string>& notes) const {
    if (count_ == 0) return;
    const bool one = count_ == 1;
    const std::string what = reads == Reads::text ? (one ? "text stands" : "texts stand")
                             : reads == Reads::features
                                 ? (one ? "row of features stands" : "rows of features stand")
                                 : fmt::format("{} with the same bytes", one ? fmt::format("{} lies", one_of(reads))
                                                                             : fmt::format("{} lie", unit_of(reads)));
    notes.push_back(
        fmt::format("{} {} {}: {}{}", count_, what, where, fmt::join(shown_, ", "), count_ > kShown ? ", ..." : ""));
  }

 private:
  static constexpr std::size_t kShown = 3;
  std::size_t count_ = 0;
  std::vector<std::string> shown_;
};

// What two of are the same; none for a photo that was not read.
std::optional<std::string> content_of(const Dataset& dataset, const Sample& sample, const ImageCache& images) {
  if (dataset.reads == Reads::text)
    return sample.pair.empty() ? sample.input : fmt::format("{} {}{}", sample.input.size(), sample.input, sample.pair);
  if (dataset.reads == Reads::features) {
    const auto row = std::as_bytes(dataset.features->row(sample.row));
    return std::string(reinterpret_cast<const char*>(row.data()), row.size());
  }
  const SeenPhoto* seen = images.seen(dataset.path(sample));
  return seen == nullptr ? std::nullopt : std::optional(seen->content);
}

}  // namespace

std::vector<std::string> duplicate_notes(const Dataset& dataset, const ImageCache& images) {
  std::unordered_map<std::string, Place> first;  // content -> where it was met
  Pairs splits, classes;
  std::vector<Split> looked_at;
  for (const Split split : {Split::train, Split::val, Split::test}) {
    // One split that serves as two, because somebody asked for it, is no mistake.
    bool served = false;
    for (const Split earlier : looked_at)
      served = served || (!dataset.split(split).empty() && dataset.split(split) == dataset.split(earlier));
    if (served) continue;
    looked_at.push_back(split);
    for (const Sample& sample : dataset.split(split)) {
      auto content = content_of(dataset, sample, images);
      if (!content) continue;
      const auto [place, is_new] = first.try_emplace(std::move(*content), Place{split, &sample});
      if (is_new) continue;
      const Sample& other = *place->second.sample;
      if (place->second.split != split) splits.add(other, sample);
      if (other.label != sample.label || other.values != sample.values) classes.add(other, sample);
    }
  }
  std::vector<std::string> notes;
  splits.note(dataset.reads, "in two splits", notes);
  classes.note(dataset.reads, dataset.target == Target::label ? "under two classes" : "with two answers", notes);
  return notes;
}

}  // namespace graft::data
