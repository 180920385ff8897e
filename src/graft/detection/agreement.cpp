#include "graft/detection/agreement.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "graft/detection/class_names.h"
#include "graft/detection/overlap.h"

namespace graft::detection {
namespace {

constexpr double kSame = 0.5;
constexpr std::size_t kMostNames = 50;

std::vector<std::vector<std::size_t>> boxes_by_image(const Set& set) {
  std::vector<std::vector<std::size_t>> boxes(set.images.size());
  for (std::size_t k = 0; k < set.annotations.size(); ++k)
    boxes[set.annotations[k].image].push_back(k);
  return boxes;
}

std::string file_name(const Image& image) {
  return std::filesystem::path(image.file).filename().string();
}

// Places of the images of `second` in `first`; kNone: not there.
std::vector<Index> matched(const MarkedSet& first, const MarkedSet& second) {
  PhotoIdentities known;
  std::map<std::string, std::size_t> by_name;
  for (std::size_t k = 0; k < first.marks.size(); ++k) {
    known.add(first.marks[k], k);
    const Image& image = first.set.images[k];
    if (!image.file.empty()) by_name.try_emplace(file_name(image), k);
  }
  const bool by_names = first.folder.empty() || second.folder.empty();
  std::vector<Index> places(second.marks.size(), kNone);
  for (std::size_t k = 0; k < places.size(); ++k) {
    const Image& image = second.set.images[k];
    const auto found = known.find(second.marks[k]);
    if (found && found->by != SamePhoto::By::looks) {
      places[k] = static_cast<Index>(found->place);
    } else if (const auto name = by_name.find(file_name(image)); by_names && name != by_name.end()) {
      const Image& other = first.set.images[name->second];
      if (other.width == image.width && other.height == image.height) places[k] = static_cast<Index>(name->second);
    }
  }
  return places;
}

}  // namespace

Agreement agreement_of(const MarkedSet& one_set, const MarkedSet& other_set) {
  const auto &first = one_set.set, &second = other_set.set;
  Agreement agreement;
  const auto of_first = boxes_by_image(first), of_second = boxes_by_image(second);
  const auto places = matched(one_set, other_set);
  std::map<std::pair<std::string, std::string>, std::size_t> names;
  for (std::size_t k = 0; k < places.size(); ++k) {
    if (places[k] == kNone) continue;
    ++agreement.images;
    const auto &ours = of_first[places[k]], &theirs = of_second[k];
    agreement.first += ours.size();
    agreement.second += theirs.size();
    std::vector<std::tuple<double, std::size_t, std::size_t>> near;
    for (const std::size_t a : ours) {
      for (const std::size_t b : theirs) {
        const double iou = box_overlap(first.annotations[a].box, second.annotations[b].box, false);
        if (iou >= kSame) near.emplace_back(-iou, a, b);
      }
    }
    std::ranges::sort(near);
    std::map<std::size_t, bool> taken_first, taken_second;
    for (const auto& [iou, a, b] : near) {
      if (taken_first[a] || taken_second[b]) continue;
      taken_first[a] = taken_second[b] = true;
      ++agreement.both;
      const auto& one = first.categories[first.annotations[a].category].name;
      const auto& other = second.categories[second.annotations[b].category].name;
      const auto form = name_forms(one), other_form = name_forms(other);
      agreement.same += form.singular == other_form.singular && form.qualifier == other_form.qualifier;
      ++names[{one, other}];
    }
  }
  for (const auto& [pair, boxes] : names)
    agreement.names.push_back({pair.first, pair.second, boxes});
  std::ranges::stable_sort(agreement.names, std::greater{}, &Agreement::Names::boxes);
  if (agreement.names.size() > kMostNames) agreement.names.resize(kMostNames);
  return agreement;
}

}  // namespace graft::detection
