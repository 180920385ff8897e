// Lines of stdin to lines of token ids, as the model's text tower would read them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/io/model_folder.h"
#include "graft/models/clip/clip_texts.h"
#include "graft/text/clip_tokenizer.h"

namespace graft::cli {
namespace {

constexpr int64_t kLongestContext = 1'000'000;
constexpr int kOpenAiContext = 77;  // of every CLIP that OpenAI published

struct Options {
  std::string model;
  std::optional<int64_t> context;
  bool truncate = false;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("model", o.model, "CLIP whose tokenizer and context length count; without one OpenAI's, 77");
  visit("context", o.context, "longest row, start and end tokens included (default: the model's)");
  visit("truncate", o.truncate, "cut what is too long, instead of an error");
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<Options>();
  if (!arguments.parse(terminal)) return 0;
  const auto options = arguments.get<Options>();
  std::shared_ptr<const text::ClipTokenizer> own;
  int64_t context = options.context.value_or(kOpenAiContext);
  if (context < 2 || context > kLongestContext) {
    throw ConfigError("tokenize", "--context: expected 2 (start and end) to {}, got {}.", kLongestContext, context);
  }
  if (!options.model.empty()) {
    const auto side = models::clip::text_side_of(io::ModelFolder::find(options.model, arguments.environment()));
    if (!options.context) context = side.context_length;
    own = side.tokenizer;
  }
  const auto& tokenizer = own ? *own : text::ClipTokenizer::shared();
  std::string line;
  errno = 0;
  for (int64_t number = 1; terminal.takes_results() && std::getline(std::cin, line); ++number) {
    stop_if_asked();
    if (!line.empty() && line.back() == '\r') line.pop_back();
    try {
      const auto tokens = tokenizer.tokenize(line, static_cast<int>(context), options.truncate);
      terminal.print(terminal.json() ? nlohmann::json(tokens.ids).dump()
                                     : fmt::format("{}", fmt::join(tokens.ids, " ")));
    } catch (const DataError& error) {
      throw DataError("stdin", "line {}: {}", number, error.what());
    }
  }
  if (std::ferror(stdin) != 0) throw FileError("stdin", "cannot be read: {}.", std::strerror(errno));
  return 0;
}

}  // namespace

Command tokenize_command() {
  return {"tokenize",
          "Turn lines of text into lines of token ids.",
          "[--model CLIP] < lines",
          "echo 'a photo of a cat' | graft tokenize\n"
          "graft tokenize --model openai/clip-vit-base-patch16 --truncate < captions.txt",
          run,
          [] { return describe_options<Options>(); }};
}

}  // namespace graft::cli
