#include "graft/detection/losses.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/detection/foreign_text.h"
#include "graft/detection/json_pieces.h"
#include "graft/detection/polygons.h"
#include "graft/detection/runs.h"

namespace graft::detection {
namespace {

// Losses by what is lost, counted.
class Counts {
 public:
  // `what` has {} where the count stands; a key that a file brings must not, so it comes as `subject`.
  void add(std::string_view what, bool is_lost = true, std::string_view subject = "") {
    if (is_lost) ++counts_[{std::string(subject), std::string(what)}];
  }
  void add_members(const std::string& before, const std::string& after, std::string_view of) {
    if (before == after) return;
    const std::string ours = "{" + before + "}", theirs = "{" + after + "}";
    const auto kept = members_of(theirs);
    for (const auto& [key, value] : members_of(ours)) {
      const bool same = std::ranges::any_of(
          kept, [&, k = key, v = value](const auto& member) { return member.first == k && member.second == v; });
      if (!same) add(of, true, key.substr(1, key.size() - 2));
    }
  }
  Lost lost() const {
    Lost lines;
    for (const auto& [what, count] : counts_) {
      const auto& [subject, text] = what;
      lines.push_back(printable(subject) + fmt::format(fmt::runtime(text), count));
    }
    return lines;
  }

 private:
  std::map<std::pair<std::string, std::string>, std::size_t> counts_;
};

bool same_shape(const std::string& before, const std::string& after) {
  if (before == after) return true;
  if (const auto mask = runs_in(before)) {
    const auto read = runs_in(after);
    return read && mask->height == read->height && mask->counts == read->counts;
  }
  const auto one = polygons_of(before), other = polygons_of(after);
  if (!one || !other || one->size() != other->size()) return false;
  for (std::size_t k = 0; k < one->size(); ++k) {
    if (one->at(k).size() != other->at(k).size()) return false;
    for (std::size_t i = 0; i < one->at(k).size(); ++i)
      if (std::abs(one->at(k)[i] - other->at(k)[i]) > kMoved) return false;
  }
  return true;
}

double moved(const Box& one, const Box& other) {
  return std::max({std::abs(one.x - other.x), std::abs(one.y - other.y),
                   std::abs(one.x + one.width - other.x - other.width),
                   std::abs(one.y + one.height - other.y - other.height)});
}

// Names of the classes, or "*" for all that there are.
std::vector<std::string> names_of(const Set& set, Index classes) {
  std::vector<std::string> names;
  if (classes == ClassSets::kAll) return {"*"};
  const auto count = set.class_sets.at(classes).size();
  if (count > 0 && count == set.categories.size()) return {"*"};
  for (const Index one : set.class_sets.at(classes))
    names.push_back(set.categories[one].name);
  std::ranges::sort(names);
  return names;
}

void compare_categories(const Set& before, const Set& after, Counts& counts) {
  std::unordered_map<std::string, const Category*> names;
  for (const Category& category : after.categories)
    names.try_emplace(category.name, &category);
  for (const Category& ours : before.categories) {
    const auto place = names.find(ours.name);
    if (place == names.end()) {
      counts.add("{} classes");
      continue;
    }
    const Category& theirs = *place->second;
    counts.add("ids of {} classes", ours.id != theirs.id);
    counts.add("supercategories of {} classes", ours.supercategory != theirs.supercategory);
    counts.add("synsets of {} classes", ours.synset != theirs.synset);
    counts.add("synonyms of {} classes", ours.synonyms != theirs.synonyms);
    counts.add("definitions of {} classes", ours.definition != theirs.definition);
    counts.add("frequencies of {} classes", ours.frequency != theirs.frequency);
    counts.add_members(ours.rest, theirs.rest, " of {} classes");
  }
}

void compare(const Set& before, const Annotation& ours, const Set& after, const Annotation& theirs, Counts& counts) {
  counts.add("classes of {} boxes", before.categories[ours.category].name != after.categories[theirs.category].name);
  counts.add("ids of {} boxes", ours.id != theirs.id);
  const std::string before_shape = before.carried->at(ours.shape), after_shape = after.carried->at(theirs.shape);
  counts.add("places of {} boxes", moved(ours.box, theirs.box) > kMoved);
  counts.add("shapes of {} boxes", !same_shape(before_shape, after_shape));
  counts.add("areas of {} boxes", std::abs(ours.area - theirs.area) > kMoved * (1 + std::sqrt(ours.area)));
  counts.add("iscrowd of {} boxes", ours.crowd != theirs.crowd);
  counts.add("group-of of {} boxes", ours.group_of != theirs.group_of);
  counts.add_members(before.carried->at(ours.rest), after.carried->at(theirs.rest), " of {} boxes");
}

std::vector<std::vector<Index>> by_image(const Set& set) {
  std::vector<std::vector<Index>> places(set.images.size());
  for (Index k = 0; k < set.annotations.size(); ++k)
    places[set.annotations[k].image].push_back(k);
  return places;
}

}  // namespace

Lost losses(const Set& before, const Set& after) {
  Counts counts;
  if (before.sources.size() > 1) counts.add("which of several sets each image is of");
  if (before.rest != after.rest) {
    const std::string members = "{" + before.rest + "}";
    for (const auto& [key, value] : members_of(members))
      counts.add(" of the file", true, key.substr(1, key.size() - 2));
  }
  compare_categories(before, after, counts);
  std::unordered_map<std::string, Index> files;
  for (Index k = 0; k < after.images.size(); ++k)
    files.try_emplace(file_of(after.images[k]), k);
  const auto our_boxes = by_image(before), their_boxes = by_image(after);
  for (Index k = 0; k < before.images.size(); ++k) {
    const Image& ours = before.images[k];
    const auto place = files.find(file_of(ours));
    if (place == files.end()) {
      counts.add("{} images");
      for (std::size_t b = 0; b < our_boxes[k].size(); ++b)
        counts.add("{} boxes");
      continue;
    }
    const Image& theirs = after.images[place->second];
    counts.add("ids of {} images", ours.id != theirs.id);
    counts.add("sizes of {} images", ours.width != theirs.width || ours.height != theirs.height);
    counts.add("which classes were looked for in {} images",
               names_of(before, ours.known) != names_of(after, theirs.known));
    counts.add("which classes may have more boxes in {} images",
               names_of(before, ours.open) != names_of(after, theirs.open));
    counts.add_members(before.carried->at(ours.rest), after.carried->at(theirs.rest), " of {} images");
    const auto& mine = our_boxes[k];
    const auto& others = their_boxes[place->second];
    for (std::size_t b = 0; b < std::max(mine.size(), others.size()); ++b) {
      if (b >= others.size())
        counts.add("{} boxes");
      else if (b >= mine.size())
        counts.add("the number of boxes: {} more");
      else
        compare(before, before.annotations[mine[b]], after, after.annotations[others[b]], counts);
    }
  }
  return counts.lost();
}

Lost losses_in(const Format& format, const Set& set, const std::filesystem::path& path) {
  Findings findings;
  const Set again = format.read(path, {.images = {}, .sizes = &set}, findings);
  return losses(set, again);
}

}  // namespace graft::detection
