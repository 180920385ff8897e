#include "graft/io/yaml_options.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "graft/core/error.h"

namespace graft::io {
namespace {

constexpr int kDeepest = 8;             // a study's plan is three deep; an alias may not lead in circles
constexpr size_t kMostValues = 10'000;  // aliases of aliases multiply

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
  if (values.size() > kMostValues) throw ConfigError(file, "more than {} values.", kMostValues);
}

}  // namespace

OptionValues parse_yaml_options(std::string_view text, const std::string& name) {
  OptionValues values;
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    if (root.IsNull()) return values;
    if (!root.IsMap()) throw ConfigError(name, "expected `name: value` lines.");
    flatten(name, "", root, 0, values);
  } catch (const YAML::Exception& error) {
    throw ConfigError(name, "line {}: {}.", error.mark.line + 1, error.msg);
  }
  return values;
}

OptionValues read_yaml_options(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::ostringstream text;
  if (!stream || std::filesystem::is_directory(file) || !(text << stream.rdbuf(), !stream.bad())) {
    throw FileError("config", "{}: cannot be read. Is the path right?", file.string());
  }
  return parse_yaml_options(text.str(), file.string());
}

std::string print_yaml_options(const OptionValues& values) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  for (const auto& [key, value] : values) {
    out << YAML::Key << key << YAML::Value;
    if (value.empty()) {
      out << YAML::Null;
    } else if (value.find('\n') != std::string::npos) {
      out << YAML::DoubleQuoted << value;  // a block would end in a line break of its own
    } else {
      out << value;
    }
  }
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace graft::io
