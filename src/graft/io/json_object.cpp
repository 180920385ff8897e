#include "graft/io/json_object.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "graft/io/mapped_file.h"

namespace graft::io {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t kShown = 60;                  // of a value in a message
constexpr double kWhole = 9007199254740992.0;  // 2^53: above it a float names no single integer

std::string type_of(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return "null";
    case json::value_t::boolean:
      return "true or false";
    case json::value_t::string:
      return "a text";
    case json::value_t::array:
      return "a list";
    case json::value_t::object:
      return "an object";
    default:
      return "a number";
  }
}

bool switches_nothing_on(const json& value) {
  return value.is_null() || value == false || (value.is_string() && value.get_ref<const std::string&>().empty()) ||
         (value.is_structured() && value.empty());
}

json parse_json(std::string_view text, const std::string& file) {
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(error.byte, text.size()));
    throw FileError("json", "{}: no JSON from line {} on. Is the file whole?", file,
                    1 + std::count(text.begin(), end, '\n'));
  } catch (const json::out_of_range&) {
    throw FileError("json", "{}: holds a number that is beyond a double's range.", file);
  }
}

std::string_view text_in(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

bool matches(std::string_view pattern, std::string_view name) {
  return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
}

}  // namespace

struct JsonObject::Asked {
  std::set<std::string, std::less<>> keys;
  std::map<std::string, std::vector<JsonObject>> objects;
};

std::string brief(const json& value) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() <= kShown) return text;
  size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;  // not inside a character
  return text.substr(0, end) + "...";
}

JsonObject::JsonObject(json value, std::string file, std::string path)
    : value_(std::move(value)), file_(std::move(file)), path_(std::move(path)), asked_(std::make_shared<Asked>()) {
  if (value_.is_null()) value_ = json::object();
  if (!value_.is_object()) {
    if (!path_.empty()) refuse(path_, "an object", &value_);
    throw FileError("json", "{}: expected a JSON object, got {}.", file_, type_of(value_));
  }
}

JsonObject JsonObject::parse(std::string_view text, std::string file) {
  auto value = parse_json(text, file);
  return JsonObject(std::move(value), std::move(file));
}

std::optional<JsonObject> JsonObject::read(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::nullopt;
  const auto file = MappedFile::open(path);
  return parse(text_in(*file), path.string());
}

std::vector<JsonObject> JsonObject::read_list(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return {};
  const auto file = MappedFile::open(path);
  auto value = parse_json(text_in(*file), path.string());
  if (!value.is_array()) throw FileError("json", "{}: expected a list, got {}.", path.string(), type_of(value));
  std::vector<JsonObject> all;
  for (size_t i = 0; i < value.size(); ++i)
    all.emplace_back(std::move(value[i]), path.string(), fmt::format("[{}]", i));
  return all;
}

std::string JsonObject::name_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

std::vector<std::string> JsonObject::keys() const {
  std::vector<std::string> all;
  for (const auto& [key, value] : value_.items())
    all.push_back(key);
  return all;
}

const json* JsonObject::look(std::string_view key) const {
  asked_->keys.emplace(key);
  const auto found = value_.find(std::string(key));
  return found == value_.end() || found->is_null() ? nullptr : &*found;
}

bool JsonObject::has(std::string_view key) const {
  return look(key) != nullptr;
}

const json& JsonObject::raw(std::string_view key) const {
  static const json kNull;
  const auto* value = look(key);
  return value ? *value : kNull;
}

std::optional<JsonObject> JsonObject::find_object(std::string_view key) const {
  const auto* value = look(key);
  if (value == nullptr) return std::nullopt;
  auto& known = asked_->objects[std::string(key)];
  if (known.empty()) known.emplace_back(*value, file_, name_of(key));
  return known.front();
}

JsonObject JsonObject::object(std::string_view key) const {
  auto found = find_object(key);
  return found ? std::move(*found) : JsonObject(json::object(), file_, name_of(key));
}

std::vector<JsonObject> JsonObject::objects(std::string_view key) const {
  const auto* value = look(key);
  if (value == nullptr) return {};
  if (!value->is_array()) refuse(name_of(key), "a list", value);
  auto& known = asked_->objects[std::string(key)];
  if (known.empty()) {
    for (size_t i = 0; i < value->size(); ++i)
      known.emplace_back((*value)[i], file_, fmt::format("{}[{}]", name_of(key), i));
  }
  return known;
}

void JsonObject::ignore(std::initializer_list<const char*> names) const {
  ignore(std::vector<std::string>(names.begin(), names.end()));
}

void JsonObject::ignore(const std::vector<std::string>& names) const {
  for (const auto& [key, value] : value_.items()) {
    if (std::any_of(names.begin(), names.end(), [&](const auto& pattern) { return matches(pattern, key); })) {
      asked_->keys.insert(key);
    }
  }
}

void JsonObject::expect(std::string_view key, std::initializer_list<json> understood, std::string_view way_on) const {
  const auto* value = look(key);
  if (value == nullptr || std::find(understood.begin(), understood.end(), *value) != understood.end()) return;
  std::vector<std::string> known;
  for (const auto& each : understood)
    known.push_back(brief(each));
  throw ModelError("model", "{}: {} = {}: expected {}.{}{}", file_, name_of(key), brief(*value),
                   fmt::join(known, " or "), way_on.empty() ? "" : " ", way_on);
}

std::vector<std::string> JsonObject::unread(bool all) const {
  std::vector<std::string> names;
  for (const auto& [key, value] : value_.items()) {
    if (!asked_->keys.contains(key)) {
      if (all || !switches_nothing_on(value)) names.push_back(name_of(key));
    } else if (const auto inner = asked_->objects.find(key); inner != asked_->objects.end()) {
      for (const auto& object : inner->second) {
        const auto more = object.unread(all);
        names.insert(names.end(), more.begin(), more.end());
      }
    }
  }
  return names;
}

void JsonObject::refuse_unread(std::string_view where, std::string_view way_on) const {
  const auto names = unread();
  if (names.empty()) return;
  throw ModelError(where, "{} says {}, which graft does not know. {}", file_, fmt::join(names, ", "), way_on);
}

void JsonObject::refuse(const std::string& name, std::string_view expected, const json* got) const {
  throw FileError("json", "{}: {}: expected {}, got {}.", file_, name, expected,
                  got == nullptr ? "nothing" : brief(*got));
}

void JsonObject::convert(const json& value, const std::string& name, bool& out) const {
  if (!value.is_boolean()) refuse(name, "true or false", &value);
  out = value.get<bool>();
}

void JsonObject::convert(const json& value, const std::string& name, int64_t& out) const {
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (!(std::abs(number) < kWhole) || number != std::floor(number)) refuse(name, "a whole number", &value);
    out = static_cast<int64_t>(number);
    return;
  }
  if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{INT64_MAX})) {
    refuse(name, "a whole number", &value);
  }
  out = value.get<int64_t>();
}

void JsonObject::convert(const json& value, const std::string& name, double& out) const {
  if (!value.is_number()) refuse(name, "a number", &value);
  out = value.get<double>();
}

void JsonObject::convert(const json& value, const std::string& name, std::string& out) const {
  if (!value.is_string()) refuse(name, "a text", &value);
  out = value.get<std::string>();
}

}  // namespace graft::io
