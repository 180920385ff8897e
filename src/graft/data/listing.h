// What most formats amount to: inputs with a class by name (or number) and, perhaps, a split by name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graft/data/dataset.h"

namespace graft::data {

struct Record {
  std::string input;  // as of a Sample
  std::string label = {};
  std::string split = {};  // empty: none
  std::string where = {};  // for errors: "labels.csv:17"
  std::string pair = {};
  std::optional<Span> span = {};
  std::vector<std::string> labels = {};  // of several classes, in place of `label`
  float value = 0;                       // of a number, in place of it
  std::int64_t row = -1;                 // of features, as of a Sample
  std::string group = {};                // likewise, of any
};

struct Listing {
  std::string subject;  // what a problem is said of: "pets.csv (read as table; --format names another)"
  std::filesystem::path root;
  std::string name;
  std::vector<Record> records;
  std::vector<std::string> more_classes = {};  // that need have no record
  Reads reads = Reads::photo;
  Target target = Target::label;
};

// Of a file or folder, with nothing in it yet: named by its last part, of a folder the root, of a file its folder.
Listing empty_listing(const std::filesystem::path& path, std::string_view format, Reads reads);

// Numbers the classes (--classes, or the sorted labels and `more_classes`) and deals the records to the splits; when
// none has a split, split_by_seed() does. Class names are trimmed and in normal form C. Labels that are all whole
// numbers sort as numbers, and are places in --classes. A split of an unknown name is a problem of its records. A text
// is named by its `where`.
Dataset assemble(Listing listing, const DatasetOptions& options);

}  // namespace graft::data
