// Lines of stdin to lines of token ids, as the model reads them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/io/json_object.h"
#include "graft/io/model_folder.h"
#include "graft/models/clip/clip_texts.h"
#include "graft/text/clip_tokenizer.h"
#include "graft/text/tokenizer.h"

namespace graft::cli {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kLongestContext = 1'000'000;
constexpr int kOpenAiContext = 77;  // of every CLIP that OpenAI published

struct Options {
  std::string model;
  std::optional<int64_t> context;
  bool truncate = false, parse_special = false, pieces = false;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit(
      "model", o.model,
      "whose tokenizer counts: a GGUF, a folder with tokenizer.json, tokenizer.model or the like, a CLIP; without one "
      "OpenAI's CLIP, 77");
  visit("context", o.context, "longest row, special tokens included (default: the model's)");
  visit("truncate", o.truncate, "cut what is too long, instead of an error");
  visit("parse-special", o.parse_special, "special tokens that a line spells out are those tokens, not text");
  visit("pieces", o.pieces, "the tokens as the vocabulary writes them, not their ids");
}

struct Reading {
  std::shared_ptr<const text::Tokenizer> own;  // null: OpenAI's CLIP's
  int64_t context = kOpenAiContext;
  const text::Tokenizer& tokenizer() const { return own ? *own : text::ClipTokenizer::shared(); }
};

bool is_clip(const fs::path& model) {
  const auto config = fs::is_directory(model) ? io::JsonObject::read(model / "config.json") : std::nullopt;
  return !fs::is_directory(model) || fs::exists(model / "open_clip_config.json") ||
         (config && config->get("model_type", std::string()).starts_with("clip"));
}

// A model's own tokenizer is asked for by the files that it lies in; of a CLIP the weights say how long a row may be.
Reading reading_of(const std::string& typed, const io::Environment& environment) {
  if (typed.empty()) return {};
  const auto path = io::resolve_model(typed, environment);
  const bool carried = !fs::is_directory(path) && text::has_tokenizer(path);
  if (carried || (!is_clip(path) && text::has_tokenizer(path))) {
    auto tokenizer = text::read_tokenizer(path);
    const int64_t context = tokenizer->max_length().value_or(kLongestContext);
    return {std::move(tokenizer), std::min(context, kLongestContext)};
  }
  const auto side = models::clip::text_side_of(io::ModelFolder::at(path));
  return {side.tokenizer, side.context_length};
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<Options>();
  if (!arguments.parse(terminal)) return 0;
  const auto options = arguments.get<Options>();
  if (options.context && (*options.context < 2 || *options.context > kLongestContext)) {
    throw ConfigError("tokenize", "--context: expected 2 (start and end) to {}, got {}.", kLongestContext,
                      *options.context);
  }
  const Reading reading = reading_of(options.model, arguments.environment());
  const auto& tokenizer = reading.tokenizer();
  const auto specials = options.parse_special ? text::Specials::kParsed : text::Specials::kAsText;
  const auto too_long = options.truncate ? text::Truncation::kLongestFirst : text::Truncation::kRefuse;
  const auto shown = [&](const std::vector<int32_t>& ids) {
    if (!options.pieces) {
      return terminal.json() ? nlohmann::json(ids).dump() : fmt::format("{}", fmt::join(ids, " "));
    }
    std::vector<std::string> pieces;
    for (const int32_t id : ids)
      pieces.push_back(tokenizer.spelling(id));
    return terminal.json() ? nlohmann::json(pieces).dump() : fmt::format("{}", fmt::join(pieces, " "));
  };
  std::string line;
  errno = 0;
  for (int64_t number = 1; terminal.takes_results() && std::getline(std::cin, line); ++number) {
    stop_if_asked();
    if (!line.empty() && line.back() == '\r') line.pop_back();
    try {
      terminal.print(shown(
          tokenizer.encode(line, std::nullopt, options.context.value_or(reading.context), too_long, specials).ids));
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
          "[--model M] < lines",
          "echo 'a photo of a cat' | graft tokenize\n"
          "graft tokenize --model openai/clip-vit-base-patch16 --truncate < captions.txt\n"
          "graft tokenize --model gemma-3-270m-q4_k_m.gguf --pieces < lines.txt",
          run,
          [] { return describe_options<Options>(); }};
}

}  // namespace graft::cli
