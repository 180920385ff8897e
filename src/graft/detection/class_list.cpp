#include "graft/detection/class_list.h"

#include <set>

#include "graft/core/error.h"
#include "graft/detection/coco_records.h"
#include "graft/detection/format.h"
#include "graft/io/mapped_file.h"
#include "graft/io/npy.h"
#include "graft/io/numbers.h"
#include "graft/text/text_file.h"

namespace graft::detection {
namespace {

namespace fs = std::filesystem;

std::vector<Category> numbered(const std::vector<std::string>& names, const std::string& file) {
  std::vector<Category> classes;
  std::set<std::string> seen;
  for (const auto& name : names) {
    if (!seen.insert(name).second) throw DataError("detection", "{}: the class '{}' is there twice.", file, name);
    Category category;
    category.id = static_cast<std::int64_t>(classes.size()) + 1;
    category.name = name;
    classes.push_back(std::move(category));
  }
  if (classes.empty()) throw DataError("detection", "{}: lists no class.", file);
  return classes;
}

// Of a JSON list; nothing where the file is an object.
std::vector<Category> listed(const fs::path& path, Findings& findings) {
  JsonPieces pieces(path);
  Set set;
  CocoRecords records(set, findings);
  std::vector<std::string> names;
  simdjson::dom::parser parser;
  while (pieces.next()) {
    if (!pieces.key().empty()) return {};
    std::string_view name;
    if (parser.parse(pieces.text().data(), pieces.text().size(), false).get(name) == simdjson::SUCCESS)
      names.emplace_back(text::trimmed(name));
    else
      records.add_category(pieces);
  }
  if (!names.empty() && !set.categories.empty())
    throw DataError("detection", "{}: lists names and categories, expected one of the two.", path.string());
  if (!names.empty()) return numbered(names, path.string());
  records.finish();
  return std::move(set.categories);
}

}  // namespace

std::vector<Category> read_classes(const fs::path& path, Findings& findings, const std::string& format) {
  const std::string ending = path.extension().string();
  if (format.empty() && (ending == ".txt" || ending == ".names"))
    return numbered(text::trimmed_lines(text::read_text_file(path)), path.string());
  if (format.empty() && ending == ".json") {
    auto classes = listed(path, findings);
    if (!classes.empty()) return classes;
  }
  return read_set(path, findings, format).categories;
}

std::vector<Category> bigdetection_classes() {
  static constexpr std::string_view kNames =
#include "graft/detection/bigdetection_names.inc"
      ;
  return numbered(text::trimmed_lines(kNames), "BigDetection");
}

std::vector<float> read_rows(const fs::path& path, std::size_t classes) {
  const auto file = io::MappedFile::open(path);
  const auto array = io::parse_npy(file->bytes(), path.string());
  if (array.shape.size() != 2 || !array.dtype)
    throw DataError("detection", "{}: expected numbers [classes, width].", path.string());
  if (array.shape[0] != static_cast<std::int64_t>(classes))
    throw DataError("detection", "{}: has {} rows for {} classes. Are they of another list?", path.string(),
                    array.shape[0], classes);
  if (!io::is_floats(*array.dtype))
    throw DataError("detection", "{}: holds whole numbers, expected floats.", path.string());
  return io::floats_of(*array.dtype, array.values);
}

}  // namespace graft::detection
