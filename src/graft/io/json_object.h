// A JSON object that somebody else's program wrote, read by what is understood. Null counts as absent; a value of
// another type is a FileError that says file, key, what was expected and what came; and what nobody asked for is known
// at the end, so that a reader can refuse it, or note it, by name.
//
//   const auto config = JsonObject::read(folder / "config.json");     // nullopt: no such file
//   settings.heads = config->get("num_attention_heads", int64_t{12});
//   config->ignore({"architectures", "id2label", "_*"});              // cannot change a number here
//   config->expect("hidden_act", {"gelu", "quick_gelu"});             // ModelError for any other value
//   config->refuse_unread("vit", "...");                              // ModelError that lists what is left
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graft/core/error.h"

namespace graft::io {

class JsonObject {
 public:
  // `file` is what messages call it. Text that is no JSON object is a FileError with its line.
  static JsonObject parse(std::string_view text, std::string file);
  static std::optional<JsonObject> read(const std::filesystem::path& path);
  // A file that is a list of objects; empty where there is none.
  static std::vector<JsonObject> read_list(const std::filesystem::path& path);
  // An object already parsed, `path` ("vision_config") inside `file`.
  JsonObject(nlohmann::json value, std::string file, std::string path = "");

  const std::string& file() const { return file_; }
  std::string name_of(std::string_view key) const;        // "vision_config.hidden_act"
  const nlohmann::json& value() const { return value_; }  // all of it; asks for nothing
  bool empty() const { return value_.empty(); }
  std::vector<std::string> keys() const;  // of what is there, null or not; asks for nothing

  // --- each of these counts the key as asked for
  bool has(std::string_view key) const;  // there, and not null
  // bool, int64_t, double, std::string, vectors of the last three, vectors of int64_t. Whole floats are integers.
  template <class T>
  std::optional<T> find(std::string_view key) const {
    const auto* value = look(key);
    if (value == nullptr) return std::nullopt;
    T result{};
    convert(*value, name_of(key), result);
    return result;
  }
  template <class T>
  T get(std::string_view key, T fallback) const {
    auto value = find<T>(key);
    return value ? std::move(*value) : std::move(fallback);
  }
  template <class T>
  T need(std::string_view key) const {
    auto value = find<T>(key);
    if (!value) refuse(name_of(key), "a value", nullptr);
    return std::move(*value);
  }
  JsonObject object(std::string_view key) const;  // empty where it is absent
  std::optional<JsonObject> find_object(std::string_view key) const;
  std::vector<JsonObject> objects(std::string_view key) const;  // of a list of objects; empty where it is absent
  const nlohmann::json& raw(std::string_view key) const;        // null where it is absent; for values of several types

  // --- what is understood, and what is not
  // Known, and of no consequence here: whole names, or beginnings that end in a star.
  void ignore(std::initializer_list<const char*> names) const;
  void ignore(const std::vector<std::string>& names) const;
  // ModelError unless the key is absent, or its value is one of `understood`.
  void expect(std::string_view key, std::initializer_list<nlohmann::json> understood,
              std::string_view way_on = "") const;
  // What was not asked for, dotted, here and in the objects that were asked for. A value that switches nothing on
  // (null, false, an empty text, list or object) is left out unless `all`.
  std::vector<std::string> unread(bool all = false) const;
  // ModelError that lists unread() with their values: [where] file: says A = 1, B = "x", which graft does not know.
  // way_on
  void refuse_unread(std::string_view where, std::string_view way_on) const;

  // FileError: file: `name`: expected `expected`, got `got` (null: nothing).
  [[noreturn]] void refuse(const std::string& name, std::string_view expected, const nlohmann::json* got) const;

 private:
  struct Asked;  // the record of keys, shared by copies

  const nlohmann::json* look(std::string_view key) const;  // null: absent
  void convert(const nlohmann::json& value, const std::string& name, bool& out) const;
  void convert(const nlohmann::json& value, const std::string& name, int64_t& out) const;
  void convert(const nlohmann::json& value, const std::string& name, double& out) const;
  void convert(const nlohmann::json& value, const std::string& name, std::string& out) const;
  template <class T>
  void convert(const nlohmann::json& value, const std::string& name, std::vector<T>& out) const {
    if (!value.is_array()) refuse(name, "a list", &value);
    for (size_t i = 0; i < value.size(); ++i)
      convert(value[i], name + "[" + std::to_string(i) + "]", out.emplace_back());
  }

  nlohmann::json value_;
  std::string file_, path_;
  std::shared_ptr<Asked> asked_;
};

// As it stands in a message: one line, cut where it is long, bytes that are no UTF-8 replaced.
std::string brief(const nlohmann::json& value);

}  // namespace graft::io
