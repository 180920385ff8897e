#include "graft/detection/merge.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "graft/core/error.h"
#include "graft/detection/coco_text.h"
#include "graft/detection/json_text.h"
#include "graft/detection/overlap.h"

namespace graft::detection {
namespace {

std::string braced(const std::string& members) {
  return "{" + members + "}";
}

std::string number_list(const std::vector<std::int64_t>& numbers) {
  return fmt::format("[{}]", fmt::join(numbers, ","));
}

// Another text of a JSON list: "[a]" and "b" are "[a,b]".
void append_entry(std::string& list, const std::string& entry) {
  if (!list.empty()) list += ',';
  list += entry;
}

std::vector<std::int64_t> ids_in(const Set& set, Index classes) {
  std::vector<std::int64_t> ids;
  if (classes != ClassSets::kAll)
    for (const Index one : set.class_sets.at(classes))
      ids.push_back(set.categories[one].id);
  return ids;
}

// Where an image of a source came from: enough to write it again. `name` in quotes.
std::string told(std::string_view name, const Set& set, std::size_t place) {
  const Image& image = set.images[place];
  std::string text =
      fmt::format("\"name\":{},\"place\":{},\"id\":{},\"file_name\":{}", name, place, image.id, json_text(image.file));
  if (image.known != ClassSets::kAll) text += ",\"known_ids\":" + number_list(ids_in(set, image.known));
  if (image.open != ClassSets::kEmpty) text += ",\"open_ids\":" + number_list(ids_in(set, image.open));
  if (const auto rest = set.carried->at(image.rest); !rest.empty()) text += ",\"rest\":" + braced(rest);
  return braced(text);
}

void tell_box(std::string& text, std::string_view name, const Set& set, std::size_t place, bool whole,
              CarriedText::InOrder& carried) {
  const Annotation& annotation = set.annotations[place];
  (text += "{\"name\":") += name;
  append_whole(text += ",\"place\":", static_cast<std::int64_t>(place));
  append_whole(text += ",\"id\":", annotation.id);
  append_whole(text += ",\"category_id\":", set.categories[annotation.category].id);
  if (whole) {
    text += fmt::format(",\"bbox\":{},\"area\":{},\"iscrowd\":{},\"isgroupof\":{}", box_text(annotation.box),
                        json_number(annotation.area), annotation.crowd ? 1 : 0, annotation.group_of ? 1 : 0);
    if (const auto shape = carried.at(annotation.shape); !shape.empty()) (text += ",\"segmentation\":") += shape;
  }
  if (const auto rest = carried.at(annotation.rest); !rest.empty()) ((text += ",\"rest\":{") += rest) += '}';
  text += '}';
}

}  // namespace

// What an image of a source tells of each target: of its known and open classes first, which many images share, then of
// the classes that have boxes in it.
struct Merger::Knowledge {
  struct Feed {
    std::vector<Index> equal, narrower, together, broader;  // classes of the source
  };
  const Set& set;
  std::vector<Feed> feeds;          // by target
  std::vector<Index> with_broader;  // targets
  std::map<std::pair<Index, Index>, std::pair<std::vector<Index>, std::vector<Index>>> shared;

  Knowledge(const Set& of, const std::vector<const MappingRow*>& rows, const std::map<std::string, Index>& target_of,
            std::size_t targets)
      : set(of), feeds(targets) {
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const MappingRow& row = *rows[k];
      const auto target = target_of.find(row.target);
      if (target == target_of.end()) continue;
      Feed& feed = feeds[target->second];
      const auto category = static_cast<Index>(k);
      if (row.action == Action::map && row.relation == Relation::equal) feed.equal.push_back(category);
      if (row.action == Action::map && row.relation == Relation::narrower)
        (row.together ? feed.together : feed.narrower).push_back(category);
      if (row.action == Action::drop && row.relation == Relation::broader) feed.broader.push_back(category);
    }
    for (Index target = 0; target < feeds.size(); ++target)
      if (!feeds[target].broader.empty()) with_broader.push_back(target);
  }

