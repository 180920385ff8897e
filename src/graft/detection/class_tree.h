// OpenImages' hierarchy of classes (bbox_labels_600_hierarchy.json): what is true of a class holds of its ancestors
// where it is there, and of its descendants where it is not (Kuznetsova et al. 2018, arXiv:1811.00982, section 3.2).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "graft/detection/set.h"

namespace graft::detection {

class ClassTree {
 public:
  // {"LabelName": ..., "Subcategory": [...], "Part": [...]}, nested; Part is not looked at, since a part is no kind.
  // The outermost is a root that no image has. DataError for anything else, a class that lies below itself above all.
  void read(const std::filesystem::path& path);
  bool empty() const { return parents_.empty(); }
  const std::map<std::string, std::vector<std::string>>& parents() const { return parents_; }  // of each, the nearest
  std::vector<std::string> ancestors(const std::string& name) const;  // without the root; itself not among them
  std::vector<std::string> descendants(const std::string& name) const;

 private:
  using Edges = std::map<std::string, std::vector<std::string>>;
  static std::vector<std::string> reached(const Edges& edges, const std::string& name);
  Edges parents_, children_;
};

// Of each category of the set those above it, by its synset (a machine id) or its name. DataError where the tree names
// none of them.
std::vector<std::vector<Index>> ancestors_in(const ClassTree& tree, const Set& set);

}  // namespace graft::detection
