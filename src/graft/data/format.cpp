#include "graft/data/format.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "graft/core/names.h"
#include "graft/core/registry.h"
#include "graft/data/problems.h"
#include "graft/data/python_random.h"
#include "graft/text/text_file.h"

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
  return find_named("data", "format", formats(), name);
}

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::string canonical_split(std::string_view name) {
  static const std::map<std::string_view, std::string_view> kUsual = {
      {"valid", "val"},      {"validation", "val"}, {"validate", "val"}, {"dev", "val"},        {"development", "val"},
      {"training", "train"}, {"testing", "test"},   {"eval", "test"},    {"evaluation", "test"}};
  const std::string split = lower(name);
  const auto found = kUsual.find(split);
  return found == kUsual.end() ? split : std::string(found->second);
}

}  // namespace

bool is_usual_split(std::string_view name) {
  const std::string split = canonical_split(name);
  return split == "train" || split == "val" || split == "test";
}

std::string split_word(std::string_view name) {
  std::string word;
  for (const char c : std::string(name) + "_") {
    if (std::isalpha(static_cast<unsigned char>(c))) {
      word += c;
    } else if (is_usual_split(word)) {
      return canonical_split(word);
    } else {
      word.clear();
    }
  }
  return "";
}

SplitNames::SplitNames(const std::set<std::string>& found, const DatasetOptions& options) {
  const std::pair<Split, std::string> wanted[] = {
      {Split::train, options.train_split}, {Split::val, options.val_split}, {Split::test, options.test_split}};
  for (const auto& [split, name] : wanted) {
    names_.push_back(name);
    named_by_option_ = named_by_option_ || name != choices(Split{})[static_cast<int>(split)].second;
    std::string chosen;  // in lower case: "Train" and "train" are one
    for (const std::string& one : found) {
      if (lower(one) == lower(name)) chosen = lower(one);
    }
    for (const std::string& one : found) {
      if (chosen.empty() && canonical_split(one) == canonical_split(name)) chosen = lower(one);
    }
    for (const std::string& one : found) {
      if (!chosen.empty() && lower(one) == chosen) serves_[one].push_back(split);
    }
  }
}

const std::vector<Split>& SplitNames::of(const std::string& found) const {
  static const std::vector<Split> kNone;
  const auto place = serves_.find(found);
  return place == serves_.end() ? kNone : place->second;
}

std::string SplitNames::trouble(const std::string& found) const {
  if (named_by_option_ || !of(found).empty()) return "";
  constexpr const char* kWayOn = "--train-split, --val-split and --test-split name others";
  for (const auto& [taken, splits] : serves_) {
    if (canonical_split(taken) == canonical_split(found))
      return fmt::format("the split '{}' could be '{}', which is there too. {}.", found, taken, kWayOn);
  }
  const auto near = nearest_name(lower(found), {"train", "val", "test", "training", "valid", "validation", "testing"});
  return fmt::format("the split '{}' is none of {}.{} {}.", found, fmt::join(names_, ", "),
                     near ? fmt::format(" Did you mean '{}'?", *near) : "", kWayOn);
}

std::string first_line(const std::filesystem::path& file) {
  constexpr std::size_t kLook = 1 << 16;
  std::ifstream stream(file, std::ios::binary);
  std::string bytes(kLook, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(kLook));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  if (bytes.size() == kLook) bytes.resize(bytes.rfind('\n') + 1);  // the last line may be cut within a letter
  const auto lines = text::trimmed_lines(text::decode_text(bytes, file.filename().string()));
  return lines.empty() ? "" : lines.front();
}

std::vector<std::string> read_lines(const std::filesystem::path& file) {
  std::vector<std::string> names;
  for (const std::string& line : text::trimmed_lines(text::read_text_file(file)))
    names.push_back(text::normal_name(line));
  return names;
}

std::vector<std::string> class_names(const std::string& file_or_names) {
  std::error_code error;
  const bool is_list = file_or_names.find(',') != std::string::npos && !std::filesystem::exists(file_or_names, error);
  if (!is_list) return read_lines(file_or_names);
  std::vector<std::string> names;
  std::istringstream stream(file_or_names);
  for (std::string name; std::getline(stream, name, ',');) {
    name = text::normal_name(name);
    if (!name.empty()) names.push_back(name);
  }
  return names;
}

namespace {

using FurtherCaptions = std::map<std::string, std::vector<Sample>>;  // by photo, all but the first

FurtherCaptions take_further_captions(std::vector<Sample>& sorted) {
  FurtherCaptions more;
  std::vector<Sample> firsts;
  for (auto& sample : sorted) {
    if (!firsts.empty() && firsts.back().input == sample.input) {
      more[sample.input].push_back(std::move(sample));
    } else {
      firsts.push_back(std::move(sample));
    }
  }
  sorted = std::move(firsts);
  return more;
}

void put_back(const FurtherCaptions& more, std::vector<Sample>& samples) {
  if (more.empty()) return;
  std::vector<Sample> all;
  for (const auto& first : samples) {
    all.push_back(first);
    if (const auto found = more.find(first.input); found != more.end())
      all.insert(all.end(), found->second.begin(), found->second.end());
  }
  samples = std::move(all);
}

}  // namespace

void split_by_seed(Dataset& dataset, std::vector<Sample> samples, std::uint64_t seed) {
  std::ranges::sort(samples, {}, [](const Sample& s) { return std::tie(s.label, s.input, s.pair, s.name); });
  const auto more = dataset.target == Target::caption ? take_further_captions(samples) : FurtherCaptions();
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
  for (const auto& [split, name] : choices(Split{}))
    put_back(more, dataset.split(split));
  dataset.found_splits = {"train", "val", "test"};
}

}  // namespace graft::data
