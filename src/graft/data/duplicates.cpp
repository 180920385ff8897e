#include "graft/data/duplicates.h"

#include <fmt/ranges.h>

#include <unordered_map>

namespace graft::data {
namespace {

struct Place {
  Split split;
  const Sample* sample;
};

// Photos that lie twice, and the first pairs by name.
class Pairs {
 public:
  void add(const Sample& one, const Sample& other) {
    if (++count_ <= kShown) shown_.push_back(fmt::format("{} = {}", one.file, other.file));
  }
  void note(std::string_view where, std::vector<std::string>& notes) const {
    if (count_ == 0) return;
    notes.push_back(fmt::format("{} {} with the same bytes {}: {}{}", count_, count_ == 1 ? "photo lies" : "photos lie",
                                where, fmt::join(shown_, ", "), count_ > kShown ? ", ..." : ""));
  }

 private:
  static constexpr std::size_t kShown = 3;
  std::size_t count_ = 0;
  std::vector<std::string> shown_;
};

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
      const SeenPhoto* seen = images.seen(dataset.path(sample));
      if (seen == nullptr) continue;
      const auto [place, is_new] = first.try_emplace(seen->content, Place{split, &sample});
      if (is_new) continue;
      if (place->second.split != split) splits.add(*place->second.sample, sample);
      if (place->second.sample->label != sample.label) classes.add(*place->second.sample, sample);
    }
  }
  std::vector<std::string> notes;
  splits.note("in two splits", notes);
  classes.note("under two classes", notes);
  return notes;
}

}  // namespace graft::data
