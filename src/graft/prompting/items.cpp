#include "graft/prompting/items.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <system_error>

#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/core/printable.h"
#include "graft/data/table.h"

namespace graft::prompting {
namespace {

namespace fs = std::filesystem;

void add_table(const fs::path& file, std::string_view split, Items& items) {
  const auto table = data::read_table(file);
  const auto split_column = table.column("split");
  for (const auto& row : table.rows) {
    Item item{{}, {}, fmt::format("{}:{}", file.filename().string(), row.line), std::string(split)};
    for (size_t c = 0; c < table.columns.size(); ++c) {
      const auto list = row.lists.find(c);
      if (list != row.lists.end()) item.lists[table.columns[c]] = list->second;
      if (split_column == c) {
        item.split = row.cells[c];
      } else {
        item.fields[table.columns[c]] = row.written(c);
      }
    }
    items.push_back(std::move(item));
  }
}

}  // namespace

const std::string& Item::field(const std::string& name) const {
  const auto found = fields.find(name);
  if (found != fields.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [other, value] : fields)
    known.push_back(other);
  throw DataError("prompt", "{}: {}", place, unknown_name("field", name, known));
}

Items read_items(const fs::path& path) {
  std::error_code error;
  Items items;
  if (!fs::is_directory(path, error)) {
    if (!data::table_kind(path))
      throw DataError("prompt", "{}: expected a .csv, .tsv or .jsonl table, or a folder of them.",
                      printable(path.string()));
    add_table(path, "", items);
  } else {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(path)) {
      if (data::table_kind(entry.path())) files.push_back(entry.path());
    }
    std::ranges::sort(files);
    for (const auto& file : files)
      add_table(file, file.stem().string(), items);
  }
  if (items.empty()) throw DataError("prompt", "{}: holds no item.", printable(path.string()));
  return items;
}

bool names_splits(const Items& items) {
  return std::ranges::any_of(items, [](const Item& one) { return !one.split.empty(); });
}

std::vector<size_t> places_of(const Items& items, std::string_view name) {
  const bool any = !names_splits(items);
  std::vector<size_t> places;
  std::set<std::string> splits;
  for (size_t i = 0; i < items.size(); ++i) {
    splits.insert(items[i].split.empty() ? "(none)" : items[i].split);
    if (any || items[i].split == name) places.push_back(i);
  }
  if (places.empty())
    throw DataError("prompt", "no item of the split '{}'. The data's splits: {}.", printable(name),
                    fmt::join(splits, ", "));
  return places;
}

Items items_of(const Items& items, std::string_view name) {
  Items chosen;
  for (const size_t place : places_of(items, name))
    chosen.push_back(items[place]);
  return chosen;
}

}  // namespace graft::prompting
