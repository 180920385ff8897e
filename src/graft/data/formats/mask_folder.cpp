// Photos with a mask each, a PNG of class numbers of the same name (io/index_png.h), in the layouts that people have:
//
//   images/[SPLIT/]x.jpg with masks/[SPLIT/]x.png, or SPLIT/images/ with SPLIT/masks/
//   SPLIT/x.jpg with SPLITannot/x.png: CamVid as SegNet has it (Badrinarayanan et al. 2015, arXiv:1511.00561), by whose
//       classes it goes where no list says other ones
//   JPEGImages/ with SegmentationClass/ and the lists of ImageSets/Segmentation/: Pascal VOC (Everingham et al. 2010),
//       likewise
//
// classes.txt (or --classes) names the classes, one a line in the order of their numbers, or each with its number
// before it. 255 is not counted, nor is a numbered class that is called void, ignore, unlabelled or unlabeled.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/data/listing.h"
#include "graft/data/mask_classes.h"
#include "graft/data/problems.h"
#include "graft/data/split_lists.h"
#include "graft/text/text_file.h"

namespace graft::data::mask_folder {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLayouts =
    "images/x.jpg with masks/x.png (in or under folders of splits), SPLIT/ with SPLITannot/ as CamVid, or JPEGImages/ "
    "with SegmentationClass/ as Pascal VOC";

// Where photos lie and where their masks do, relative to the root.
struct Side {
  std::string photos, masks;
  std::string split = {};  // of all of them; empty: as the folders in it say, where these are splits
};

enum class Layout { folders, camvid, pascal };

struct Found {
  Layout layout = Layout::folders;
  std::vector<Side> sides;
};

Found look_at(const fs::path& root) {
  std::error_code error;
  const auto holds = [&](const fs::path& folder) { return fs::is_directory(root / folder, error); };
  if (holds("images") && holds("masks")) return {Layout::folders, {{"images", "masks"}}};
  if (holds("JPEGImages") && holds("SegmentationClass") && holds("ImageSets/Segmentation"))
    return {Layout::pascal, {{"JPEGImages", "SegmentationClass"}}};
  Found found;
  if (!fs::is_directory(root, error)) return found;
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(root, error)) {
    if (entry.is_directory(error)) names.insert(entry.path().filename().string());
  }
  for (const std::string& name : names) {
    if (holds(fs::path(name) / "images") && holds(fs::path(name) / "masks"))
      found.sides.push_back({name + "/images", name + "/masks", name});
  }
  if (!found.sides.empty()) return found;
  found.layout = Layout::camvid;
  for (const std::string& name : names) {
    if (names.contains(name + "annot")) found.sides.push_back({name, name + "annot", name});
  }
  return found;
}

bool recognises(const fs::path& path) {
  return !look_at(path).sides.empty();
}

// SegNet's eleven, of whose numbers 11 is void; Pascal's twenty with what lies behind them.
MaskClasses classes_of_camvid() {
  MaskClasses list{
      {"sky", "building", "pole", "road", "pavement", "tree", "sign symbol", "fence", "car", "pedestrian", "bicyclist"},
      {}};
  list.numbers = MaskNumbers::in_order(list.names.size(), "CamVid's");
  list.numbers.place[list.names.size()] = MaskNumbers::kIgnored;
  return list;
}

MaskClasses classes_of_pascal() {
  MaskClasses list{{"background", "aeroplane", "bicycle",     "bird",  "boat",        "bottle", "bus",
                    "car",        "cat",       "chair",       "cow",   "diningtable", "dog",    "horse",
                    "motorbike",  "person",    "pottedplant", "sheep", "sofa",        "train",  "tvmonitor"},
                   {}};
  list.numbers = MaskNumbers::in_order(list.names.size(), "Pascal VOC's");
  return list;
}

MaskClasses classes_of(const fs::path& root, Layout layout, const DatasetOptions& options, Problems& problems) {
  if (!options.classes.empty()) return mask_classes(class_names(options.classes), options.classes, problems);
  if (fs::is_regular_file(root / kMaskClassesFile))
    return mask_classes(read_lines(root / kMaskClassesFile), kMaskClassesFile, problems);
  if (layout == Layout::camvid) return classes_of_camvid();
  if (layout == Layout::pascal) return classes_of_pascal();
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
std::map<std::string, std::string> splits_of(const Side& side, const std::vector<std::string>& files,
                                             const DatasetOptions& options) {
  std::map<std::string, std::string> splits;
  const auto names_split = [&](const std::string& folder) {
    return is_usual_split(folder) || folder == options.train_split || folder == options.val_split ||
           folder == options.test_split;
  };
  const bool by_folder = side.split.empty() && std::ranges::all_of(files, [&](const std::string& file) {
                           return names_split(first_folder(file));
                         });
  for (const std::string& file : files)
    splits[file] = by_folder ? first_folder(file) : side.split;
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
  if (found.sides.empty()) throw DataError("data", "{}: no photos with masks. Expected {}.", path.string(), kLayouts);
  Listing listing = empty_listing(path, "mask-folder", Reads::photo);
  listing.target = Target::mask;
  Problems problems(listing.subject);
  MaskClasses classes = classes_of(path, found.layout, options, problems);
  std::vector<std::string> notes;
  LeftOut left;
  std::size_t unlisted = 0;
  for (const Side& side : found.sides) {
    const Walk walk = walk_photos(path / side.photos);
    left.add(walk.left);
    const auto splits = found.layout == Layout::pascal ? listed(path, walk.files, options, notes, problems)
                                                       : splits_of(side, walk.files, options);
    for (const std::string& file : walk.files) {
      const auto split = splits.find(file);
      if (split == splits.end()) {
        ++unlisted;
        continue;
      }
      const auto mask = fmt::format("{}/{}", side.masks, fs::path(file).replace_extension(".png").generic_string());
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
  if (unlisted > 0) dataset.remarks.push_back(fmt::format("left: {} that no list names", unlisted));
  if (!left.empty()) dataset.remarks.push_back("left: " + left.words());
  return dataset;
}

}  // namespace

extern const Format format;
const Format format = {"mask-folder",
                       "images/x.jpg with masks/x.png and classes.txt; CamVid's and Pascal VOC's folders", recognises,
                       open};

}  // namespace graft::data::mask_folder
