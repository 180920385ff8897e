// What a model is asked about: the rows of a table, whose cells a prompt is made of.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace graft::prompting {

struct Item {
  std::map<std::string, std::string> fields;  // as written, white space and all
  std::map<std::string, std::vector<std::string>> lists = {};
  std::string place = {};  // "kinds.csv:17", for messages and as its name in results
  std::string split = {};  // empty: no split is named

  const std::string& field(const std::string& name) const;  // DataError with the fields that it has
};

using Items = std::vector<Item>;

// A CSV, TSV or JSONL table, with a column `split` or without; or a folder of such tables, whose names are the splits
// (train.jsonl, test.jsonl). FileError or DataError for what is none.
Items read_items(const std::filesystem::path& path);

// The items of the split `name`, in their order; of a table that names no splits all. DataError where there are none,
// with the splits that are there.
Items items_of(const Items& items, std::string_view name);
// Where they stand among all.
std::vector<size_t> places_of(const Items& items, std::string_view name);
bool names_splits(const Items& items);

}  // namespace graft::prompting
