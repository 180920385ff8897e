#include "graft/data/dataset.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "graft/data/format.h"
#include "graft/data/problems.h"

namespace graft::data {
namespace {

const Format& format_of(const std::filesystem::path& path, const DatasetOptions& options) {
  if (!options.format.empty()) return find_format(options.format);
  for (const Format* format : formats()) {
    if (format->recognises(path)) return *format;
  }
  std::vector<std::string> known;
  for (const Format* format : formats())
    known.push_back(fmt::format("{} ({})", format->name, format->summary));
  throw DataError("data", "{}: is no data set that graft knows. It reads:\n  {}", path.string(),
                  fmt::join(known, "\n  "));
}

const std::string& wanted_name(Split split, const DatasetOptions& options) {
  return split == Split::train ? options.train_split : split == Split::val ? options.val_split : options.test_split;
}

const char* ending_of(Reads reads) {
  return reads == Reads::photo ? "jpg" : reads == Reads::text ? "txt" : "mp4";
}

const char* noun(const Dataset& dataset) {
  return one_of(dataset.reads);
}

void check_classes(const Dataset& dataset, const DatasetOptions& options, Problems& problems) {
  const auto count = static_cast<std::int64_t>(dataset.classes.size());
  if (count == 0 && dataset.reads == Reads::features) {
    problems.add("no row has a class.");
  } else if (count == 0) {
    problems.add("no class was found. Expected folders of {0}s, SPLIT/CLASS/x.{1} or CLASS/x.{1}{2}.", noun(dataset),
                 ending_of(dataset.reads),
                 dataset.remarks.empty() ? "" : fmt::format(" ({})", fmt::join(dataset.remarks, "; ")));
  }
  // Of several classes one alone may be asked: it is there or not.
  if (count == 1 && options.least_classes > 1 && dataset.target == Target::label)
    problems.add("only one class, '{}': there is nothing to tell apart.", dataset.classes.front());
  const std::int64_t least = dataset.target == Target::labels ? -1 : 0;
  for (const Split split : {Split::train, Split::val, Split::test}) {
    for (const Sample& sample : dataset.split(split)) {
      if (sample.label < least || sample.label >= count) {
        problems.add("{}: label {}, but the classes are 0 to {}.", sample.shown(), sample.label, count - 1);
      }
    }
  }
}

// Whether each class has something to train on.
void check_trained(const Dataset& dataset, Problems& problems) {
  const auto count = static_cast<std::int64_t>(dataset.classes.size());
  if (dataset.train.empty()) return;
  std::vector<bool> seen(dataset.classes.size());
  for (const Sample& sample : dataset.train) {
    if (sample.label >= 0 && sample.label < count) seen[sample.label] = true;
    for (std::size_t i = 0; i < sample.values.size(); ++i)
      seen[i] = seen[i] || sample.values[i] > 0;
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i]) problems.add("the class '{}' has no {} to train on.", dataset.classes[i], noun(dataset));
  }
}

void check_values(const Dataset& dataset, Problems& problems) {
  if (dataset.train.empty()) return;
  const std::vector<float>& first = dataset.train.front().values;
  if (std::ranges::all_of(dataset.train, [&](const Sample& sample) { return sample.values == first; }))
    problems.add("the number is {} in all of train: there is nothing to tell apart.", first.front());
}

void check_captions(const Dataset& dataset, Problems& problems) {
  if (dataset.train.empty()) return;
  const std::string& first = dataset.train.front().pair;
  if (std::ranges::all_of(dataset.train, [&](const Sample& sample) { return sample.pair == first; }))
    problems.add("the caption is '{}' of all photos in train: there is nothing to tell apart.", first);
}

