#include "graft/engine/config_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "graft/core/error.h"

namespace graft::engine {
namespace {

std::string scalar_text(const YAML::Node& node) {
  return node.IsNull() ? std::string() : node.Scalar();
}

std::string value_text(const YAML::Node& node, const std::string& key, const std::string& file) {
  if (node.IsScalar() || node.IsNull()) return scalar_text(node);
  if (node.IsSequence()) {
    std::string text;
    for (const auto& item : node) {
      if (!item.IsScalar()) break;
      text += (text.empty() ? "" : ",") + item.Scalar();
    }
    if (std::all_of(node.begin(), node.end(), [](const auto& item) { return item.IsScalar(); })) return text;
  }
  throw ConfigError("config", "{}: '{}' should be a plain value or a list of them.", file, key);
}

}  // namespace

OptionValues read_config(const std::filesystem::path& file) {
  const std::string name = file.string();
  YAML::Node root;
  try {
    root = YAML::LoadFile(name);
  } catch (const YAML::BadFile&) {
    throw FileError("config", "{} cannot be read.", name);
  } catch (const YAML::Exception& error) {
    throw ConfigError("config", "{}: line {}: {}.", name, error.mark.line + 1, error.msg);
  }
  OptionValues values;
  if (root.IsNull()) return values;
  if (!root.IsMap()) throw ConfigError("config", "{}: expected lines of `name: value`.", name);
  for (const auto& entry : root) {
    if (!entry.first.IsScalar())
      throw ConfigError("config", "{}: line {}: a name should be plain text.", name, entry.first.Mark().line + 1);
    std::string key = entry.first.Scalar();
    std::replace(key.begin(), key.end(), '_', '-');
    if (!values.emplace(key, value_text(entry.second, key, name)).second) {
      throw ConfigError("config", "{}: '{}' stands there twice.", name, key);
    }
  }
  return values;
}

std::string print_config(const OptionValues& values) {
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

}  // namespace graft::engine
