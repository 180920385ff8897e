#include "graft/io/yaml_options.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/core/read_file.h"

namespace graft::io {
namespace {

constexpr int kDeepest = 8;  // a study's plan is three deep; an alias may not lead in circles
constexpr int64_t kMostBytesOfOptions = 16 << 20;
constexpr size_t kMostValues = 10'000;  // aliases of aliases multiply

constexpr const char* kBinaryTag = "tag:yaml.org,2002:binary";
constexpr const char* kBracesWantQuotes = "Text with braces is quoted: '{}'";

// Collects values under dotted names; whatever would be passed over is refused.
class Flattened {
 public:
  Flattened(std::string file, ListsOfMaps lists) : file_(std::move(file)), lists_(lists) {}
  OptionValues values;
  bool numbers_lists() const { return lists_ == ListsOfMaps::numbered; }

  // "lora" + "drop_out" -> "lora.drop-out"
  std::string below(const std::string& name, std::string key, int depth) const {
    if (depth > kDeepest) throw ConfigError(file_, "'{}' is nested more than {} deep.", printable(name), kDeepest);
    std::replace(key.begin(), key.end(), '_', '-');
    return name.empty() ? key : name + "." + key;
  }

  void add(const std::string& name, const std::string& text) {
    if (text.find('\0') != std::string::npos) throw ConfigError(file_, "'{}': holds a zero byte.", printable(name));
    if (!values.try_emplace(name, text).second) throw ConfigError(file_, "'{}' is set twice.", printable(name));
    if (values.size() > kMostValues) throw ConfigError(file_, "more than {} values.", kMostValues);
  }

  [[noreturn]] void refuse_empty(const std::string& name, const char* what) const {
    if (name.empty()) throw ConfigError(file_, "holds an empty {}: expected `name: value` lines.", what);
    throw ConfigError(file_, "'{}': expected a value, got an empty {}. {}; what has no value is left out.",
                      printable(name), what, kBracesWantQuotes);
  }
  [[noreturn]] void refuse_item(const std::string& name) const {
    throw ConfigError(file_, "'{}': expected a list of plain values. {}.", printable(name), kBracesWantQuotes);
  }

 private:
  std::string file_;
  ListsOfMaps lists_;
};

std::string scalar_of(const YAML::Node& node) {
  if (node.Tag() != kBinaryTag) return node.Scalar();
  const auto bytes = YAML::DecodeBase64(node.Scalar());
  return {bytes.begin(), bytes.end()};
}

void flatten(const std::string& file, const std::string& name, const YAML::Node& node, int depth, Flattened& all) {
  if (node.IsMap()) {
    if (node.size() == 0) all.refuse_empty(name, "map");
    for (const auto& item : node) {
      const std::string key = item.first.IsScalar() ? item.first.Scalar() : "";
      const auto line = item.first.Mark().line + 1;
      if (key.empty()) throw ConfigError(file, "line {}: a key must be a word.", line);
      if (key == "<<") {
        throw ConfigError(file, "line {}: merge keys (<<) are not read. Write the values themselves.", line);
      }
      flatten(file, all.below(name, key, depth), item.second, depth + 1, all);
    }
    return;
  }
  std::string text;
  if (node.IsSequence()) {
    if (node.size() == 0) all.refuse_empty(name, "list");
    if (all.numbers_lists() && node[0].IsMap()) {
      for (size_t i = 0; i < node.size(); ++i) {
        if (!node[i].IsMap()) all.refuse_item(name);
        flatten(file, all.below(name, std::to_string(i), depth), node[i], depth + 1, all);
      }
      return;
    }
    for (const auto& item : node) {
      if (!item.IsScalar()) all.refuse_item(name);
      text += (text.empty() ? "" : "\n") + scalar_of(item);
    }
  } else if (node.IsScalar()) {
    text = scalar_of(node);
  }
  all.add(name, text);
}

std::string text_of(const nlohmann::json& value) {
  return value.is_null() ? "" : value.is_string() ? value.get<std::string>() : value.dump();
}

void flatten(const std::string& name, const nlohmann::json& value, int depth, Flattened& all) {
  if (value.is_structured() && value.empty()) all.refuse_empty(name, value.is_object() ? "map" : "list");
  if (value.is_object()) {
    for (const auto& [key, item] : value.items())
      flatten(all.below(name, key, depth), item, depth + 1, all);
    return;
  }
  if (!value.is_array()) return all.add(name, text_of(value));
  if (all.numbers_lists() && value[0].is_object()) {
    for (size_t i = 0; i < value.size(); ++i) {
      if (!value[i].is_object()) all.refuse_item(name);
      flatten(all.below(name, std::to_string(i), depth), value[i], depth + 1, all);
    }
    return;
  }
  std::string text;
  for (const auto& item : value) {
    if (item.is_structured() || item.is_null()) all.refuse_item(name);
    text += (text.empty() ? "" : "\n") + text_of(item);
  }
  all.add(name, text);
}

// For JSON that has escapes which the YAML reader does not know. Null where `text` is no JSON object.
nlohmann::json parse_json_options(std::string_view text, const std::string& name) {
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  std::string twice;
  auto json = nlohmann::json::parse(
      text,
      [&](int, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
        using Event = nlohmann::json::parse_event_t;
        if (event == Event::object_start) keys.emplace_back();
        if (event == Event::object_end) keys.pop_back();
        if (event == Event::key && !keys.back().insert(parsed.get<std::string>()).second) twice = parsed;
        return true;
      },
      /*allow_exceptions=*/false);
  if (!json.is_object()) return {};
  if (!twice.empty()) throw ConfigError(name, "'{}' is set twice.", printable(twice));
  return json;
}

}  // namespace

OptionValues parse_yaml_options(std::string_view text, const std::string& name, ListsOfMaps lists) {
  Flattened all(name, lists);
  try {
    auto documents = YAML::LoadAll(std::string(text));
    std::erase_if(documents, [](const YAML::Node& document) { return document.IsNull(); });
    if (documents.empty()) return {};
    if (documents.size() > 1) {
      throw ConfigError(name, "line {}: a second document begins. One file holds one set of options.",
                        documents[1].Mark().line + 1);
    }
    if (!documents[0].IsMap()) throw ConfigError(name, "expected `name: value` lines.");
    flatten(name, "", documents[0], 0, all);
  } catch (const YAML::Exception& error) {
    if (const auto json = parse_json_options(text, name); json.is_object()) {
      Flattened other(name, lists);
      flatten("", json, 0, other);
      return std::move(other.values);
    }
    const bool tab = text.find("\n\t") != std::string_view::npos || text.starts_with('\t');
    throw ConfigError(name, "line {}: {}.{}", error.mark.line + 1, error.msg,
                      tab ? " Lines are indented with blanks: YAML takes no tabs." : "");
  }
  return std::move(all.values);
}

OptionValues read_yaml_options(const std::filesystem::path& file, ListsOfMaps lists) {
  return parse_yaml_options(read_file("config", file, kMostBytesOfOptions), printable(file.string()), lists);
}

std::string print_yaml_options(const OptionValues& values) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  for (const auto& [key, value] : values) {
    out << YAML::Key << key << YAML::Value;
    if (value.empty()) {
      out << YAML::Null;
    } else if (!is_utf8(value)) {  // a path: its bytes are kept
      out << YAML::Binary(reinterpret_cast<const unsigned char*>(value.data()), value.size());
    } else if (printable(value) != value) {
      out << YAML::DoubleQuoted << value;  // a block would end in a line break of its own
    } else {
      out << value;
    }
  }
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace graft::io
