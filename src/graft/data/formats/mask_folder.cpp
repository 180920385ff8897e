// Photos with a mask each, a PNG of class numbers (io/index_png.h), in the layouts that people have
// (data/mask_layouts.h):
//
//   images/[SPLIT/]x.jpg with masks/[SPLIT/]x.png, or SPLIT/images/ with SPLIT/masks/
//   SPLIT/x.jpg with SPLITannot/x.png: CamVid as SegNet has it
//   JPEGImages/ with SegmentationClass/ and the lists of ImageSets/Segmentation/: Pascal VOC
//   leftImg8bit/SPLIT/CITY/ with gtFine/SPLIT/CITY/: Cityscapes, its ids or its training numbers
//   images/SPLIT/ with annotations/SPLIT/: ADE20K by its objectInfo150.txt, COCO-Stuff by its labels.txt
//
// classes.txt (or --classes) names the classes, one a line in the order of their numbers, or each with its number
// before it, and goes before what a layout says. 255 is not counted, nor is a numbered class that is called void,
// ignore, unlabelled or unlabeled.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/data/listing.h"
#include "graft/data/mask_classes.h"
#include "graft/data/mask_layouts.h"
#include "graft/data/problems.h"
#include "graft/data/split_lists.h"
#include "graft/text/text_file.h"

namespace graft::data::mask_folder {
namespace {

namespace fs = std::filesystem;

struct Found {
  const MaskLayout* layout = nullptr;
  std::vector<MaskSide> sides;
};

Found look_at(const fs::path& root) {
  std::error_code error;
  if (!fs::is_directory(root, error)) return {};
  for (const MaskLayout& layout : mask_layouts()) {
    if (auto sides = layout.sides(root); !sides.empty()) return {&layout, std::move(sides)};
  }
  return {};
}

bool recognises(const fs::path& path) {
  return look_at(path).layout != nullptr;
}

std::string known_layouts() {
  std::string words;
  for (const MaskLayout& layout : mask_layouts())
    if (!layout.looks.empty()) words += fmt::format("{}{}", words.empty() ? "" : "; ", layout.looks);
  return words;
}

MaskClasses classes_of(const fs::path& root, const MaskLayout& layout, const DatasetOptions& options,
                       Problems& problems) {
  if (!options.classes.empty()) return mask_classes(class_names(options.classes), options.classes, problems);
  if (fs::is_regular_file(root / kMaskClassesFile))
    return mask_classes(read_lines(root / kMaskClassesFile), kMaskClassesFile, problems);
  if (auto own = layout.classes(root, problems)) return *std::move(own);
  problems.add(
      "what the numbers of its masks are called is not known. Put a {} there, a class a line in the order of "
      "their numbers, or name them with --classes a,b,c.",
      kMaskClassesFile);
  return {};
}

std::string first_folder(const std::string& file) {
  const auto end = file.find('/');
  return end == std::string::npos ? "" : file.substr(0, end);
}

// The split of each photo of a side, by its path in it; empty: none is named.
std::map<std::string, std::string> splits_of(const MaskSide& side, const std::vector<std::string>& files,
                                             const DatasetOptions& options) {
  std::map<std::string, std::string> splits;
  const auto split_named = [&](const std::string& folder) {
    const bool asked = folder == options.train_split || folder == options.val_split || folder == options.test_split;
    return asked || is_usual_split(folder) ? folder : split_word(folder);
  };
  const bool by_folder = side.split.empty() && std::ranges::all_of(files, [&](const std::string& file) {
                           return !split_named(first_folder(file)).empty();
                         });
  for (const std::string& file : files)
    splits[file] = by_folder ? split_named(first_folder(file)) : side.split;
  return splits;
}

// Pascal's lists name files without an ending; what none names is left.
std::map<std::string, std::string> listed(const fs::path& root, const std::vector<std::string>& files,
                                          const DatasetOptions& options, std::vector<std::string>& notes,
                                          Problems& problems) {
  std::map<std::string, std::string> by_stem, splits;
  for (const std::string& file : files)
    by_stem[fs::path(file).replace_extension().generic_string()] = file;
  const auto lists = split_lists(files_in(root / "ImageSets/Segmentation"), options);
  notes = lists.notes;
  for (const auto& [file, split] : lists.lists) {
    for (const std::string& line : read_lines(file)) {
      const auto found = by_stem.find(line);
      if (found == by_stem.end()) {
        problems.add("{}: the photo {} is not in JPEGImages.", file.filename().string(), line);
      } else {
        splits[found->second] = split;
      }
    }
  }
  return splits;
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  const Found found = look_at(path);
  if (!found.layout)
    throw DataError("data", "{}: no photos with masks. Expected one of: {}.", path.string(), known_layouts());
  Listing listing = empty_listing(path, "mask-folder", Reads::photo);
  listing.target = Target::mask;
  Problems problems(listing.subject);
  MaskClasses classes = classes_of(path, *found.layout, options, problems);
  std::vector<std::string> notes;
  LeftOut left;
  std::size_t unlisted = 0;
  for (const MaskSide& side : found.sides) {
    const Walk walk = walk_photos(path / side.photos);
    left.add(walk.left);
    const auto splits = found.layout->has_lists ? listed(path, walk.files, options, notes, problems)
                                                : splits_of(side, walk.files, options);
    for (const std::string& file : walk.files) {
      const auto split = splits.find(file);
      if (split == splits.end()) {
        ++unlisted;
        continue;
      }
      const auto mask = fmt::format("{}/{}", side.masks, found.layout->mask_of(file));
      const auto photo = fmt::format("{}/{}", side.photos, file);
      if (!fs::is_regular_file(path / mask)) {
        problems.add("{}: its mask {} is not there.", photo, mask);
        continue;
      }
      listing.records.push_back({.input = photo, .split = split->second, .where = photo, .pair = mask});
    }
  }
  problems.throw_if_any();
  Dataset dataset = assemble(std::move(listing), options);
  dataset.classes = std::move(classes.names);
  dataset.masks = std::make_shared<MaskFiles>(path, std::move(classes.numbers));
  dataset.notes.insert(dataset.notes.end(), notes.begin(), notes.end());
  if (!found.layout->remark.empty()) dataset.remarks.emplace_back(found.layout->remark);
  if (unlisted > 0) dataset.remarks.push_back(fmt::format("left: {} that no list names", unlisted));
  if (!left.empty()) dataset.remarks.push_back("left: " + left.words());
  return dataset;
}

}  // namespace

extern const Format format;
const Format format = {"mask-folder",
                       "images/x.jpg with masks/x.png and classes.txt; folders of CamVid, Pascal VOC, "
                       "Cityscapes, ADE20K and COCO-Stuff",
                       recognises, open};

}  // namespace graft::data::mask_folder
