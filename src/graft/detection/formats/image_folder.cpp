// Folders of classes, CLASS/x.jpg or SPLIT/CLASS/x.jpg (data/class_folders.h tells which): a label an image and no box.
// Its class is there, and may have more boxes than the none that are told; of other classes nothing is known. What is
// written are copies of the photos that have exactly one class.
#include "graft/data/class_folders.h"

#include <algorithm>
#include <map>
#include <set>

#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/data/file_walk.h"
#include "graft/detection/foreign_text.h"
#include "graft/detection/format.h"
#include "graft/detection/losses.h"
#include "graft/detection/new_folder.h"
#include "graft/detection/set_builder.h"

namespace graft::detection::image_folder {
extern const Format format;
namespace {

namespace fs = std::filesystem;

// A folder of photos in folders that no other layout of boxes calls so, and without a file that may tell of boxes.
bool recognises(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return false;
  for (const char* other : {"images", "labels", "annotations", "Annotations", "JPEGImages"})
    if (fs::exists(path / other, error)) return false;
  for (const auto& entry : fs::directory_iterator(path)) {
    const auto ending = entry.path().extension();
    if (entry.is_regular_file() && (ending == ".json" || ending == ".xml" || ending == ".gz")) return false;
  }
  const auto walk = data::walk_photos(path);
  return std::ranges::any_of(walk.files, [](const std::string& file) { return file.find('/') != std::string::npos; });
}

Set read(const fs::path& path, const ReadOptions& options, Findings& findings) {
  std::error_code error;
  if (!fs::is_directory(path, error)) throw DataError("detection", "{}: expected a folder of classes.", path.string());
  const auto folders = data::class_folders(path, "image_folder", data::walk_photos(path), {});
  if (!folders.left.empty())
    findings.add("files-left", Severity::note, "{}: left are {}", path.string(), folders.left.words());
  SetBuilder builder(path, "image_folder");
  auto classes = folders.listing.more_classes;
  std::ranges::sort(classes);
  for (const auto& name : classes)
    if (is_utf8(name)) builder.category(name);
  const ImageSizes sizes(options, path);
  auto& set = builder.set();
  for (const auto& record : folders.listing.records) {
    if (!is_utf8(record.input)) {
      findings.add("name-not-utf8", Severity::left_out, "{}", printable(record.input));
      continue;
    }
    const Index one = builder.category(record.label);
    Image& image = set.images[builder.image(record.input)];
    sizes.find(image);
    image.known = image.open = set.class_sets.add({one});
  }
  if (set.images.empty())
    throw DataError("detection", "{}: no photos in folders of classes, CLASS/x.jpg.", path.string());
  return builder.take();
}

// The only class that an image is told to have.
std::optional<Index> only_class(const Set& set, const Image& image, const std::vector<Index>& boxed) {
  std::vector<Index> present = boxed;
  if (image.open != ClassSets::kAll) {
    const auto& open = set.class_sets.at(image.open);
    present.insert(present.end(), open.begin(), open.end());
  }
  std::ranges::sort(present);
  const auto rest = std::ranges::unique(present);
  present.erase(rest.begin(), rest.end());
  return present.size() == 1 ? std::optional(present.front()) : std::nullopt;
}

std::string folder_of(const Category& category) {
  std::string name = category.name;
  std::ranges::replace(name, '/', '_');
  return name;
}

bool is_split(std::string_view folder) {
  return folder == "train" || folder == "val" || folder == "test";
}

// Where an image of this class is put; those that lie in its folder already stay.
std::string place_of(const std::string& file, const std::string& folder, bool split) {
  const auto head = split ? file.substr(0, file.find('/') + 1) : "";
  const auto rest = file.substr(head.size());
  return head + (rest.starts_with(folder + "/") ? rest : folder + "/" + rest);
}

void copy_photo(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy_file(from, to, error);
  if (error) throw FileError("detection", "{}: cannot be copied ({}).", from.string(), error.message());
}

Lost write(const Set& set, const fs::path& path, const WriteOptions& options) {
  if (options.images.empty())
    throw DataError("detection", "an image folder holds photos: --images names the folder that they are in.");
  std::map<std::string, std::string> folders;  // by class
  for (const Category& category : set.categories)
    if (const auto [other, is_new] = folders.try_emplace(folder_of(category), category.name); !is_new)
      throw DataError("detection", "the classes '{}' and '{}' would share a folder.", printable(other->second),
                      printable(category.name));
  std::vector<std::pair<std::string, Index>> kept;  // files and classes
  const auto boxed = classes_by_image(set);
  std::error_code error;
  for (std::size_t k = 0; k < set.images.size(); ++k) {
    const auto file = file_of(set.images[k]);
    const auto one = only_class(set, set.images[k], boxed[k]);
    if (!one) continue;
    refuse_outside(file);
    if (fs::is_regular_file(options.images / file, error)) kept.emplace_back(file, *one);
  }
  if (kept.empty())
    throw DataError("detection", "no image has exactly one class and its photo in {}: nothing can be written.",
                    options.images.string());
  std::set<std::string> tops;
  for (const auto& [file, one] : kept)
    tops.insert(file.substr(0, file.find('/')));
  const bool split = tops.contains("train") && std::ranges::all_of(tops, is_split);

  NewFolder folder(path);
  for (const Category& category : set.categories) {
    const auto name = folder_of(category);
    refuse_outside(name);
    folder.place(fs::path(split ? "train" : "") / name / "x");  // those without photos too
  }
  std::map<std::string, std::string> files;  // as they were, by what they are now
  for (const auto& [file, one] : kept) {
    const auto place = place_of(file, folder_of(set.categories[one]), split);
    if (const auto [other, is_new] = files.try_emplace(place, file); !is_new)
      throw DataError("detection", "{} and {} would share {}.", printable(other->second), printable(file),
                      printable(place));
    copy_photo(options.images / file, folder.place(place));
  }
  folder.commit();

  Findings unasked;
  Set again = format.read(path, {.images = {}, .sizes = nullptr}, unasked);
  std::size_t moved = 0;
  for (Image& image : again.images) {
    const auto was = files.find(image.file);
    if (was == files.end() || was->second == image.file) continue;
    image.file = was->second;
    ++moved;
  }
  Lost lost = losses(set, again);
  if (moved > 0) lost.push_back(fmt::format("folders of {} images", moved));
  return lost;
}

}  // namespace

const Format format = {"image_folder", "folders of classes with photos: a label an image, no boxes", recognises, read,
                       write};

}  // namespace graft::detection::image_folder
