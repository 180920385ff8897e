// A data set format: one file in formats/ and one line in formats.def.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "graft/data/dataset.h"

namespace graft::data {

struct Format {
  std::string_view name;
  std::string_view summary;
  // Whether `path` looks like it; must be cheap. The first format of the list that says yes opens it.
  bool (*recognises)(const std::filesystem::path& path);
  // Reads names and labels. Splits that it does not find stay empty; open_dataset() checks the whole.
  Dataset (*open)(const std::filesystem::path& path, const DatasetOptions& options);
};

const std::vector<const Format*>& formats();
const Format& find_format(std::string_view name);  // UsageError with the nearest name

// Whether a split called `found` is the one that `wanted` asks for: "valid", "validation" and "dev" are "val".
bool is_split(std::string_view found, std::string_view wanted);

// The split of data that has none, as CoOp makes it: a class after the other, shuffled, half to train, a fifth to val,
// the rest to test (rounded half to even). Classes in the order of their labels; names sorted before.
void split_by_seed(Dataset& dataset, std::vector<Sample> samples, std::uint64_t seed);

}  // namespace graft::data
