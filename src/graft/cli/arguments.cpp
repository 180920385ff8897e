#include "graft/cli/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "graft/cli/command.h"
#include "graft/cli/help.h"
#include "graft/cli/results.h"
#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/core/printable.h"
#include "graft/io/yaml_options.h"
#include "graft/methods/entry.h"
#include "graft/methods/method.h"

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
const std::string kConfig = "config";
constexpr std::ptrdiff_t kCommonGroups = 2;  // ConfigOptions and TerminalOptions
constexpr std::string_view kVariables = "GRAFT_";
// Of the build, the tests and the place of the embedded files.
constexpr std::string_view kOtherVariables[] = {
    "GRAFT_ASSETS", "GRAFT_TORCH",      "GRAFT_TESTS",        "GRAFT_SLOW_TESTS",  "GRAFT_SANITIZE",
    "GRAFT_UNITY",  "GRAFT_BENCH_DATA", "GRAFT_BENCH_PHOTOS", "GRAFT_BENCH_SEEDS", "GRAFT_PEERS"};

bool is_switch(const OptionInfo& info) {
  return info.type == "yes/no";
}

void say(const OptionInfo& info, const std::string& text, OptionValues& given) {
  const auto [place, is_first] = given.try_emplace(info.name, text);
  if (is_first) return;
  place->second = info.type == "list"   ? place->second + "," + text
                  : info.name == kLines ? place->second + "\n" + text
                                        : text;
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

std::string yaml_of(const OptionValues& values) {
  std::string yaml = io::print_yaml_options(values);
  yaml.pop_back();  // print() ends the line
  return yaml;
}

// Variables of every command and every method: one that is set for another command is no mistake.
std::set<std::string> variables_of_all() {
  std::set<std::string> all(std::begin(kOtherVariables), std::end(kOtherVariables));
  const auto add = [&all](const std::vector<OptionInfo>& infos, const std::string& prefix) {
    for (const auto& info : infos)
      all.insert(variable_of(prefix + info.name));
  };
  for (const auto& command : commands())
    add(command.options(), "");
  for (const auto* entry : methods::entries()) {
    add(entry->options(), "");
    add(entry->options(), std::string(entry->name) + ".");
  }
  add(describe_options<ConfigOptions>(), "");
  add(describe_options<TerminalOptions>(), "");
  for (const auto& [alias, name] : kAliases)
    all.insert(variable_of(alias));
  return all;
}

}  // namespace

Arguments::Arguments(const Command& command, std::vector<std::string> tokens, io::Environment environment,
                     std::vector<std::string> variables)
    : command_(command),
      where_(command.name),
      tokens_(std::move(tokens)),
      variables_(std::move(variables)),
      environment_(std::move(environment)) {
  add<ConfigOptions>("configuration");
  add<TerminalOptions>("output");
}

// What every command understands stays behind what this one does.
void Arguments::add_group(OptionGroup group) {
  const auto end = groups_.size() < kCommonGroups ? groups_.end() : groups_.end() - kCommonGroups;
  groups_.insert(end, std::move(group));
}

void Arguments::take_positional(std::string name, std::string help, bool many) {
  positionals_.push_back({std::move(name), std::move(help), many});
}

void Arguments::start_again() {
  groups_.erase(groups_.begin(), groups_.end() - kCommonGroups);
  positionals_.clear();
}

OptionValues Arguments::typed() {
  OptionValues all;
  for (auto& [where, given] : read(Unknown::pass_over).sources) {
    if (where.starts_with(kVariables)) continue;
    for (auto& [name, text] : given)
      all[name] = std::move(text);
  }
  return all;
}

