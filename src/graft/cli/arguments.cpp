#include "graft/cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>

#include "graft/cli/command.h"
#include "graft/cli/help.h"
#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/io/yaml_options.h"

namespace graft::cli {
namespace {

struct ConfigOptions {
  std::string config;
  bool print_config = false;
};
template <class Visitor>
void fields(Visitor& visit, ConfigOptions& o) {
  visit("config", o.config, "YAML (or JSON) file with options; flags and GRAFT_... variables go before it");
  visit("print-config", o.print_config, "print what the options come to, as YAML, and stop");
}

// What people type from habit -> the option.
const std::map<std::string, std::string> kAliases = {
    {"learning-rate", "lr"}, {"out", "output"}, {"gradient-accumulation", "grad-accum"}};
const std::map<std::string, char> kLetters = {{"output", 'o'}, {"config", 'c'}, {"quiet", 'q'}};
// Said several times, these are several lines of one text; a list is one list; of any other option the last one counts.
constexpr std::string_view kLines = "template";

bool is_switch(const OptionInfo& info) {
  return info.type == "yes/no";
}

std::string variable_of(std::string name) {
  for (char& c : name)
    c = c == '-' || c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return "GRAFT_" + name;
}

std::string kebab(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::string quoted_for_shell(const std::string& token) {
  constexpr std::string_view harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./,:+@%";
  if (!token.empty() && token.find_first_not_of(harmless) == std::string::npos) return token;
  std::string quoted = "'";
  for (const char c : token)
    quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace

Arguments::Arguments(const Command& command, std::vector<std::string> tokens, io::Environment environment)
    : command_(command), where_(command.name), tokens_(std::move(tokens)), environment_(std::move(environment)) {}

void Arguments::take_positional(std::string name, std::string help, bool many) {
  positionals_.push_back({std::move(name), std::move(help), many});
}

std::string Arguments::peek(const std::string& name) const {
  std::string value;
  const auto letter = kLetters.find(name);
  for (size_t i = 0; i < tokens_.size() && tokens_[i] != "--"; ++i) {
    const std::string& token = tokens_[i];
    const bool bare = token == "--" + name || (letter != kLetters.end() && token == std::string{'-', letter->second});
    if (bare && i + 1 < tokens_.size()) value = tokens_[i + 1];
    for (const auto& start : {"--" + name + "=", name + "="}) {
      if (token.starts_with(start)) value = token.substr(start.size());
    }
  }
  if (value.empty()) value = environment_(variable_of(name)).value_or("");
  if (value.empty() && name != "config") {
    if (const std::string file = peek("config"); !file.empty()) value = io::read_yaml_options(file)[name];
  }
  return value;
}

Arguments::Known Arguments::known() const {
  Known known;
  for (const auto& group : groups_) {
    for (const auto& info : group.options) {
      const bool is_rest = !positionals_.empty() && positionals_.back().many && positionals_.back().name == info.name;
      if (is_rest) continue;
      known.spellings[info.name] = info.name;
      known.infos[info.name] = info;
    }
  }
  for (const auto& group : groups_) {
    for (const auto& [alias, name] : group.aliases)
      known.spellings.try_emplace(alias, name);
  }
  for (const auto& [alias, name] : kAliases) {
    if (known.infos.count(name) > 0) known.spellings.try_emplace(alias, name);
  }
  return known;
}

void Arguments::refuse(const Known& known, const std::string& where, std::string_view dashes,
                       const std::string& typed) const {
  std::vector<std::string> names;
  for (const auto& [spelling, name] : known.spellings)
    names.push_back(spelling);
  const auto near = nearest_name(typed, names);
  throw UsageError(where, "no option '{}{}'.{} graft {} --help lists them all.", dashes, typed,
                   near ? fmt::format(" Did you mean '{}{}'?", dashes, *near) : "", command_.name);
}

bool Arguments::parse(Terminal& terminal) {
  add<ConfigOptions>("configuration");
  add<TerminalOptions>("output");
  const auto is_help = [](const std::string& token) { return token == "--help" || token == "-h"; };
  if (std::any_of(tokens_.begin(), std::find(tokens_.begin(), tokens_.end(), "--"), is_help)) {
    terminal.print(help());
    return false;
  }
  const Known known = this->known();
  if (const std::string file = peek("config"); !file.empty()) read_file(known, file);
  read_environment(known);
  read_line(known);
  terminal.set(get<TerminalOptions>());
  if (get<ConfigOptions>().print_config) {
    terminal.print(resolved_yaml());
    return false;
  }
  return true;
}

void Arguments::read_file(const Known& known, const std::string& file) {
  OptionValues given;
  for (const auto& [key, text] : io::read_yaml_options(file)) {
    const auto found = known.spellings.find(key);
    if (found == known.spellings.end()) refuse(known, file, "", key);
    if (!given.try_emplace(found->second, text).second) {
      throw ConfigError(file, "'{}' is set twice, under two spellings of its name.", key);
    }
  }
  take(file, std::move(given));
}

void Arguments::read_environment(const Known& known) {
  for (const auto& [spelling, name] : known.spellings) {
    const auto text = environment_(variable_of(spelling));
    if (text && !text->empty()) take(variable_of(spelling), {{name, *text}});
  }
}

// Every spelling to --kebab-case=value; an unknown one is refused here, with the nearest name. What follows an option
// that wants a value is left alone, whatever it looks like.
std::vector<std::string> Arguments::plain_tokens(const Known& known) const {
  std::vector<std::string> tokens;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const std::string& token = tokens_[i];
    if (token == "--") {
      tokens.insert(tokens.end(), tokens_.begin() + static_cast<std::ptrdiff_t>(i), tokens_.end());
      break;
    }
    const size_t equals = token.find('=');
    const bool dashed = token.starts_with("--");
    const std::string name =
        kebab(token.substr(dashed ? 2 : 0, equals == std::string::npos ? equals : equals - (dashed ? 2 : 0)));
    const auto found = known.spellings.find(name);
    const bool is_letter = token.size() == 2 && token[0] == '-' && token != "--";
    if (dashed && found == known.spellings.end()) {
      const bool is_negation =
          name.starts_with("no-") && known.infos.count(name.substr(3)) > 0 && is_switch(known.infos.at(name.substr(3)));
      if (!is_negation) refuse(known, where_, "--", name);
      tokens.push_back("--" + name.substr(3) + "=false");
    } else if (dashed && equals == std::string::npos && is_switch(known.infos.at(found->second))) {
      tokens.push_back("--" + name + "=true");
    } else if ((dashed || token[0] != '-') && found != known.spellings.end() &&
               (dashed || equals != std::string::npos)) {
      if (equals == std::string::npos && i + 1 == tokens_.size()) {
        throw UsageError(where_, "--{} wants a value. graft {} --help explains.", name, command_.name);
      }
      const std::string value = equals == std::string::npos ? tokens_[++i] : token.substr(equals + 1);
      if (value.empty()) {  // CLI11 takes an empty value only as a word of its own
        tokens.insert(tokens.end(), {"--" + name, ""});
      } else {
        tokens.push_back("--" + name + "=" + value);
      }
    } else if (is_letter && token == "-q") {
      tokens.push_back("--quiet=true");
    } else {
      tokens.push_back(token);
      if (is_letter && i + 1 < tokens_.size()) tokens.push_back(tokens_[++i]);
    }
  }
  return tokens;
}

void Arguments::read_line(const Known& known) {
  CLI::App app;
  app.set_help_flag();
  std::vector<std::pair<std::string, CLI::Option*>> options;
  for (const auto& [spelling, name] : known.spellings) {
    const auto letter = kLetters.find(spelling);
    const std::string short_form = letter != kLetters.end() ? fmt::format(",-{}", letter->second) : "";
    CLI::Option* option = app.add_option("--" + spelling + short_form);
    option->type_size(1)->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    options.emplace_back(name, option);
  }
  std::vector<std::string> rest;
  app.add_option("rest", rest)->expected(0, 1 << 20);
  std::vector<std::string> tokens = plain_tokens(known);
  std::reverse(tokens.begin(), tokens.end());  // CLI11 takes them from the back
  try {
    app.parse(tokens);
  } catch (const CLI::ParseError& error) {
    throw UsageError(where_, "{}. graft {} --help explains.", error.what(), command_.name);
  }

  OptionValues given;
  for (const auto& [name, option] : options) {
    for (const auto& text : option->results()) {
      const auto [place, is_first] = given.try_emplace(name, text);
      if (is_first) continue;
      const bool is_list = known.infos.at(name).type == "list";
      place->second = is_list ? place->second + "," + text : name == kLines ? place->second + "\n" + text : text;
    }
  }
  for (const auto& positional : positionals_) {
    if (positional.many) {
      many_ = std::move(rest);
      rest.clear();
    } else if (!rest.empty()) {
      given[positional.name] = rest.front();
      rest.erase(rest.begin());
    }
  }
  if (!rest.empty()) {
    throw UsageError(where_, "unexpected argument '{}'. usage: graft {} {}", rest.front(), command_.name,
                     command_.usage);
  }
  take(where_, std::move(given));
}

// Checks what one source says, so that an error names it, and lays it over what the weaker sources said.
void Arguments::take(const std::string& where, OptionValues given) {
  for (const auto& group : groups_) {
    OptionValues own;
    for (const auto& info : group.options) {
      if (const auto found = given.find(info.name); found != given.end()) own.insert(*found);
    }
    if (group.check && !own.empty()) group.check(where, own);
  }
  for (auto& [name, text] : given)
    values_[name] = std::move(text);
}

OptionValues Arguments::pick(const std::vector<OptionInfo>& infos) const {
  OptionValues picked;
  for (const auto& info : infos) {
    if (const auto found = values_.find(info.name); found != values_.end()) picked.insert(*found);
  }
  return picked;
}

void Arguments::require(const std::string& name, std::string_view what) const {
  const auto found = values_.find(name);
  if (found != values_.end() && !found->second.empty()) return;
  for (const auto& positional : positionals_) {
    if (positional.name == name)
      throw UsageError(where_, "expected {}. usage: graft {} {}", what, command_.name, command_.usage);
  }
  throw UsageError(where_, "--{} is missing: {}. usage: graft {} {}", name, what, command_.name, command_.usage);
}

std::string Arguments::command_line() const {
  std::string line = fmt::format("graft {}", command_.name);
  for (const auto& token : tokens_)
    line += " " + quoted_for_shell(token);
  return line;
}

std::string Arguments::help() const {
  std::vector<HelpEntry> positionals;
  std::set<std::string> shown_above;
  for (const auto& positional : positionals_) {
    positionals.push_back({positional.many ? positional.name + " ..." : positional.name, positional.help});
    shown_above.insert(positional.name);
  }
  std::vector<HelpGroup> groups;
  for (const auto& group : groups_) {
    HelpGroup& shown = groups.emplace_back();
    shown.title = group.title;
    for (const auto& info : group.options) {
      if (shown_above.count(info.name) > 0) continue;
      const auto letter = kLetters.find(info.name);
      const std::string flag =
          letter != kLetters.end() ? fmt::format("-{}, --{}", letter->second, info.name) : "    --" + info.name;
      shown.entries.push_back(describe(flag, info));
    }
  }
  return format_help(command_, positionals, groups);
}

std::string Arguments::resolved_yaml() const {
  OptionValues resolved;
  for (const auto& group : groups_) {
    if (group.title == "output" || group.title == "configuration") continue;  // how it is shown is not what is done
    for (const auto& info : group.options) {
      const auto found = values_.find(info.name);
      resolved[info.name] = found != values_.end() ? found->second : info.default_value;
    }
  }
  std::string yaml = io::print_yaml_options(resolved);
  yaml.pop_back();  // print() ends the line
  return yaml;
}

}  // namespace graft::cli
