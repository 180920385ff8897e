#include "graft/data/class_folders.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "graft/core/names.h"
#include "graft/data/format.h"
#include "graft/data/problems.h"

namespace graft::data {
namespace {

namespace fs = std::filesystem;

// A folder of the data set's own, with the files beside and inside the folders that it holds.
struct TopFolder {
  std::vector<std::string> inside;  // folders, by their path from the root
  std::size_t direct = 0, deep = 0;
  std::size_t files() const { return direct + deep; }
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
  for (const std::string& file : walk.files) {
    const auto depth = std::ranges::count(file, '/');
    if (depth > 0) ++(depth == 1 ? tops[first_part(file)].direct : tops[first_part(file)].deep);
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
      others = others || top.files() > 0;
    }
  }
  if (!by_structure && others) splits.clear();  // a class called train among others
  return splits;
}

void refuse_hidden_splits(const TopFolders& tops, Problems& problems) {
  std::vector<std::string> names;
  for (const auto& [name, top] : tops) {
    if (top.direct == 0 && top.deep > 0 && !split_word(name).empty()) names.push_back(name);
  }
  if (names.size() < 2) return;
  problems.add(
      "the folders {} look like splits, not like classes. Call them train, val and test, or where a command has them "
      "say --train-split, --val-split and --test-split.",
      fmt::join(names, ", "));
}

// A folder beside the splits that holds files: misspelt, or left.
void leave_beside(const std::string& name, const TopFolder& top, Walk& walk, Problems& problems) {
  if (top.files() == 0) return;
  const std::vector<std::string> known = {"train", "val", "test", "training", "valid", "validation", "testing"};
  std::string lower = name;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (const auto near = nearest_name(lower, known)) {
    problems.add(
        "the folder '{}' beside the splits is none. Did you mean '{}'? Rename it, or where a command has it --{}-split "
        "{} takes it as it is called.",
        name, *near,
        near->starts_with("tr")   ? "train"
        : near->starts_with("te") ? "test"
                                  : "val",
        name);
  } else {
    walk.left.add(LeftReason::no_split, name, top.files());
  }
}

// Of texts that nobody gave a class.
bool is_unlabelled(const std::string& folder) {
  constexpr std::array<std::string_view, 4> kNames = {"unsup", "unsupervised", "unlabeled", "unlabelled"};
  return std::ranges::find(kNames, folder) != kNames.end();
}

// The class folders, or those in split folders; what lies beside them is left.
std::vector<std::string> class_folders_in(const TopFolders& tops, const std::set<std::string>& splits, Walk& walk,
                                          Problems& problems) {
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
    problems.add("no class was found: {} hold no class folders. Expected {}/CLASS/x.{}, or a table.",
                 fmt::join(splits, ", "), *splits.begin(),
                 walk.reads == Reads::photo  ? "jpg"
                 : walk.reads == Reads::text ? "txt"
                                             : "mp4");
  }
  if (walk.reads == Reads::text && std::ranges::count_if(classes, is_unlabelled) < std::ssize(classes))
    std::erase_if(classes, is_unlabelled);
  return classes;
}

}  // namespace

ClassFolders class_folders(const fs::path& path, std::string_view format, Walk walk, const DatasetOptions& options) {
  const TopFolders tops = top_folders(walk);
  const auto splits = split_folders(tops, options);
  ClassFolders result;
  Listing& listing = result.listing;
  listing = empty_listing(path, format, walk.reads);
  Problems problems(listing.subject);
  const std::vector<std::string> classes = class_folders_in(tops, splits, walk, problems);
  problems.throw_if_any();

  const std::set<std::string> known(classes.begin(), classes.end());
  const std::ptrdiff_t class_depth = splits.empty() ? 1 : 2;
  for (const std::string& file : walk.files) {
    const auto depth = std::ranges::count(file, '/');
    const std::string top = first_part(file);
    if (depth < class_depth || (!splits.empty() && !splits.contains(top))) {
      if (depth == 0) walk.left.add(LeftReason::no_class_folder, "");
      continue;
    }
    const std::string label = splits.empty() ? top : first_part(file.substr(top.size() + 1));
    if (known.contains(label)) {
      listing.records.push_back({.input = file, .label = label, .split = splits.empty() ? "" : top, .where = file});
    } else {
      walk.left.add(LeftReason::unlabelled, label);
    }
  }
  if (options.classes.empty()) listing.more_classes = classes;
  result.left = std::move(walk.left);
  return result;
}

Dataset assemble(ClassFolders folders, const DatasetOptions& options) {
  Dataset dataset = assemble(std::move(folders.listing), options);
  if (!folders.left.empty()) dataset.remarks.push_back("left: " + folders.left.words());
  return dataset;
}

}  // namespace graft::data
