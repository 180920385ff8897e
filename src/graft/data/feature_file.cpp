#include "graft/data/feature_file.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "graft/data/problems.h"
#include "graft/io/mapped_file.h"
#include "graft/io/npy.h"
#include "graft/io/numbers.h"
#include "graft/io/safetensors.h"
#include "graft/io/zip_archive.h"

namespace graft::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNpyEnding = ".npy";

// What an archive of arrays, and a file of tensors, may hold.
constexpr std::string_view kKnownArrays[] = {"features", "class_features", "logit_scale", "ids", "labels", "splits"};
constexpr std::string_view kKnownTensors[] = {"features", "class_features", "logit_scale", "labels"};

std::vector<std::string> others_than(std::span<const std::string_view> known, const std::vector<std::string>& keys) {
  std::vector<std::string> others;
  std::ranges::copy_if(keys, std::back_inserter(others),
                       [&](const auto& key) { return std::ranges::find(known, key) == known.end(); });
  return others;
}

// An array of numbers in a file, whatever the file is.
struct Numbers {
  std::string name;
  io::Dtype dtype;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

std::vector<float> floats_of(const Numbers& numbers) {
  if (io::is_floats(numbers.dtype)) return io::floats_of(numbers.dtype, numbers.bytes);
  throw FileError("data", "{}: holds {} numbers: expected floats (float16, float32, float64).", numbers.name,
                  io::name_of(numbers.dtype));
}

void read_rows(const Numbers& numbers, FeatureRows& rows) {
  if (numbers.shape.size() != 2 || numbers.shape[0] < 1 || numbers.shape[1] < 1)
    throw FileError("data", "{}: expected features as [rows, numbers a row], got the shape [{}].", numbers.name,
                    fmt::join(numbers.shape, ", "));
  rows.count = numbers.shape[0];
  rows.width = numbers.shape[1];
  rows.values = floats_of(numbers);
}

void read_classes(const Numbers& numbers, FeatureRows& rows) {
  if (numbers.shape.size() != 2 || numbers.shape[1] != rows.width)
    throw FileError("data",
                    "{}: expected a row of {} numbers for each class, as the features have, got the shape [{}].",
                    numbers.name, rows.width, fmt::join(numbers.shape, ", "));
  rows.classes = floats_of(numbers);
  if (!std::ranges::all_of(rows.classes, [](float value) { return std::isfinite(value); }))
    throw FileError("data", "{}: holds numbers that are not finite (NaN or infinity).", numbers.name);
}

void read_scale(const Numbers& numbers, FeatureRows& rows) {
  const auto values = floats_of(numbers);
  if (values.size() != 1 || !(values.front() > 0) || !std::isfinite(values.front()))
    throw FileError("data", "{}: expected one number above 0, what cosines are multiplied by.", numbers.name);
  rows.logit_scale = values.front();
}

Numbers numbers_of(const io::NpyArray& array) {
  if (array.dtype) return {array.name, *array.dtype, array.shape, array.values};
  throw FileError("data", "{}: holds texts: expected numbers.", array.name);
}

std::vector<std::string> list_of(const io::NpyArray& array) {
  if (array.shape.size() != 1)
    throw FileError("data", "{}: expected one value a row, got the shape [{}].", array.name,
                    fmt::join(array.shape, ", "));
  return io::texts_of(array);
}

FeatureFile read_npz(std::span<const std::byte> bytes, const std::string& name) {
  const io::ZipArchive archive(bytes, name);
  const auto find = [&](std::string_view key) -> std::optional<io::NpyArray> {
    const std::string record = std::string(key) + std::string(kNpyEnding);
    if (!archive.records().contains(record)) return std::nullopt;
    if (!archive.records().at(record).stored)
      throw FileError("data", "{}: is compressed. Save it with np.savez, not with savez_compressed.", name);
    return io::parse_npy(*archive.find(record), name + ": " + std::string(key));
  };
  std::vector<std::string> keys;
  for (const auto& [record, content] : archive.records())
    keys.push_back(record.ends_with(kNpyEnding) ? record.substr(0, record.size() - kNpyEnding.size()) : record);
  const auto features = find("features");
  if (!features) throw FileError("data", "{}: has no array 'features'. It has: {}.", name, fmt::join(keys, ", "));
  FeatureFile file;
  file.unknown = others_than(kKnownArrays, keys);
  read_rows(numbers_of(*features), file.rows);
  if (const auto classes = find("class_features")) read_classes(numbers_of(*classes), file.rows);
  if (const auto scale = find("logit_scale")) read_scale(numbers_of(*scale), file.rows);
  for (const auto& [key, list] :
       {std::pair("ids", &file.ids), std::pair("labels", &file.labels), std::pair("splits", &file.splits)}) {
    if (const auto array = find(key)) *list = list_of(*array);
  }
  return file;
}

std::vector<std::string> list_of(const std::string& json, const std::string& name, std::string_view key) {
  const auto list = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array() || !std::ranges::all_of(list, [](const auto& item) { return item.is_string(); }))
    throw FileError("data", "{}: the metadata '{}' is no JSON list of texts.", name, key);
  return list.get<std::vector<std::string>>();
}