  bool all_known(const Image& image, const std::vector<Index>& classes) const {
    return !classes.empty() &&
           std::ranges::all_of(classes, [&](Index one) { return set.class_sets.has(image.known, one); });
  }
  bool any_open(const Image& image, const std::vector<Index>& classes) const {
    return std::ranges::any_of(classes, [&](Index one) { return set.class_sets.has(image.open, one); });
  }

  // Known and open targets of an image with boxes of `present` classes (sorted) of the source and `positive` targets.
  std::pair<std::vector<Index>, std::vector<Index>> of(const Image& image, const std::vector<Index>& present,
                                                       const std::set<Index>& positive) {
    const auto [place, is_new] = shared.try_emplace({image.known, image.open});
    auto& [base_known, base_open] = place->second;
    if (is_new) {
      for (Index target = 0; target < feeds.size(); ++target) {
        const Feed& feed = feeds[target];
        const bool by_equal = all_known(image, feed.equal), by_parts = all_known(image, feed.together);
        if (!by_equal && !by_parts) continue;
        base_known.push_back(target);
        const bool open = (!by_equal || any_open(image, feed.equal)) && (!by_parts || any_open(image, feed.together));
        if (open) base_open.push_back(target);
      }
    }
    auto known = base_known, open = base_open;
    for (const Index target : positive) {
      if (!std::ranges::binary_search(base_known, target)) {
        known.push_back(target);
        open.push_back(target);
      }
    }
    for (const Index target : with_broader) {
      if (positive.contains(target)) continue;
      const bool absent = std::ranges::any_of(feeds[target].broader, [&](Index one) {
        return set.class_sets.has(image.known, one) && !set.class_sets.has(image.open, one) &&
               !std::ranges::binary_search(present, one);
      });
      if (absent) known.push_back(target);
    }
    for (auto* list : {&known, &open}) {
      std::ranges::sort(*list);
      list->erase(std::unique(list->begin(), list->end()), list->end());
    }
    return {known, open};
  }
};

Merger::Merger(const Mapping& mapping, MergeOptions options) : mapping_(mapping), options_(std::move(options)) {
  for (const auto& target : mapping.targets) {
    Category category;
    category.id = static_cast<std::int64_t>(merged_.categories.size()) + 1;
    category.name = target;
    target_of_.emplace(target, static_cast<Index>(merged_.categories.size()));
    merged_.categories.push_back(std::move(category));
  }
  std::vector<std::string> lines;
  for (const MappingRow& row : mapping.rows) {
    if (row.action == Action::ambiguous)
      lines.push_back(fmt::format("line {}: {}'s '{}' is it '{}'?", row.line, row.source, row.source_name, row.target));
  }
  if (!lines.empty() && !options_.drop_ambiguous) {
    const std::size_t shown = std::min<std::size_t>(lines.size(), 10);
    throw DataError("merge",
                    "{} classes of the mapping are ambiguous:\n  {}{}\nSay map or drop there, or leave their boxes out "
                    "with --drop-ambiguous.",
                    lines.size(), fmt::join(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(shown), "\n  "),
                    lines.size() > shown ? "\n  ..." : "");
  }
}

Merger::~Merger() = default;

void Merger::keep_out(const std::string& name, const Set& set, const std::filesystem::path& photos) {
  for (const Image& image : set.images) {
    kept_out_.add(marks_of(set, image, photos, findings_), static_cast<std::size_t>(image.id));
  }
  if (photos.empty() &&
      std::ranges::none_of(set.images, [&](const Image& image) { return !published_at(set, image).empty(); }))
    findings_.add("nothing-to-tell-by", Severity::suspicion,
                  "{}: has neither photos nor URLs, so that no leak of it can be seen", name);
}

