#include "graft/data/listing.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "graft/core/names.h"
#include "graft/data/format.h"
#include "graft/data/numbers.h"
#include "graft/data/problems.h"
#include "graft/text/text_file.h"
#include "graft/text/utf8.h"

namespace graft::data {
namespace {

// Numbers in their own order, anything else by bytes.
std::vector<std::string> sorted_classes(const std::set<std::string>& labels) {
  std::vector<std::string> classes(labels.begin(), labels.end());
  const bool numbers = std::ranges::all_of(classes, [](const auto& label) { return whole_number(label).has_value(); });
  if (numbers) {
    std::ranges::stable_sort(classes, {}, [](const std::string& label) { return *whole_number(label); });
  }
  return classes;
}

// A label in the list of --classes: by name, or else by place.
std::optional<std::int64_t> listed_label(const std::string& label, const std::map<std::string, std::int64_t>& places) {
  if (const auto found = places.find(label); found != places.end()) return found->second;
  const auto number = whole_number(label);
  if (number && *number >= 0 && *number < static_cast<std::int64_t>(places.size())) return number;
  return std::nullopt;
}

std::string unknown_label(const std::string& label, const std::vector<std::string>& classes) {
  if (whole_number(label)) return fmt::format("expected 0 to {} or a name", classes.size() - 1);
  const auto near = nearest_name(label, classes);
  return near ? fmt::format("did you mean '{}'?", *near) : "it is not listed";
}

// Class names as they are kept: trimmed, in normal form C. Says which folders or cells were written in two ways.
class ClassNames {
 public:
  const std::string& of(const std::string& written, Problems& problems) {
    const auto [place, is_new] = names_.try_emplace(written);
    if (!is_new) return place->second;
    if (text::valid_utf8_prefix(written) != written.size()) {
      problems.add("the class '{}' is not UTF-8: an adapter could not keep its name. Rename it.", written);
    }
    place->second = text::normal_name(written);
    ++spellings_[place->second];
    return place->second;
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> notes;
    for (const auto& [name, count] : spellings_) {
      if (count > 1)
        notes.push_back(
            fmt::format("the class '{}' is written in {} ways (blanks, or composed and decomposed letters): "
                        "they are one class",
                        name, count));
    }
    return notes;
  }

 private:
  std::map<std::string, std::string> names_;  // as written -> as kept
  std::map<std::string, int> spellings_;
};

// The splits that options ask for, out of a split that was made up.
void choose_made_up(Dataset& dataset, const DatasetOptions& options, Problems& problems) {
  const Dataset made = dataset;
  const SplitNames names({"train", "val", "test"}, options);
  const std::string wanted[] = {options.train_split, options.val_split, options.test_split};
  for (const auto& [split, own] : choices(Split{})) {
    dataset.split(split).clear();
    const std::string& name = wanted[static_cast<int>(split)];
    if (!is_usual_split(name)) problems.add("--{}-split {}: the data names no splits.", own, name);
    for (const auto& [from, from_name] : choices(Split{})) {
      if (std::ranges::count(names.of(from_name), split) > 0) dataset.split(split) = made.split(from);
    }
  }
}

// The classes of a listing, numbered; and its records as samples.
class Numbering {
 public:
  Numbering(Listing& listing, const DatasetOptions& options, Problems& problems)
      : listing_(listing), options_(options), problems_(problems) {
    for (Record& record : listing_.records) {
      if (listing_.target == Target::label) record.label = names_.of(record.label, problems_);
      for (std::string& label : record.labels)
        label = names_.of(label, problems_);
    }
    if (!has_classes(listing_.target)) return;
    classes_ = options_.classes.empty() ? found_classes() : class_names(options_.classes);
    for (const std::string& one : classes_) {
      if (!places_.try_emplace(one, static_cast<std::int64_t>(places_.size())).second)
        problems_.add("{}: the class '{}' is listed twice.", options_.classes, one);
    }
  }

  const std::vector<std::string>& classes() const { return classes_; }
  std::vector<std::string> notes() const { return names_.notes(); }

