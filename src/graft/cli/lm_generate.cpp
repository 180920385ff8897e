#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/core/error.h"
#include "graft/pipelines/language/decoder_model.h"

namespace graft::cli {
namespace {

using pipelines::language::DecoderModel;
using prompting::Generated;

struct GenerateCommandOptions {
  std::string prompt;
  prompting::SamplingOptions sampling;
  std::vector<std::string> stop;
  int64_t max_tokens = 256;
  int64_t seed = 1;
};
template <class Visitor>
void fields(Visitor& visit, GenerateCommandOptions& o) {
  visit("prompt", o.prompt, "the text to go on with (default: what stdin holds)");
  fields(visit, o.sampling);
  visit("stop", o.stop,
        "texts that end the answer, and are left out of it; several with commas between, \\n is a line break and \\, a "
        "comma of the text");
  visit("max-tokens", o.max_tokens, "tokens that are written at most");
  visit("seed", o.seed, "what is drawn");
}

std::string prompt_of(const Arguments& arguments, const GenerateCommandOptions& options) {
  if (arguments.was_given("prompt")) return options.prompt;
  errno = 0;
  std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  if (std::ferror(stdin) != 0) throw FileError("stdin", "cannot be read: {}.", std::strerror(errno));
  if (text.ends_with('\n')) text.pop_back();  // what a shell puts behind a line
  return text;
}

// With \n, \t and \\ as what they stand for: a shell's word and a list hold the characters themselves badly.
std::string unescaped(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    const bool known = next == 'n' || next == 't' || next == '\\';
    plain += !known ? text[i] : next == 'n' ? '\n' : next == 't' ? '\t' : '\\';
    i += known ? 1 : 0;
  }
  return plain;
}

const char* name_of(Generated::Ended ended) {
  switch (ended) {
    case Generated::Ended::stop_string:
      return "stop string";
    case Generated::Ended::end_of_text:
      return "end of text";
    default:
      return "length";
  }
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::language::ModelChoice>();
  arguments.add<GenerateCommandOptions>();
  if (!arguments.parse(terminal)) return 0;
  if (!arguments.was_given("adapter")) arguments.require("model", "a language model: a folder, a file, or org/name");
  const auto options = arguments.get<GenerateCommandOptions>();
  check(options.sampling, "lm generate");
  if (options.max_tokens < 1)
    throw ConfigError("lm generate", "--max-tokens: expected 1 or more, got {}.", options.max_tokens);
  auto model = DecoderModel::open(arguments.get<pipelines::language::ModelChoice>(), host_of(arguments), terminal);
  const auto prompt = prompt_of(arguments, options);
  prompting::GenerateOptions asked{options.sampling, {}, options.max_tokens};
  for (const auto& stop : options.stop)
    asked.until.push_back(unescaped(stop));
  const auto answer = model.stream({prompt, Random(static_cast<uint64_t>(options.seed)).fork("generate")}, asked,
                                   [&](std::string_view text) {
                                     if (!terminal.json()) terminal.show(text);
                                     return terminal.takes_results();
                                   });
  if (terminal.json()) {
    terminal.print(dump(
        with_notes({{"text", answer.text}, {"tokens", answer.tokens}, {"ended", name_of(answer.ended)}}, terminal)));
  } else {
    terminal.print("");
    terminal.line("generate", fmt::format("{} tokens, then {}", answer.tokens, name_of(answer.ended)));
  }
  return 0;
}

}  // namespace

Command lm_generate_command() {
  return {"lm generate",
          "Let a language model go on with a text.",
          "--model M [--prompt TEXT]",
          "graft lm generate --model stories --prompt 'Once upon a time' --max-tokens 20\n"
          "graft lm generate --adapter runs/stories --prompt 'Once upon a time' --max-tokens 20\n"
          "graft lm generate --model org/name --temperature 0.7 --top-p 0.9 < letter.txt",
          run,
          [] {
            auto options = describe_options<pipelines::language::ModelChoice>();
            for (auto& info : describe_options<GenerateCommandOptions>())
              options.push_back(std::move(info));
            return options;
          }};
}

}  // namespace graft::cli