void check(const Dataset& dataset, const DatasetOptions& options, const std::vector<Split>& needed,
           const std::string& subject) {
  Problems problems(subject);
  const bool trains = std::ranges::find(needed, Split::train) != needed.end(), told = !has_classes(dataset.target);
  const bool captions = dataset.target == Target::caption, masks = dataset.target == Target::mask;
  if (options.target == Target::caption && !captions) {
    problems.add("--label-kind caption: of photos with captions beside them, and {} were found as {}.",
                 unit_of(dataset.reads), dataset.format);
  } else if (options.target.value_or(dataset.target) != dataset.target && (masks || options.target == Target::mask)) {
    problems.add("--label-kind {}: {}", choices(Target{})[static_cast<int>(*options.target)].second,
                 masks ? "the photos have masks beside them. Leave it out."
                       : "of photos with masks beside them (mask-folder), and none were found.");
  } else if (dataset.reads != Reads::text && !captions && !masks &&
             options.target.value_or(Target::label) != Target::label)
    problems.add("--label-kind {}: of {} one class is told.",
                 choices(Target{})[static_cast<int>(*options.target)].second, unit_of(dataset.reads));
  if (dataset.reads != Reads::features && !options.labels.empty())
    problems.add("--labels {}: tells the classes of features, and {} were found. Leave it out.", options.labels,
                 unit_of(dataset.reads));
  if (dataset.reads != Reads::text && !options.text_column.empty())
    problems.add("--text-column {}: {} were found, no texts.", options.text_column, unit_of(dataset.reads));
  if (!told) check_classes(dataset, options, problems);
  for (const Split split : needed) {
    const std::string& name = wanted_name(split, options);
    if ((told || !dataset.classes.empty()) && dataset.split(split).empty()) {
      problems.add("no {}s in the split '{}'. Found: {}. --{}-split names another.", noun(dataset), name,
                   dataset.found_splits.empty() ? "none" : fmt::format("{}", fmt::join(dataset.found_splits, ", ")),
                   choices(Split{})[static_cast<int>(split)].second);
    }
  }
  if (trains && captions) check_captions(dataset, problems);
  if (trains && dataset.target == Target::value) check_values(dataset, problems);
  if (trains && !told) check_trained(dataset, problems);
  problems.throw_if_any();
}

}  // namespace

std::vector<std::pair<Reads, std::string>> choices(Reads) {
  return {{Reads::photo, "photo"}, {Reads::text, "text"}, {Reads::clip, "clip"}};
}

const char* unit_of(Reads reads) {
  return reads == Reads::text ? "texts" : reads == Reads::clip ? "clips" : reads == Reads::features ? "rows" : "photos";
}

const char* one_of(Reads reads) {
  return reads == Reads::text ? "text" : reads == Reads::clip ? "clip" : reads == Reads::features ? "row" : "photo";
}

const char* rate_unit_of(Reads reads) {
  return reads == Reads::photo ? "images" : unit_of(reads);
}

std::int64_t outputs_of(const Dataset& dataset) {
  if (dataset.target != Target::value) return static_cast<std::int64_t>(dataset.classes.size());
  return dataset.train.empty() ? 1 : static_cast<std::int64_t>(dataset.train.front().values.size());
}

std::vector<std::pair<Split, std::string>> choices(Split) {
  return {{Split::train, "train"}, {Split::val, "val"}, {Split::test, "test"}};
}

std::vector<std::pair<Unsplit, std::string>> choices(Unsplit) {
  return {{Unsplit::deal, "deal"}, {Unsplit::whole, "whole"}};
}

std::vector<std::pair<Target, std::string>> choices(Target) {
  return {{Target::label, "label"},
          {Target::labels, "labels"},
          {Target::value, "value"},
          {Target::caption, "caption"},
          {Target::mask, "mask"}};
}

bool has_classes(Target target) {
  return target == Target::label || target == Target::labels;
}

const std::vector<Sample>& Dataset::split(Split which) const {
  return which == Split::train ? train : which == Split::val ? val : test;
}

std::vector<Sample>& Dataset::split(Split which) {
  return which == Split::train ? train : which == Split::val ? val : test;
}

Dataset open_dataset(const std::filesystem::path& path, const DatasetOptions& options,
                     const std::vector<Split>& needed) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) throw FileError("data", "{}: no such file or folder.", path.string());
  const Format& format = format_of(path, options);
  Dataset dataset = format.open(path, options);
  dataset.format = format.name;
  const std::string read_as = dataset.source.empty() || dataset.source == path
                                  ? dataset.format
                                  : fmt::format("{} {}", dataset.format, dataset.source.filename().string());
  if (!options.group_column.empty() && dataset.format != "table") {
    throw ConfigError("data", "--group-column {}: {} is read as {}, and only a table has columns. Leave it out.",
                      options.group_column, path.string(), dataset.format);
  }
  check(dataset, options, needed, fmt::format("{} (read as {}; --format names another)", path.string(), read_as));
  return dataset;
}

std::string prompt_name(std::string class_name) {
  std::ranges::replace(class_name, '_', ' ');
  return class_name;
}

}  // namespace graft::data
