#include "graft/data/format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "graft/core/names.h"
#include "graft/data/problems.h"
#include "graft/data/python_random.h"

namespace graft::data {

#define FORMAT(name)          \
  namespace name {            \
  extern const Format format; \
  }
#include "graft/data/formats.def"
#undef FORMAT

const std::vector<const Format*>& formats() {
  static const std::vector<const Format*> kFormats = {
#define FORMAT(name) &name::format,
#include "graft/data/formats.def"
#undef FORMAT
  };
  return kFormats;
}

const Format& find_format(std::string_view name) {
  std::vector<std::string> known;
  for (const Format* format : formats()) {
    if (format->name == name) return *format;
    known.emplace_back(format->name);
  }
  throw UsageError("data", "{}", unknown_name("format", name, known));
}

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::string canonical_split(std::string_view name) {
  const std::string split = lower(name);
  if (split == "valid" || split == "validation" || split == "dev") return "val";
  if (split == "training") return "train";
  if (split == "testing") return "test";
  return split;
}

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

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

}  // namespace

bool is_split(std::string_view found, std::string_view wanted) {
  return !found.empty() && canonical_split(found) == canonical_split(wanted);
}

std::vector<std::string> read_lines(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw FileError("data", "{}: cannot be opened.", file.string());
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> class_names(const std::string& file_or_names) {
  std::error_code error;
  const bool is_list = file_or_names.find(',') != std::string::npos && !std::filesystem::exists(file_or_names, error);
  if (!is_list) return read_lines(file_or_names);
  std::vector<std::string> names;
  std::istringstream stream(file_or_names);
  for (std::string name; std::getline(stream, name, ',');) {
    const size_t begin = name.find_first_not_of(' ');
    if (begin != std::string::npos) names.push_back(name.substr(begin, name.find_last_not_of(' ') - begin + 1));
  }
  return names;
}

void split_by_seed(Dataset& dataset, std::vector<Sample> samples, std::uint64_t seed) {
  std::ranges::sort(samples, {}, [](const Sample& s) { return std::tie(s.label, s.file); });
  PythonRandom random(seed);
  for (std::size_t begin = 0; begin < samples.size();) {
    std::size_t end = begin;
    while (end < samples.size() && samples[end].label == samples[begin].label)
      ++end;
    std::vector<Sample> one(samples.begin() + begin, samples.begin() + end);
    random.shuffle(one);
    const auto share = [&](double part) {
      return static_cast<std::ptrdiff_t>(std::nearbyint(static_cast<double>(one.size()) * part));
    };
    const auto val_begin = one.begin() + share(0.5), test_begin = val_begin + share(0.2);
    dataset.train.insert(dataset.train.end(), one.begin(), val_begin);
    dataset.val.insert(dataset.val.end(), val_begin, test_begin);
    dataset.test.insert(dataset.test.end(), test_begin, one.end());
    begin = end;
  }
  dataset.found_splits = {"train", "val", "test"};
}

Dataset assemble(const std::filesystem::path& root, const std::string& name, std::vector<Record> records,
                 const DatasetOptions& options, const std::vector<std::string>& more_classes) {
  Dataset dataset{.name = name, .root = root};
  Problems problems(name);
  if (options.classes.empty()) {
    std::set<std::string> labels(more_classes.begin(), more_classes.end());
    for (const Record& record : records)
      labels.insert(record.label);
    dataset.classes = sorted_classes(labels);
  } else {
    dataset.classes = class_names(options.classes);
  }
  std::map<std::string, std::int64_t> places;
  for (const std::string& one : dataset.classes) {
    if (!places.try_emplace(one, static_cast<std::int64_t>(places.size())).second) {
      problems.add("{}: the class '{}' is listed twice.", options.classes, one);
    }
  }

  const bool has_splits = std::ranges::any_of(records, [](const Record& r) { return !r.split.empty(); });
  std::set<std::string> found_splits;
  std::vector<Sample> unsplit;
  for (Record& record : records) {
    const auto label = listed_label(record.label, places);
    if (!label) {
      problems.add("{}: the class '{}' is not in {}: {}.", record.where, record.label, options.classes,
                   unknown_label(record.label, dataset.classes));
      continue;
    }
    const Sample sample{std::move(record.file), *label};
    if (!has_splits) {
      unsplit.push_back(sample);
      continue;
    }
    if (record.split.empty()) problems.add("{}: the split is empty, while other rows have one.", record.where);
    found_splits.insert(record.split);
    if (is_split(record.split, options.train_split)) dataset.train.push_back(sample);
    if (is_split(record.split, options.val_split)) dataset.val.push_back(sample);
    if (is_split(record.split, options.test_split)) dataset.test.push_back(sample);
  }
  problems.throw_if_any();
  dataset.found_splits.assign(found_splits.begin(), found_splits.end());
  if (!has_splits) split_by_seed(dataset, std::move(unsplit), static_cast<std::uint64_t>(options.split_seed));
  return dataset;
}

}  // namespace graft::data