  // None where a class is not listed, which is a problem.
  std::optional<Sample> sample(Record& record) {
    Sample sample;
    if (listing_.target == Target::label) {
      const auto label = place_of(record.label, record.where);
      if (!label) return std::nullopt;
      sample.label = *label;
    } else if (listing_.target == Target::value) {
      sample.values = {record.value};
    } else if (listing_.target == Target::labels) {
      sample.label = -1;
      sample.values.assign(classes_.size(), 0.0f);
      for (const std::string& one : record.labels) {
        const auto label = place_of(one, record.where);
        if (!label) return std::nullopt;
        if (sample.label < 0) sample.label = *label;
        sample.values[static_cast<std::size_t>(*label)] = 1;
      }
    }
    sample.input = std::move(record.input);
    sample.pair = std::move(record.pair);
    sample.span = record.span;
    sample.row = record.row;
    sample.group = std::move(record.group);
    if (record.span) sample.name = fmt::format("{} ({})", sample.input, record.where);
    if (listing_.reads == Reads::text) sample.name = record.where;
    return sample;
  }

 private:
  std::vector<std::string> found_classes() {
    std::set<std::string> labels;
    for (const std::string& one : listing_.more_classes)
      labels.insert(names_.of(one, problems_));
    for (const Record& record : listing_.records) {
      if (listing_.target == Target::label) labels.insert(record.label);
      labels.insert(record.labels.begin(), record.labels.end());
    }
    return sorted_classes(labels);
  }

  std::optional<std::int64_t> place_of(const std::string& label, const std::string& where) {
    const auto place = listed_label(label, places_);
    if (!place)
      problems_.add("{}: the class '{}' is not in {}: {}.", where, label, options_.classes,
                    unknown_label(label, classes_));
    return place;
  }

  Listing& listing_;
  const DatasetOptions& options_;
  Problems& problems_;
  ClassNames names_;
  std::vector<std::string> classes_;
  std::map<std::string, std::int64_t> places_;
};

}  // namespace

Listing empty_listing(const std::filesystem::path& path, std::string_view format, Reads reads) {
  const bool folder = std::filesystem::is_directory(path);
  const auto whole = std::filesystem::absolute(path).lexically_normal();
  const auto name = (whole.has_filename() ? whole : whole.parent_path()).filename();
  return {.subject = fmt::format("{} (read as {}; --format names another)", path.string(), format),
          .root = folder ? path : path.parent_path(),
          .name = folder ? name.string() : name.stem().string(),
          .records = {},
          .reads = reads};
}

Dataset assemble(Listing listing, const DatasetOptions& options) {
  Dataset dataset;
  dataset.name = listing.name;
  dataset.root = listing.root;
  dataset.reads = listing.reads;
  dataset.target = listing.target;
  Problems problems(listing.subject);
  Numbering numbering(listing, options, problems);
  dataset.classes = numbering.classes();

  std::set<std::string> found_splits;
  for (const Record& record : listing.records) {
    if (!record.split.empty()) found_splits.insert(record.split);
  }
  const bool has_splits = !found_splits.empty();
  const SplitNames splits(found_splits, options);
  std::map<std::string, std::size_t> unused;
  std::vector<Sample> unsplit;
  for (Record& record : listing.records) {
    std::optional<Sample> sample = numbering.sample(record);
    if (!sample) continue;
    if (!has_splits) {
      unsplit.push_back(std::move(*sample));
    } else if (record.split.empty()) {
      problems.add("{}: the split is empty, while other rows have one.", record.where);
    } else if (const auto trouble = splits.trouble(record.split); !trouble.empty()) {
      problems.add("{}: {}", record.where, trouble);
    } else {
      if (splits.of(record.split).empty()) ++unused[record.split];
      for (const Split split : splits.of(record.split))
        dataset.split(split).push_back(*sample);
    }
  }
  dataset.found_splits.assign(found_splits.begin(), found_splits.end());
  if (!has_splits && !unsplit.empty() && options.unsplit == Unsplit::whole) {
    dataset.train = dataset.test = std::move(unsplit);
    dataset.found_splits = {"train", "test"};
    choose_made_up(dataset, options, problems);
    dataset.remarks.emplace_back("no splits: all of it trains, and is what is reported on");
  } else if (!has_splits && !unsplit.empty()) {
    split_by_seed(dataset, std::move(unsplit), static_cast<std::uint64_t>(options.split_seed));
    choose_made_up(dataset, options, problems);
    dataset.remarks.push_back(fmt::format("a split was made up: 50/20/30 %{} (--split-seed {})",
                                          has_classes(listing.target) ? " of each class" : "", options.split_seed));
  }
  for (const auto& [split, count] : unused)
    dataset.remarks.push_back(fmt::format("left: {} in the split '{}'", count, split));
  dataset.notes = numbering.notes();
  problems.throw_if_any();
  return dataset;
}

}  // namespace graft::data
