// COCO's captions (Chen et al. 2015, arXiv:1504.00325): images, and texts that tell of them. They lie among each
// image's other keys, "captions": [{"id": ..., "caption": ...}], and no class was looked for anywhere. What is written
// has its annotations first, so that a file of any name is known by them.
#include <algorithm>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/detection/coco_records.h"
#include "graft/detection/format.h"
#include "graft/detection/json_text.h"
#include "graft/detection/losses.h"
#include "graft/detection/other_members.h"

namespace graft::detection::captions {
extern const Format format;
namespace {

namespace fs = std::filesystem;

bool recognises(const fs::path& path) {
  std::error_code error;
  const std::string name = path.filename().string();
  if (!fs::is_regular_file(path, error) || (!name.ends_with(".json") && !name.ends_with(".json.gz"))) return false;
  try {
    JsonPieces pieces(path);
    while (pieces.next()) {
      const auto text = pieces.text();
      if (pieces.key() == "annotations")
        return text.find("\"caption\"") != std::string_view::npos && text.find("\"bbox\"") == std::string_view::npos;
      if (pieces.key() == "images") return name.find("captions") != std::string::npos;
      if (pieces.key().empty() || pieces.key() == "categories") return false;
    }
  } catch (const FileError&) {
  }
  return false;
}

Set read(const fs::path& path, const ReadOptions&, Findings& findings) {
  Set set;
  JsonPieces pieces(path);
  CocoRecords records(set, findings);
  OtherMembers others;
  try {
    while (pieces.next()) {
      if (pieces.key().empty()) throw DataError("detection", "{}: is a list, expected COCO's captions.", path.string());
      const bool listed = pieces.index() != JsonPieces::kWhole;
      if (pieces.key() == "images" && listed)
        records.add_image(pieces);
      else if (pieces.key() == "annotations" && listed)
        records.add_caption(pieces);
      else
        others.add(pieces);
    }
  } catch (const FileError& error) {
    if (set.images.empty()) throw;
    findings.add("broken-file", Severity::left_out, "{}", error.what());
  }
  if (std::ranges::find(pieces.keys(), "images") == pieces.keys().end())
    throw DataError("detection", "{}: has no 'images'.", path.string());
  records.finish();
  for (Image& image : set.images)
    image.known = ClassSets::kEmpty;
  others.note_unknown(findings);
  set.rest = others.members();
  set.sources.push_back({path.stem().stem().string(), "captions", path});
  return set;
}

// An image's other keys, and its captions as annotations. What is called captions and holds none is another key.
struct Told {
  std::string rest;
  std::vector<std::string> captions;
};

Told told_of(const Set& set, const Image& image) {
  Told told;
  const std::string object = "{" + set.carried->at(image.rest) + "}";
  for (const auto& [key, value] : members_of(object)) {
    if (key == "\"captions\"" && value.starts_with("[{")) {
      JsonPieces entries(std::string(value), "captions");
      while (entries.next())
        if (const auto text = entries.text(); text.starts_with("{\"") && text.find("\"caption\"") != text.npos)
          told.captions.push_back(fmt::format("{{\"image_id\":{},{}}}", image.id, text.substr(1, text.size() - 2)));
    } else {
      told.rest += fmt::format(",{}:{}", key, value);
    }
  }
  return told;
}

Lost write(const Set& set, const fs::path& path, const WriteOptions&) {
  AtomicFile file(path);
  const auto list = [&](std::string_view key, const auto& entries_of) {
    file.write(fmt::format("\"{}\":[", key));
    bool first = true;
    for (const Image& image : set.images) {
      for (const auto& entry : entries_of(image)) {
        file.write((first ? "\n" : ",\n") + entry);
        first = false;
      }
    }
    file.write("]");
  };
  file.write("{");
  list("annotations", [&](const Image& image) { return told_of(set, image).captions; });
  file.write(",\n");
  list("images", [&](const Image& image) {
    std::string text = fmt::format("{{\"id\":{}", image.id);
    if (!image.file.empty()) text += fmt::format(",\"file_name\":{}", json_text(image.file));
    if (image.width > 0) text += fmt::format(",\"width\":{},\"height\":{}", image.width, image.height);
    return std::vector<std::string>{text + told_of(set, image).rest + "}"};
  });
  if (!set.rest.empty()) file.write(",\n" + set.rest);
  file.write("}\n");
  file.commit();
  return losses_in(format, set, path);
}

}  // namespace

const Format format = {"captions", "COCO's captions_*.json: texts of images", recognises, read, write};

}  // namespace graft::detection::captions
