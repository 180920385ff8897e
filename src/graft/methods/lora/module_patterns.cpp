#include "graft/methods/lora/module_patterns.h"

#include <cctype>
#include <regex>
#include <string_view>

#include "graft/core/error.h"
#include "graft/core/options.h"

namespace graft::methods::lora {
namespace {

// Whether std::regex reads a pattern as Python does: no group but (?:, (?=, (?!, no escape of a letter but the common
// classes, no possessive quantifier.
bool reads_alike(const std::string& pattern) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (pattern[i] == '\\') {
      if (std::isalnum(static_cast<unsigned char>(next)) &&
          std::string_view("dDwWsSbB").find(next) == std::string_view::npos) {
        return false;
      }
      ++i;
    } else if (pattern[i] == '(' && next == '?') {
      const char kind = i + 2 < pattern.size() ? pattern[i + 2] : '\0';
      if (kind != ':' && kind != '=' && kind != '!') return false;
    } else if ((pattern[i] == '*' || pattern[i] == '+' || pattern[i] == '?' || pattern[i] == '}') && next == '+') {
      return false;
    } else if (pattern[i] == '[' && next == ':') {
      return false;
    } else if (pattern[i] == '{' && next == ',') {
      return false;
    }
  }
  return true;
}

bool is_whole_match(const std::string& where, const std::string& pattern, const std::string& module) {
  try {
    if (reads_alike(pattern)) return std::regex_match(module, std::regex(pattern));
  } catch (const std::regex_error&) {
    // told below
  }
  throw ModelError(
      "lora",
      "{} has \"{}\", a regular expression that graft does not read as Python does. Write the names of the "
      "modules in its place, or merge the adapter in PEFT and give graft the merged model.",
      where, pattern);
}

bool is_list_of_names(const std::string& said) {
  return said.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,") == said.npos;
}

bool ends_name(const std::string& module, const std::string& end) {
  return module == end || module.ends_with("." + end);
}

}  // namespace

bool selects(const std::string& said, const std::string& module) {
  if (!is_list_of_names(said)) return is_whole_match("--target-modules or --exclude-modules", said, module);
  for (size_t begin = 0; begin <= said.size();) {
    const size_t end = std::min(said.find(',', begin), said.size());
    if (end > begin && ends_name(module, said.substr(begin, end - begin))) return true;
    begin = end + 1;
  }
  return false;
}

bool matches_pattern(const std::string& where, const std::string& pattern, const std::string& module) {
  return ends_name(module, pattern) || is_whole_match(where, "(.*\\.)?(" + pattern + ")", module);
}

std::vector<PatternNumber> pattern_numbers(const std::string& option, const std::vector<std::string>& said) {
  std::vector<PatternNumber> all;
  for (const auto& item : said) {
    const auto sign = item.rfind('=');
    if (sign == item.npos || sign == 0)
      throw ConfigError("lora", "--{} {}: expected a name and its number, as q_proj=16.", option, item);
    PatternNumber one{item.substr(0, sign)};
    option::parse("lora", option, item.substr(sign + 1), one.number);
    if (!(one.number > 0)) throw ConfigError("lora", "--{} {}: expected a number above 0.", option, item);
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace graft::methods::lora
