#include "graft/detection/class_tree.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/core/read_file.h"

namespace graft::detection {

void ClassTree::read(const std::filesystem::path& path) {
  const std::string text = read_file("detection", path, 64 << 20);
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto fail = [&](std::string_view what) {
    throw DataError("detection", "{}: {}: expected OpenImages' hierarchy, {{\"LabelName\", \"Subcategory\": [...]}}.",
                    path.string(), what);
  };
  if (!json.is_object()) fail("is no JSON object");
  struct Open {
    const nlohmann::json* node;
    std::string parent;
  };
  std::vector<Open> open = {{&json, ""}};
  while (!open.empty()) {
    const auto [node, parent] = open.back();
    open.pop_back();
    const auto name = node->is_object() ? node->find("LabelName") : node->end();
    if (!node->is_object() || name == node->end() || !name->is_string()) fail("a node without LabelName");
    const auto label = name->get<std::string>();
    const bool is_root = node == &json;
    if (!parent.empty()) {
      auto& parents = parents_[label];
      if (std::ranges::find(parents, parent) == parents.end()) {
        parents.push_back(parent);
        children_[parent].push_back(label);
      }
    }
    const auto below = node->find("Subcategory");
    if (below == node->end()) continue;
    if (!below->is_array()) fail("'Subcategory' is no list");
    for (const auto& child : *below)
      open.push_back({&child, is_root ? "" : label});
  }
  for (const auto& [name, parents] : parents_) {
    if (std::ranges::binary_search(ancestors(name), name))
      throw DataError("detection", "{}: the hierarchy has a cycle: {} lies below itself.", path.string(),
                      printable(name));
  }
}

std::vector<std::string> ClassTree::reached(const Edges& edges, const std::string& name) {
  std::set<std::string> seen;
  std::vector<std::string> open = {name};
  while (!open.empty()) {
    const auto found = edges.find(open.back());
    open.pop_back();
    if (found == edges.end()) continue;
    for (const auto& next : found->second)
      if (seen.insert(next).second) open.push_back(next);
  }
  return {seen.begin(), seen.end()};
}

std::vector<std::string> ClassTree::ancestors(const std::string& name) const {
  return reached(parents_, name);
}

std::vector<std::string> ClassTree::descendants(const std::string& name) const {
  return reached(children_, name);
}

std::vector<std::vector<Index>> ancestors_in(const ClassTree& tree, const Set& set) {
  std::map<std::string, Index> places;
  for (Index k = 0; k < set.categories.size(); ++k) {
    places.try_emplace(set.categories[k].name, k);
    if (!set.categories[k].synset.empty()) places[set.categories[k].synset] = k;
  }
  std::vector<std::vector<Index>> above(set.categories.size());
  bool any = false;
  for (Index k = 0; k < set.categories.size(); ++k) {
    for (const auto& label : {set.categories[k].synset, set.categories[k].name}) {
      for (const auto& name : tree.ancestors(label)) {
        const auto place = places.find(name);
        if (place != places.end() && place->second != k) above[k].push_back(place->second);
      }
    }
    std::ranges::sort(above[k]);
    above[k].erase(std::unique(above[k].begin(), above[k].end()), above[k].end());
    any = any || !above[k].empty();
  }
  if (!any)
    throw DataError("detection",
                    "the hierarchy puts none of the set's {} classes above another. Is it of machine ids "
                    "(\"/m/01g317\"), and the set's classes have none?",
                    set.categories.size());
  return above;
}

}  // namespace graft::detection