void Merger::add(const std::string& name, const Set& set, const std::filesystem::path& photos) {
  const auto rows = rows_of(mapping_, name, set);
  MergedSource source;
  source.name = name;
  source.images = set.images.size();
  source.boxes = set.annotations.size();
  source.boxes_of.resize(merged_.categories.size());
  const auto place = static_cast<Index>(merged_.sources.size());
  merged_.sources.push_back({name, set.sources.empty() ? "" : set.sources.front().format,
                             set.sources.empty() ? std::filesystem::path() : set.sources.front().file});
  std::string categories;
  for (const Category& category : set.categories)
    append_entry(categories, braced(category_members(category)));
  const std::string quoted = json_text(name);
  append_entry(set_sources_, braced(fmt::format("\"name\":{},\"format\":{},\"categories\":[{}],\"rest\":{{{}}}", quoted,
                                                json_text(merged_.sources.back().format), categories, set.rest)));

  // Which classes and targets have boxes where.
  const auto present = classes_by_image(set);
  Knowledge knowledge(set, rows, target_of_, merged_.categories.size());
  std::vector<Index> image_of(set.images.size(), kNone);
  std::vector<std::string> leaks;
  for (std::size_t k = 0; k < set.images.size(); ++k) {
    const Image& image = set.images[k];
    std::set<Index> positive;
    for (const Index one : present[k])
      if (rows[one]->action == Action::map) positive.insert(target_of_.at(rows[one]->target));
    auto [known, open] = knowledge.of(image, present[k], positive);

    std::string file = photos.empty()
                           ? name + "/" + image.file
                           : std::filesystem::relative(photos / image.file, options_.beside).generic_string();
    if (image.file.empty()) file.clear();
    const auto marks = marks_of(set, image, photos, findings_);
    if (const auto leak = kept_out_.find(marks)) {
      leaks.push_back(fmt::format("image {} ({}) is image {} to evaluate on", image.id, image.file, leak->place));
      ++source.left_images;
      continue;
    }
    const auto same = trained_.find(marks);
    if (same && same->by == SamePhoto::By::looks) {
      findings_.add("near", Severity::suspicion, "image {} of {} looks like image {} of the merged set", image.id, name,
                    same->place + 1);
      if (options_.drop_near) {
        ++source.left_images;
        continue;
      }
    }
    const bool joins = same && same->by != SamePhoto::By::looks && merged_.images[same->place].width == image.width &&
                       merged_.images[same->place].height == image.height;
    if (same && same->by != SamePhoto::By::looks && !joins)
      findings_.add("same-photo-other-size", Severity::suspicion,
                    "image {} of {} is image {} of the merged set in another size: both are kept", image.id, name,
                    same->place + 1);
    if (joins) {
      image_of[k] = static_cast<Index>(same->place);
      Image& held = merged_.images[same->place];
      ++source.joined_images;
      // What either knows whole is whole.
      const auto whole_of = [](const std::vector<Index>& all, const std::vector<Index>& not_whole) {
        std::vector<Index> whole;
        std::ranges::set_difference(all, not_whole, std::back_inserter(whole));
        return whole;
      };
      const auto held_known = merged_.class_sets.at(held.known), held_open = merged_.class_sets.at(held.open);
      std::vector<Index> all_known, all_open, whole, left_open;
      std::ranges::set_union(known, held_known, std::back_inserter(all_known));
      std::ranges::set_union(open, held_open, std::back_inserter(all_open));
      std::ranges::set_union(whole_of(known, open), whole_of(held_known, held_open), std::back_inserter(whole));
      std::ranges::set_difference(all_open, whole, std::back_inserter(left_open));
      held.known = merged_.class_sets.add(std::move(all_known));
      held.open = merged_.class_sets.add(std::move(left_open));
      append_entry(image_sources_[same->place], told(quoted, set, k));
      continue;
    }
    Image copy = image;
    copy.id = static_cast<std::int64_t>(merged_.images.size()) + 1;
    copy.file = std::move(file);
    copy.source = place;
    copy.known = merged_.class_sets.add(std::move(known));
    copy.open = merged_.class_sets.add(std::move(open));
    copy.rest = kNoText;
    image_of[k] = static_cast<Index>(merged_.images.size());
    trained_.add(marks, merged_.images.size());
    merged_.images.push_back(std::move(copy));
    image_sources_.push_back(told(quoted, set, k));
  }
  if (!leaks.empty() && !options_.drop_leaks) {
    const std::size_t shown = std::min<std::size_t>(leaks.size(), 5);
    throw DataError("merge",
                    "{}: {} of its {} images must not be trained on:\n  {}{}\nWith --drop-leaks they are left out.",
                    name, leaks.size(), set.images.size(),
                    fmt::join(leaks.begin(), leaks.begin() + static_cast<std::ptrdiff_t>(shown), "\n  "),
                    leaks.size() > shown ? "\n  ..." : "");
  }
  add_boxes(quoted, set, rows, image_of, source);
  sources_.push_back(std::move(source));
}