FeatureFile read_tensors(const fs::path& path) {
  const auto source = io::SafetensorsFile::open(path);
  const std::string name = path.string();
  const auto find = [&](std::string_view key) -> std::optional<Numbers> {
    const auto* view = source.find(key);
    if (!view) return std::nullopt;
    return Numbers{fmt::format("{}: {}", name, key), view->dtype, view->shape, view->span()};
  };
  std::vector<std::string> keys;
  for (const auto& [key, view] : source.tensors())
    keys.push_back(key);
  const auto features = find("features");
  if (!features) {
    constexpr std::size_t kShown = 5;
    const bool more = keys.size() > kShown;
    keys.resize(std::min(keys.size(), kShown));
    throw FileError("data", "{}: has no tensor 'features'. It has: {}{}. Is it a model? Those go with --model.", name,
                    fmt::join(keys, ", "), more ? ", ..." : "");
  }
  FeatureFile file;
  file.unknown = others_than(kKnownTensors, keys);
  read_rows(*features, file.rows);
  if (const auto classes = find("class_features")) read_classes(*classes, file.rows);
  if (const auto scale = find("logit_scale")) read_scale(*scale, file.rows);
  if (const auto labels = find("labels")) {
    if (labels->shape.size() != 1 || !io::is_integers(labels->dtype))
      throw FileError("data", "{}: expected a whole number a row, got {} of the shape [{}].", labels->name,
                      io::name_of(labels->dtype), fmt::join(labels->shape, ", "));
    for (const auto label : io::integers_of(labels->dtype, labels->bytes))
      file.labels.push_back(std::to_string(label));
  }
  for (const auto& [key, list] :
       {std::pair("files", &file.ids), std::pair("labels", &file.labels), std::pair("splits", &file.splits)}) {
    if (const auto found = source.metadata().find(key); found != source.metadata().end())
      *list = list_of(found->second, name, key);
  }
  return file;
}

void check(const FeatureFile& file, const std::string& name) {
  Problems problems(name);
  const auto& rows = file.rows;
  for (const auto& [what, list] :
       {std::pair("names", &file.ids), std::pair("labels", &file.labels), std::pair("splits", &file.splits)}) {
    if (!list->empty() && static_cast<std::int64_t>(list->size()) != rows.count)
      problems.add("{} {} for {} rows of features.", list->size(), what, rows.count);
  }
  problems.throw_if_any();
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const auto row = rows.row(i);
    const auto bad = std::ranges::count_if(row, [](float value) { return !std::isfinite(value); });
    if (bad == 0) continue;
    problems.add("row {}{} (from 0): {} of its {} numbers are not finite (NaN or infinity).", i,
                 file.ids.empty() ? "" : fmt::format(", '{}'", file.ids[static_cast<std::size_t>(i)]), bad, rows.width);
  }
  problems.throw_if_any();
}

}  // namespace

bool is_feature_file(const fs::path& path) {
  const auto ending = path.extension();
  return ending == kNpyEnding || ending == ".npz" || ending == ".safetensors";
}

FeatureFile read_feature_file(const fs::path& path) {
  FeatureFile file;
  if (path.extension() == ".safetensors") {
    file = read_tensors(path);
  } else {
    const auto mapped = io::MappedFile::open(path);
    if (io::ZipArchive::looks_like(mapped->bytes()) && path.extension() != kNpyEnding) {
      file = read_npz(mapped->bytes(), path.string());
    } else {
      read_rows(numbers_of(io::parse_npy(mapped->bytes(), path.string())), file.rows);
    }
  }
  check(file, path.string());
  return file;
}

std::vector<std::string> read_npy_texts(const fs::path& path) {
  const auto mapped = io::MappedFile::open(path);
  return list_of(io::parse_npy(mapped->bytes(), path.string()));
}

}  // namespace graft::data