std::string Arguments::peek(const std::string& name) {
  std::string value;
  for (const auto& [where, given] : read(Unknown::pass_over).sources) {
    if (const auto found = given.find(name); found != given.end()) value = found->second;
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
  throw UsageError(where, "no option '{}{}'.{} graft {} --help lists them all.", dashes, printable(typed),
                   near ? fmt::format(" Did you mean '{}{}'?", dashes, *near) : "", command_.name);
}

bool Arguments::parse(Terminal& terminal) {
  const auto is_help = [](const std::string& token) { return token == "--help" || token == "-h"; };
  if (std::any_of(tokens_.begin(), std::find(tokens_.begin(), tokens_.end(), "--"), is_help)) {
    terminal.print(help());
    return false;
  }
  auto [sources, rest] = read(Unknown::refuse);
  for (auto& source : sources)
    take(std::move(source));
  many_ = std::move(rest);
  terminal.set(get<TerminalOptions>());
  tell_variables(terminal);
  if (get<ConfigOptions>().print_config) {
    terminal.print(terminal.json() ? dump(nlohmann::json(resolved())) : yaml_of(resolved()));
    return false;
  }
  return true;
}

Arguments::Said Arguments::read(Unknown unknown) {
  const Known known = this->known();
  auto [given, rest] = read_line(known, unknown);
  Said said{{}, std::move(rest)};
  std::string config;
  for (const auto& [spelling, name] : known.spellings) {
    const auto text = environment_(variable_of(spelling));
    if (!text || text->empty()) continue;
    if (name == kConfig) config = *text;
    said.sources.push_back({variable_of(spelling), {{name, *text}}});
  }
  if (const auto found = given.find(kConfig); found != given.end()) config = found->second;
  if (!config.empty()) said.sources.insert(said.sources.begin(), read_file(known, config, unknown));
  said.sources.push_back({where_, std::move(given)});
  return said;
}

Arguments::Source Arguments::read_file(const Known& known, const std::string& file, Unknown unknown) {
  if (file_.where != file) file_ = {file, io::read_yaml_options(file)};
  Source source{file, {}};
  for (const auto& [key, text] : file_.given) {
    const auto found = known.spellings.find(key);
    if (found == known.spellings.end()) {
      if (unknown == Unknown::pass_over) continue;
      refuse(known, file, "", key);
    }
    if (!source.given.try_emplace(found->second, text).second) {
      throw ConfigError(file, "'{}' is set twice, under two spellings of its name.", key);
    }
  }
  return source;
}

// A name that is misspelt, or set for nothing, would be passed over.
void Arguments::tell_variables(Terminal& terminal) const {
  const Known known = this->known();
  std::set<std::string> own;
  for (const auto& [spelling, name] : known.spellings)
    own.insert(variable_of(spelling));
  std::set<std::string> all;
  for (const auto& variable : variables_) {
    if (!variable.starts_with(kVariables)) continue;
    if (own.count(variable) > 0) {
      if (environment_(variable).value_or("").empty()) {
        terminal.warn(fmt::format("{} is set and empty: it counts as not set.", variable));
      }
      continue;
    }
    if (all.empty()) {
      all = variables_of_all();
      all.insert(own.begin(), own.end());
    }
    if (all.count(variable) > 0) continue;
    std::vector<std::string> names;
    for (const auto& name : all)
      names.push_back(name.substr(kVariables.size()));
    const auto near = nearest_name(variable.substr(kVariables.size()), names);
    terminal.warn(fmt::format("{} is no option of graft and changes nothing.{}", variable,
                              near ? fmt::format(" Did you mean {}{}?", kVariables, *near) : ""));
  }
}

// There is a file of this name, and `paths` words so far leave room for one more.
bool Arguments::is_path_due(const std::string& token, size_t paths) const {
  const bool due = !positionals_.empty() && (positionals_.back().many || paths < positionals_.size());
  std::error_code error;
  return due && std::filesystem::exists(token, error);
}

// What follows an option that wants a value is that value, whatever it looks like.
Arguments::Line Arguments::take_apart(const Known& known, Unknown unknown) const {
  Line line;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const std::string& token = tokens_[i];
    if (token == "--") {
      line.rest.insert(line.rest.end(), tokens_.begin() + static_cast<std::ptrdiff_t>(i) + 1, tokens_.end());
      break;
    }
    const bool dashed = token.starts_with("--");
    const bool letter = !dashed && token.size() > 1 && token[0] == '-';
    const size_t equals = token.find('=');
    std::optional<std::string> value;
    if (equals != std::string::npos) value = token.substr(equals + 1);
    std::string name =
        kebab(token.substr(dashed ? 2 : 0, equals == std::string::npos ? equals : equals - (dashed ? 2 : 0)));
    if (letter) {
      const auto found = std::find_if(kLetters.begin(), kLetters.end(), [&](const auto& entry) {
        return entry.second == token[1] && known.infos.count(entry.first) > 0;
      });
      const bool is_known = found != kLetters.end() && (token.size() == 2 || !is_switch(known.infos.at(found->first)));
      if (!is_known && unknown == Unknown::pass_over) continue;
      if (!is_known) {
        throw UsageError(where_,
                         "no option '{}'. graft {} --help lists them all; a path that begins with - stands after --.",
                         printable(token), command_.name);
      }
      name = found->first;
      if (token.size() > 2) value = token.substr(token[2] == '=' ? 3 : 2);
    } else if (!dashed && (equals == std::string::npos || known.spellings.count(name) == 0 ||
                           is_path_due(token, line.rest.size()))) {
      line.rest.push_back(token);
      continue;
    }
    const auto found = known.spellings.find(name);
    if (found == known.spellings.end()) {
      const auto negated = known.infos.find(name.starts_with("no-") ? name.substr(3) : "");
      if (negated != known.infos.end() && is_switch(negated->second) && !value) {
        say(negated->second, "false", line.given);
      } else if (unknown == Unknown::refuse) {
        refuse(known, where_, "--", name);
      }
      continue;
    }
    if (!value && is_switch(known.infos.at(found->second))) value = "true";
    if (!value && i + 1 == tokens_.size()) {
      if (unknown == Unknown::pass_over) break;
      throw UsageError(where_, "--{} wants a value. graft {} --help explains.", name, command_.name);
    }
    say(known.infos.at(found->second), value ? *value : tokens_[++i], line.given);
  }
  return line;
}

// The words that stand without a flag go to the options that take such.
Arguments::Line Arguments::read_line(const Known& known, Unknown unknown) const {
  Line line = take_apart(known, unknown);
  auto& [given, rest] = line;
  for (const auto& positional : positionals_) {
    if (positional.many) return line;
    if (!rest.empty() && given.count(positional.name) == 0) {  // else it was named: --run R
      given[positional.name] = rest.front();
      rest.erase(rest.begin());
    }
  }
  if (!rest.empty() && unknown == Unknown::refuse) {
    throw UsageError(where_, "unexpected argument '{}'. usage: graft {} {}", printable(rest.front()), command_.name,
                     command_.usage);
  }
  return line;
}

// Checks what one source says, so that an error names it, and lays it over what the weaker sources said.
void Arguments::take(Source source) {
  auto& [where, given] = source;
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
    line += " " + shell_quoted(token);
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

OptionValues Arguments::resolved() const {
  OptionValues resolved;
  for (const auto& group : groups_) {
    if (group.title == "output" || group.title == "configuration") continue;  // how it is shown is not what is done
    for (const auto& info : group.options) {
      const auto found = values_.find(info.name);
      resolved[info.name] = found != values_.end() ? found->second : info.default_value;
    }
  }
  return resolved;
}

}  // namespace graft::cli
