#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/cli/table.h"
#include "graft/core/error.h"
#include "graft/pipelines/language/decoder_model.h"
#include "graft/pipelines/language/score.h"

namespace graft::cli {
namespace {

struct ScoreCommandOptions {
  std::string data;
};
template <class Visitor>
void fields(Visitor& visit, ScoreCommandOptions& o) {
  visit("data", o.data, "a table (JSONL, CSV, TSV) of texts: prompt and completion, or text");
}

// exp(-sum / n), by which the units of a text surprise on average.
double perplexity(double sum, int64_t n) {
  return std::exp(-sum / static_cast<double>(n));
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::language::ModelChoice>();
  arguments.add<ScoreCommandOptions>();
  if (!arguments.parse(terminal)) return 0;
  if (!arguments.was_given("adapter")) arguments.require("model", "a language model: a folder, a file, or org/name");
  arguments.require("data", "a table of texts, with prompt and completion or with text");
  const auto items = prompting::read_items(arguments.get<ScoreCommandOptions>().data);
  auto model = pipelines::language::DecoderModel::open(arguments.get<pipelines::language::ModelChoice>(),
                                                       host_of(arguments), terminal);
  const auto scored = pipelines::language::score_texts(items, model);
  if (terminal.json()) {
    for (const auto& text : scored.texts) {
      const double sum = text.likelihood.sum;
      terminal.print(dump({{"id", text.item},
                           {"log_likelihood", sum},
                           {"tokens", text.likelihood.tokens},
                           {"words", text.words},
                           {"bytes", text.bytes},
                           {"greedy", text.likelihood.greedy},
                           {"token_perplexity", finite_number(perplexity(sum, text.likelihood.tokens))},
                           {"word_perplexity", finite_number(perplexity(sum, text.words))},
                           {"byte_perplexity", finite_number(perplexity(sum, text.bytes))}}));
    }
    return 0;
  }
  TextTable table({Align::left, Align::right, Align::right, Align::right, Align::right, Align::right, Align::left});
  table.row({"item", "log-likelihood", "tokens", "per token", "per word", "per byte", "greedy"});
  for (const auto& text : scored.texts) {
    const double sum = text.likelihood.sum;
    table.row({text.item, fmt::format("{:.4f}", sum), std::to_string(text.likelihood.tokens),
               fmt::format("{:.4g}", perplexity(sum, text.likelihood.tokens)),
               fmt::format("{:.4g}", perplexity(sum, text.words)), fmt::format("{:.4g}", perplexity(sum, text.bytes)),
               text.likelihood.greedy ? "yes" : "no"});
  }
  print(table, terminal);
  TextTable all({Align::left, Align::right, Align::right, Align::left});
  all.row({"over all", "value", "se", "95 %"});
  for (const auto& score : scored.scores)
    all.row({score.metric, fmt::format("{:.4g}", score.value), fmt::format("{:.2g}", score.standard_error),
             fmt::format("{:.4g} to {:.4g}", score.interval.low, score.interval.high)});
  terminal.print("");
  print(all, terminal);
  return 0;
}

}  // namespace

Command lm_score_command() {
  return {"lm score",
          "Say how likely texts are to a language model.",
          "--model M --data TEXTS.jsonl",
          "graft lm score --model stories --data pairs.jsonl\n"
          "graft lm score --model org/name --data texts.csv --json > scores.jsonl",
          run,
          [] {
            auto options = describe_options<pipelines::language::ModelChoice>();
            for (auto& info : describe_options<ScoreCommandOptions>())
              options.push_back(std::move(info));
            return options;
          }};
}

}  // namespace graft::cli