void Merger::add_boxes(const std::string& quoted, const Set& set, const std::vector<const MappingRow*>& rows,
                       const std::vector<Index>& image_of, MergedSource& source) {
  // Boxes that earlier sets gave to images that this one joins.
  std::map<Index, std::vector<std::size_t>> there;
  std::set<Index> joined;
  for (const Index image : image_of)
    if (image != kNone && merged_.images[image].source + 1 < merged_.sources.size()) joined.insert(image);
  if (!joined.empty()) {
    for (std::size_t k = 0; k < merged_.annotations.size(); ++k)
      if (joined.contains(merged_.annotations[k].image)) there[merged_.annotations[k].image].push_back(k);
  }
  std::vector<Index> target_of(rows.size(), kNone);
  for (std::size_t k = 0; k < rows.size(); ++k)
    if (rows[k]->action == Action::map) target_of[k] = target_of_.at(rows[k]->target);
  merged_.annotations.reserve(merged_.annotations.size() + set.annotations.size());
  CarriedText::InOrder carried(*set.carried);
  std::string rest;
  std::set<std::size_t> taken;  // each earlier box is one with one box of this set at most
  for (std::size_t place = 0; place < set.annotations.size(); ++place) {
    const Annotation& annotation = set.annotations[place];
    const Index image = image_of[annotation.image];
    if (image == kNone) continue;
    const Index target = target_of[annotation.category];
    if (target == kNone) {
      ++source.dropped_boxes;
      continue;
    }
    ++source.kept_boxes;
    ++source.boxes_of[target];
    std::size_t same = merged_.annotations.size();
    if (const auto earlier = there.find(image); earlier != there.end()) {
      double nearest = options_.same_box;
      for (const std::size_t k : earlier->second) {
        const Annotation& other = merged_.annotations[k];
        if (other.category != target || other.crowd != annotation.crowd || taken.contains(k)) continue;
        const double iou = box_overlap(other.box, annotation.box, false);
        if (iou >= nearest) {
          nearest = iou;
          same = k;
        }
      }
    }
    if (same < merged_.annotations.size()) {
      taken.insert(same);
      ++source.joined_boxes;
      std::string& list = joined_boxes_[same];
      if (!list.empty()) list += ',';
      tell_box(list, quoted, set, place, true, carried);
      continue;
    }
    Annotation copy = annotation;
    copy.id = static_cast<std::int64_t>(merged_.annotations.size()) + 1;
    copy.image = image;
    copy.category = target;
    copy.shape = merged_.carried->add(carried.at(annotation.shape));
    rest = "\"sources\":[";
    tell_box(rest, quoted, set, place, false, carried);
    copy.rest = merged_.carried->add(rest += ']');
    merged_.annotations.push_back(copy);
  }
}

Set Merger::finish() {
  for (std::size_t k = 0; k < merged_.images.size(); ++k)
    merged_.images[k].rest = merged_.carried->add("\"sources\":[" + image_sources_[k] + "]");
  for (const auto& [k, more] : joined_boxes_) {
    Annotation& annotation = merged_.annotations[k];
    std::string entries = merged_.carried->at(annotation.rest);
    entries.pop_back();  // the list's end
    annotation.rest = merged_.carried->add(entries + "," + more + "]");
  }
  merged_.rest = "\"sources\":[" + set_sources_ + "]";
  return std::move(merged_);
}

}  // namespace graft::detection
