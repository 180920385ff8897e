// What the user asked of a command, whichever way: `--name value`, `--name=value`, `name=value`, `-o value`, the
// environment (GRAFT_NAME), a YAML file (--config), or nothing (the default); the first of these that speaks wins.
// Options come from `fields` lists. Every name is checked wherever it stands, and a bad value is an error that says
// where it came from. A bare `name=value` is a path where a path is due and there is such a file.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graft/cli/terminal.h"
#include "graft/core/options.h"
#include "graft/io/hub.h"

namespace graft::cli {

struct Command;

struct OptionGroup {
  std::string title;  // above its options in --help; empty for the command's own
  std::vector<OptionInfo> options;
  std::map<std::string, std::string> aliases = {};  // other spelling -> name; a spelling that is taken is passed over
  // Throws for a bad value; called once for each place that values came from, so that the error names that place.
  std::function<void(std::string_view where, const OptionValues&)> check = {};
};

class Arguments {
 public:
  // `variables`: the names in the environment. One that begins with GRAFT_ and means nothing is told.
  Arguments(const Command& command, std::vector<std::string> tokens, io::Environment environment,
            std::vector<std::string> variables = {});

  // --- first, what there is
  template <class Options>
  void add(std::string title = "", Options defaults = {}) {
    add_group(
        {std::move(title), describe_options(defaults), {}, [](std::string_view where, const OptionValues& values) {
           read_options<Options>(where, values);
         }});
  }
  void add_group(OptionGroup group);
  // What stands without a flag: the value of the option of that name, or (the last one, `many`) what positionals()
  // gives.
  void take_positional(std::string name, std::string help, bool many = false);

  // What was added so far is forgotten, for a command that asks for other options once it knows of what.
  void start_again();
  // What the command line and the file say of the options that are known so far, whatever else they say.
  OptionValues typed();

  // What one option will be, before the rest is known: the options of a method are there once --method is read.
  // Nothing is refused yet, but a file that cannot be read.
  std::string peek(const std::string& name);

  // --- then
  // False when nothing is left to do: --help or --print-config has been answered on `terminal`.
  bool parse(Terminal& terminal);

  // --- and then, what was said
  template <class Options>
  Options get(Options defaults = {}) const {
    return read_options<Options>(where_, pick(describe_options(defaults)), std::move(defaults));
  }
  OptionValues pick(const std::vector<OptionInfo>& infos) const;  // those of them that were given
  const std::vector<std::string>& positionals() const { return many_; }
  bool was_given(const std::string& name) const { return values_.count(name) > 0; }
  void require(const std::string& name, std::string_view what) const;  // UsageError: "--model is missing: ..."
  const io::Environment& environment() const { return environment_; }
  std::string command_line() const;  // as it could be typed again

 private:
  struct Positional {
    std::string name, help;
    bool many = false;
  };
  struct Known {                                   // what may be typed
    std::map<std::string, std::string> spellings;  // any spelling -> name
    std::map<std::string, OptionInfo> infos;       // by name
  };
  struct Line {  // the command line, taken apart
    OptionValues given;
    std::vector<std::string> rest;
  };
  struct Source {  // what one place says
    std::string where;
    OptionValues given;
  };
  struct Said {
    std::vector<Source> sources;  // of the options that are known so far, the weakest first
    std::vector<std::string> rest;
  };
  enum class Unknown { refuse, pass_over };
  Known known() const;
  [[noreturn]] void refuse(const Known& known, const std::string& where, std::string_view dashes,
                           const std::string& typed) const;
  Said read(Unknown unknown);
  Source read_file(const Known& known, const std::string& file, Unknown unknown);
  Line read_line(const Known& known, Unknown unknown) const;
  Line take_apart(const Known& known, Unknown unknown) const;
  void tell_variables(Terminal& terminal) const;
  bool is_path_due(const std::string& token, size_t paths) const;
  void take(Source source);
  std::string help() const;
  OptionValues resolved() const;

  const Command& command_;
  std::string where_;
  std::vector<std::string> tokens_, variables_;
  io::Environment environment_;
  Source file_;  // the last that was read: a pipe is read once
  std::vector<OptionGroup> groups_;
  std::vector<Positional> positionals_;
  std::vector<std::string> many_;
  OptionValues values_;
};

}  // namespace graft::cli
