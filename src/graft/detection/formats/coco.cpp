// COCO's instances (Lin et al. 2014, arXiv:1405.0312), and what is written in its words: LVIS (Gupta et al. 2019,
// arXiv:1908.03195; neg_category_ids, not_exhaustive_category_ids, synsets), Objects365, keypoints. One JSON file,
// perhaps gzipped. An image with one of LVIS's two lists is known in what they and its boxes name; any other in every
// class. Keys that are not known are carried, noted and written again.
#include <algorithm>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/detection/coco_records.h"
#include "graft/detection/coco_text.h"
#include "graft/detection/format.h"
#include "graft/detection/json_text.h"
#include "graft/detection/merge.h"
#include "graft/detection/objects365.h"
#include "graft/detection/other_members.h"

namespace graft::detection::coco {
namespace {

namespace fs = std::filesystem;

bool is_ours(std::string_view key) {
  return key == "images" || key == "annotations" || key == "categories";
}

bool recognises(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return false;
  const std::string name = path.filename().string();
  if (!name.ends_with(".json") && !name.ends_with(".json.gz")) return false;
  try {
    JsonPieces pieces(path);
    while (std::ranges::none_of(pieces.keys(), is_ours)) {
      if (!pieces.next()) break;
    }
    return std::ranges::any_of(pieces.keys(), is_ours);
  } catch (const FileError&) {
    return true;  // to be told what is wrong with it
  }
}

// Which of those who write COCO's words it is, as its classes show.
std::string kind_of(const Set& set, Findings& findings) {
  if (const auto found = objects365_of(set.categories)) {
    if (found->version == 0) {
      findings.add(
          "objects365-numbering", Severity::suspicion,
          "{} of {} classes are called as Objects365's and numbered neither as v1 nor as v2: ids of either mean "
          "others here",
          found->fitting, set.categories.size());
      return "objects365";
    }
    findings.add("objects365-version", Severity::note, "numbered as Objects365 v{}, from {} ({} of {} classes)",
                 found->version, found->first, found->fitting, set.categories.size());
    return fmt::format("objects365 v{}", found->version);
  }
  const bool lvis = set.federated() || std::ranges::any_of(set.categories, [](const Category& category) {
                      return category.frequency != 0;
                    });
  return lvis ? "lvis" : "coco";
}

Set read(const fs::path& path, const ReadOptions&, Findings& findings) {
  Set set;
  JsonPieces pieces(path);
  CocoRecords records(set, findings);
  OtherMembers others;
  try {
    while (pieces.next()) {
      const auto& key = pieces.key();
      if (key.empty())
        throw DataError("detection",
                        "{}: is a list, as a detector's results are; expected an object of images, annotations and "
                        "categories.",
                        path.string());
      if (is_ours(key) && pieces.index() == JsonPieces::kWhole)
        throw DataError("detection", "{}: '{}' is no list.", path.string(), key);
      if (key == "images")
        records.add_image(pieces);
      else if (key == "annotations")
        records.add_annotation(pieces);
      else if (key == "categories")
        records.add_category(pieces);
      else
        others.add(pieces);
    }
    if (!set.annotations.empty() && std::ranges::find(pieces.keys(), "categories") == pieces.keys().end())
      findings.add("categories-missing", Severity::left_out,
                   "the file has no list 'categories', which its annotations name: nothing says what their boxes are");
  } catch (const FileError& error) {
    if (set.images.empty() && set.annotations.empty()) throw;
    findings.add("broken-file", Severity::left_out, "{}", error.what());
  }
  if (std::ranges::find(pieces.keys(), "images") == pieces.keys().end())
    throw DataError("detection", "{}: has no 'images'. Its keys are {}.", path.string(),
                    fmt::join(pieces.keys(), ", "));
  records.finish();
  set.rest = others.members();
  others.note_unknown(findings);
  if (!restore_sources(set)) set.sources.push_back({path.stem().stem().string(), kind_of(set, findings), path});
  return set;
}

std::string id_list(const Set& set, const std::vector<Index>& classes) {
  std::string list = "[";
  for (const Index one : classes)
    list += fmt::format("{}{}", list.size() > 1 ? "," : "", set.categories[one].id);
  return list + "]";
}

// All classes, where that is what is known; else the list.
std::vector<Index> listed(const Set& set, Index classes) {
  if (classes != ClassSets::kAll) return set.class_sets.at(classes);
  std::vector<Index> all(set.categories.size());
  for (Index k = 0; k < all.size(); ++k)
    all[k] = k;
  return all;
}

void append(std::string& text, const Set& set, const Image& image, const std::vector<Index>& present, bool federated,
            CarriedText::InOrder& carried) {
  append_whole(text += "\"id\":", image.id);
  if (!image.file.empty()) (text += ",\"file_name\":") += json_text(image.file);
  if (image.width > 0) text += fmt::format(",\"width\":{},\"height\":{}", image.width, image.height);
  if (federated) {
    const auto known = listed(set, image.known);
    const auto open = listed(set, image.open);
    std::vector<Index> there, negative;
    std::ranges::set_union(present, open, std::back_inserter(there));
    std::ranges::set_difference(known, there, std::back_inserter(negative));
    text += fmt::format(",\"neg_category_ids\":{},\"not_exhaustive_category_ids\":{}", id_list(set, negative),
                        id_list(set, open));
  }
  if (const auto rest = carried.at(image.rest); !rest.empty()) (text += ',') += rest;
}

void append(std::string& text, const Set& set, const Annotation& annotation, CarriedText::InOrder& carried) {
  append_whole(text += "\"id\":", annotation.id);
  append_whole(text += ",\"image_id\":", set.images[annotation.image].id);
  append_whole(text += ",\"category_id\":", set.categories[annotation.category].id);
  append_box(text += ",\"bbox\":", annotation.box);
  append_number(text += ",\"area\":", annotation.area);
  text += annotation.crowd ? ",\"iscrowd\":1" : ",\"iscrowd\":0";
  if (annotation.group_of) text += ",\"isgroupof\":1";
  if (const auto shape = carried.at(annotation.shape); !shape.empty()) (text += ",\"segmentation\":") += shape;
  if (const auto rest = carried.at(annotation.rest); !rest.empty()) (text += ',') += rest;
}

Lost write(const Set& set, const fs::path& path, const WriteOptions&) {
  AtomicFile file(path);
  std::string text = "{";
  const auto pass_on = [&](std::size_t above) {
    if (text.size() <= above) return;
    file.write(text);
    text.clear();
  };
  constexpr std::size_t kMuch = std::size_t{1} << 20;
  if (!set.rest.empty()) text += set.rest + ",";
  const auto list = [&](std::string_view key, std::size_t count, const auto& entry) {
    text += fmt::format("\"{}\":[", key);
    for (std::size_t k = 0; k < count; ++k) {
      text += k > 0 ? ",\n{" : "\n{";
      entry(k);
      text += '}';
      pass_on(kMuch);
    }
    text += "]";
  };
  const bool federated = set.federated();
  CarriedText::InOrder carried(*set.carried);
  list("categories", set.categories.size(), [&](std::size_t k) { text += category_members(set.categories[k]); });
  text += ",\n";
  if (federated) {
    const auto present = classes_by_image(set);
    list("images", set.images.size(),
         [&](std::size_t k) { append(text, set, set.images[k], present[k], true, carried); });
  } else {
    list("images", set.images.size(), [&](std::size_t k) { append(text, set, set.images[k], {}, false, carried); });
  }
  text += ",\n";
  list("annotations", set.annotations.size(), [&](std::size_t k) { append(text, set, set.annotations[k], carried); });
  text += "}\n";
  pass_on(0);
  file.commit();
  return {};
}

}  // namespace

extern const Format format = {"coco", "COCO's JSON, LVIS's and Objects365's; .json or .json.gz", recognises, read,
                              write};

}  // namespace graft::detection::coco
