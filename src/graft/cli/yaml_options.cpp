#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "graft/cli/arguments.h"
#include "graft/core/error.h"

namespace graft::cli {
namespace {

constexpr int kDeepest = 8;  // a study's plan is three deep; an alias may not lead in circles

void flatten(const std::string& file, const std::string& name, const YAML::Node& node, int depth,
             OptionValues& values) {
  if (depth > kDeepest) throw ConfigError(file, "'{}' is nested more than {} deep.", name, kDeepest);
  std::string text;
  if (node.IsMap()) {
    for (const auto& item : node) {
      std::string key = item.first.IsScalar() ? item.first.Scalar() : "";
      if (key.empty()) throw ConfigError(file, "line {}: a key must be a word.", item.first.Mark().line + 1);
      std::replace(key.begin(), key.end(), '_', '-');
      flatten(file, name.empty() ? key : name + "." + key, item.second, depth + 1, values);
    }
    return;
  }
  if (node.IsSequence()) {
    for (const auto& item : node) {
      if (!item.IsScalar()) throw ConfigError(file, "'{}': expected a list of plain values.", name);
      text += (text.empty() ? "" : "\n") + item.Scalar();
    }
  } else if (node.IsScalar()) {
    text = node.Scalar();
  }
  if (!values.try_emplace(name, text).second) throw ConfigError(file, "'{}' is set twice.", name);
}

}  // namespace

OptionValues read_yaml_options(const std::string& file) {
  OptionValues values;
  try {
    const YAML::Node root = YAML::LoadFile(file);
    if (root.IsNull()) return values;
    if (!root.IsMap()) throw ConfigError(file, "expected `name: value` lines.");
    flatten(file, "", root, 0, values);
  } catch (const YAML::BadFile&) {
    throw FileError("config", "{}: cannot be read. Is the path right?", file);
  } catch (const YAML::Exception& error) {
    throw ConfigError(file, "line {}: {}.", error.mark.line + 1, error.msg);
  }
  return values;
}

}  // namespace graft::cli
