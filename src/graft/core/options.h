// Options are plain structs with one list of their fields, read five times: to parse, to print help, to write the
// resolved configuration, to make the documentation's table, to hash a run's identity. A default stands once, in the
// struct.
//
//   struct Options { int64_t rank = 8; };
//   template <class Visitor> void fields(Visitor& visit, Options& o) { visit("rank", o.rank, "rank of the update"); }
//
// A value travels as text ("8", "true", "q,v"), whether it came from a flag, the environment or a YAML file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graft/core/error.h"
#include "graft/core/names.h"

namespace graft {

using OptionValues = std::map<std::string, std::string>;  // name as on the command line, without dashes -> text

struct OptionInfo {
  std::string name;
  std::string type;           // "integer", "number", "yes/no", "text", "list", or the choices "a|b|c"
  std::string default_value;  // as text; empty for "not set"
  std::string help;
};

// An enumeration is an option when it can list its names: an overload found by argument-dependent lookup,
//   std::vector<std::pair<Filter, std::string>> choices(Filter);
template <class T>
concept Enumeration = std::is_enum_v<T> && requires(T value) {
  choices(value);
};

namespace option {

// Text to value and back; a bad text is a ConfigError that names `where` and the option.
void parse(std::string_view where, std::string_view name, const std::string& text, bool& out);
void parse(std::string_view where, std::string_view name, const std::string& text, int64_t& out);
void parse(std::string_view where, std::string_view name, const std::string& text, double& out);
void parse(std::string_view where, std::string_view name, const std::string& text, std::string& out);
void parse(std::string_view where, std::string_view name, const std::string& text, std::vector<std::string>& out);
void parse(std::string_view where, std::string_view name, const std::string& text, std::vector<int64_t>& out);
std::string print(bool value);
std::string print(int64_t value);
std::string print(double value);  // the shortest text that reads back as the same number
std::string print(const std::string& value);
std::string print(const std::vector<std::string>& value);
std::string print(const std::vector<int64_t>& value);
inline std::string type_of(const bool&) {
  return "yes/no";
}
inline std::string type_of(const int64_t&) {
  return "integer";
}
inline std::string type_of(const double&) {
  return "number";
}
inline std::string type_of(const std::string&) {
  return "text";
}
inline std::string type_of(const std::vector<std::string>&) {
  return "list";
}
inline std::string type_of(const std::vector<int64_t>&) {
  return "list";
}

template <Enumeration E>
void parse(std::string_view where, std::string_view name, const std::string& text, E& out) {
  std::vector<std::string> known;
  for (const auto& [value, label] : choices(E{})) {
    if (label == text) {
      out = value;
      return;
    }
    known.push_back(label);
  }
  throw ConfigError(where, "--{}: {}", name, unknown_name("choice", text, known));
}

template <Enumeration E>
std::string print(E value) {
  for (const auto& [candidate, label] : choices(E{})) {
    if (candidate == value) return label;
  }
  return "";
}

template <Enumeration E>
std::string type_of(const E&) {
  std::string all;
  for (const auto& [value, label] : choices(E{}))
    all += (all.empty() ? "" : "|") + label;
  return all;
}

// An optional is "not set" when its text is empty.
template <class T>
void parse(std::string_view where, std::string_view name, const std::string& text, std::optional<T>& out) {
  if (text.empty()) {
    out.reset();
    return;
  }
  T value{};
  parse(where, name, text, value);
  out = std::move(value);
}
template <class T>
std::string print(const std::optional<T>& value) {
  return value ? print(*value) : "";
}
template <class T>
std::string type_of(const std::optional<T>&) {
  return type_of(T{});
}

struct Describe {
  std::vector<OptionInfo> infos;
  template <class T>
  void operator()(std::string_view name, T& value, std::string_view help) {
    infos.push_back({std::string(name), type_of(value), print(value), std::string(help)});
  }
};

struct Read {
  std::string_view where;
  const OptionValues& values;
  std::vector<std::string> known = {};
  template <class T>
  void operator()(std::string_view name, T& value, std::string_view) {
    known.emplace_back(name);
    if (const auto found = values.find(std::string(name)); found != values.end()) {
      parse(where, name, found->second, value);
    }
  }
};

void refuse_unknown(std::string_view where, const OptionValues& values, const std::vector<std::string>& known);

}  // namespace option

// Name, type, default and help of every field, in the order of the list.
template <class Options>
std::vector<OptionInfo> describe_options(Options defaults = {}) {
  option::Describe visit;
  fields(visit, defaults);
  return visit.infos;
}

// Options with `values` laid over `defaults`. An unknown name is a ConfigError with the nearest known one.
template <class Options>
Options read_options(std::string_view where, const OptionValues& values, Options defaults = {}) {
  option::Read visit{where, values};
  fields(visit, defaults);
  option::refuse_unknown(where, values, visit.known);
  return defaults;
}

// Every field as text, for the resolved configuration and the run's identity.
template <class Options>
OptionValues write_options(Options options) {
  OptionValues values;
  for (auto& info : describe_options(options))
    values[info.name] = info.default_value;
  return values;
}

}  // namespace graft
