// A data set format: one file in formats/ and one line in formats.def.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "graft/data/dataset.h"

namespace graft::data {

struct Format {
  std::string_view name;
  std::string_view summary;
  // Whether `path` looks like it; cheap. The first format of the list that says yes opens it.
  bool (*recognises)(const std::filesystem::path& path);
  // Reads names and labels. Splits that it does not find stay empty; open_dataset() checks the whole.
  Dataset (*open)(const std::filesystem::path& path, const DatasetOptions& options);
};

const std::vector<const Format*>& formats();
const Format& find_format(std::string_view name);  // UsageError with the nearest name

// What most formats amount to: files with a class by name (or number) and, perhaps, a split by name.
struct Record {
  std::string file;  // relative to the root, or absolute
  std::string label;
  std::string split;  // empty: none
  std::string where;  // for errors: "labels.csv:17"
};

// Numbers the classes (--classes, or the sorted labels and `more_classes`) and deals the records to the splits; when
// none has a split, split_by_seed() does. Labels that are all whole numbers sort as numbers, and are places in
// --classes.
Dataset assemble(const std::filesystem::path& root, const std::string& name, std::vector<Record> records,
                 const DatasetOptions& options, const std::vector<std::string>& more_classes = {});

// Whether a split called `found` is the one that `wanted` asks for: "valid", "validation" and "dev" are "val".
bool is_split(std::string_view found, std::string_view wanted);

// The split of data that has none, as CoOp makes it: one class after the other, sorted by file, shuffled with Python's
// random, half to train, a fifth to val and the rest to test (rounded half to even).
void split_by_seed(Dataset& dataset, std::vector<Sample> samples, std::uint64_t seed);

// The lines of a file, without blank ones.
std::vector<std::string> read_lines(const std::filesystem::path& file);

// What --classes says: the lines of a file, or names with commas between ("cat,dog") where no file is called so.
std::vector<std::string> class_names(const std::string& file_or_names);

}  // namespace graft::data
