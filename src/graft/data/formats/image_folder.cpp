// Folders of photos: SPLIT/CLASS/x.jpg, or CLASS/x.jpg with a seeded split. A class is called as its folder, whatever
// lies deeper belongs to it too. Whether a folder called train is a split or a class is told by what lies in it.
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "graft/core/names.h"
#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/data/problems.h"

namespace graft::data::image_folder {
namespace {

namespace fs = std::filesystem;

// A folder of the data set's own, with the photos beside and inside the folders that it holds.
struct TopFolder {
  std::vector<std::string> inside;  // folders, by their path from the root
  std::size_t direct = 0, deep = 0;
  std::size_t photos() const { return direct + deep; }
  bool could_be_split() const { return direct == 0 || deep > 0; }
};
using TopFolders = std::map<std::string, TopFolder>;

std::string first_part(const std::string& file) {
  return file.substr(0, file.find('/'));
}

TopFolders top_folders(const Walk& walk) {
  TopFolders tops;
  for (const std::string& folder : walk.folders) {
    TopFolder& top = tops[first_part(folder)];
    if (std::ranges::count(folder, '/') == 1) top.inside.push_back(folder);
  }
  for (const std::string& photo : walk.photos) {
    const auto depth = std::ranges::count(photo, '/');
    if (depth > 0) ++(depth == 1 ? tops[first_part(photo)].direct : tops[first_part(photo)].deep);
  }
  return tops;
}

bool names_split(const std::string& folder, const DatasetOptions& options) {
  return is_usual_split(folder) || folder == options.train_split || folder == options.val_split ||
         folder == options.test_split;
}

// The folders that are splits; none: all are classes.
std::set<std::string> split_folders(const TopFolders& tops, const DatasetOptions& options) {
  std::set<std::string> splits;
  bool by_structure = false, others = false;
  for (const auto& [name, top] : tops) {
    if (names_split(name, options)) {
      splits.insert(name);
      by_structure = by_structure || top.could_be_split();
    } else {
      others = others || top.photos() > 0;
    }
  }
  if (!by_structure && others) splits.clear();  // a class called train among others
  return splits;
}

// "seg_train", "train2017": a folder whose name speaks of a split without being one.
bool speaks_of_split(const std::string& name) {
  std::string word;
  for (const char c : name + "_") {
    if (std::isalpha(static_cast<unsigned char>(c))) {
      word += c;
    } else {
      if (is_usual_split(word)) return true;
      word.clear();
    }
  }
  return false;
}

void refuse_hidden_splits(const TopFolders& tops, Problems& problems) {
  std::vector<std::string> names;
  for (const auto& [name, top] : tops) {
    if (top.direct == 0 && top.deep > 0 && speaks_of_split(name)) names.push_back(name);
  }
  if (names.size() < 2) return;
  problems.add("the folders {} look like splits, not like classes. Say which is which: --train-split, --val-split and "
               "--test-split take them as they are called.", fmt::join(names, ", "));
}

// A folder beside the splits that holds photos: misspelt, or left.
void leave_beside(const std::string& name, const TopFolder& top, Walk& walk, Problems& problems) {
  if (top.photos() == 0) return;
  const std::vector<std::string> known = {"train", "val", "test", "training", "valid", "validation", "testing"};
  std::string lower = name;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (const auto near = nearest_name(lower, known)) {
    problems.add("the folder '{}' beside the splits is none. Did you mean '{}'? --{}-split {} takes it as it is called.",
                 name, *near, near->starts_with("tr") ? "train" : near->starts_with("te") ? "test" : "val", name);
  } else {
    walk.left.add(LeftReason::no_split, name, top.photos());
  }
}

bool recognises(const fs::path& path) {
  return fs::is_directory(path);
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  if (!fs::is_directory(path)) throw DataError("data", "{}: expected a folder, as image-folder reads.", path.string());
  Walk walk = walk_photos(path);
  const TopFolders tops = top_folders(walk);
  const auto splits = split_folders(tops, options);
  Problems problems(fmt::format("{} (read as image-folder; --format names another)", path.string()));

  std::vector<std::string> classes;
  for (const auto& [name, top] : tops) {
    if (splits.empty()) {
      classes.push_back(name);
    } else if (!splits.contains(name)) {
      leave_beside(name, top, walk, problems);
    } else {
      for (const std::string& folder : top.inside)
        classes.push_back(folder.substr(name.size() + 1));
      if (top.direct > 0) walk.left.add(LeftReason::no_class_folder, name + "/", top.direct);
    }
  }
  if (splits.empty()) refuse_hidden_splits(tops, problems);
  if (!splits.empty() && classes.empty()) {
    problems.add("no class was found: {} hold no class folders. Expected {}/CLASS/x.jpg, or a table.",
                 fmt::join(splits, ", "), *splits.begin());
  }
  problems.throw_if_any();

  const std::ptrdiff_t class_depth = splits.empty() ? 1 : 2;
  std::vector<Record> records;
  for (const std::string& photo : walk.photos) {
    const auto depth = std::ranges::count(photo, '/');
    const std::string top = first_part(photo);
    if (depth < class_depth || (!splits.empty() && !splits.contains(top))) {
      if (depth == 0) walk.left.add(LeftReason::no_class_folder, "");
      continue;
    }
    const std::string label = splits.empty() ? top : first_part(photo.substr(top.size() + 1));
    records.push_back({photo, label, splits.empty() ? "" : top, photo});
  }
  std::string name = fs::absolute(path).lexically_normal().filename().string();
  if (name.empty()) name = fs::absolute(path).lexically_normal().parent_path().filename().string();
  Dataset dataset =
      assemble(path, name, std::move(records), options, options.classes.empty() ? classes : std::vector<std::string>{});
  if (!walk.left.empty()) dataset.remarks.push_back("left: " + walk.left.words());
  return dataset;
}

}  // namespace

extern const Format format;
const Format format = {"image-folder", "SPLIT/CLASS/x.jpg, or CLASS/x.jpg with a seeded split", recognises, open};

}  // namespace graft::data::image_folder
