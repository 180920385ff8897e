#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/cli/adapt_options.h"
#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/language.h"
#include "graft/cli/plan_terms.h"
#include "graft/cli/results.h"
#include "graft/core/error.h"
#include "graft/pipelines/language/train.h"

namespace graft::cli {
namespace {

using pipelines::language::TrainOptions;

void print_plan(const planner::Plan& plan, Terminal& terminal) {
  if (terminal.json()) {
    return terminal.print(dump(with_notes({{"bytes", plan.bytes()},
                                           {"batch_size", plan.batch_size},
                                           {"recompute", plan.recompute},
                                           {"terms", plan_terms(plan)}},
                                          terminal)));
  }
  print_plan_terms(plan, "", terminal);
}

// A run goes on as it was begun: only what changes no bit may be said anew.
void check_gone_on(const OptionValues& given) {
  for (const auto& [name, value] : given) {
    if (name != "resume" && name != "threads" && name != "task")
      throw ConfigError("resume", "--{}: the run goes on as it was begun. Leave it out.", name);
  }
}

}  // namespace

int train_language(Arguments& arguments, Terminal& terminal) {
  arguments.add<TrainOptions>();
  auto method = arguments.peek("method");
  if (method.empty()) method = TrainOptions{}.method;
  const bool resumes = !arguments.peek("resume").empty();
  const auto of_method = resumes ? OptionGroup{} : options_of_method(method);
  arguments.add_group(of_method);
  if (!arguments.parse(terminal)) return 0;
  if (resumes) {
    check_gone_on(arguments.pick(describe_options<TrainOptions>()));
  } else {
    arguments.require("model", "a language model: a folder, a file, or org/name");
    arguments.require("data", "texts to learn: JSONL, a .txt, or a folder of them");
  }
  const auto result = pipelines::language::train(arguments.get<TrainOptions>(), arguments.pick(of_method.options),
                                                 host_of(arguments), terminal);
  if (result.stopped_by != 0) return 128 + result.stopped_by;
  if (result.plan) {
    print_plan(*result.plan, terminal);
  } else if (terminal.json()) {
    nlohmann::json json{{"folder", result.folder.string()},
                        {"steps", result.steps},
                        {"tokens", result.tokens},
                        {"seconds", result.seconds}};
    if (result.before) json["perplexity_before"] = finite_number(result.before->first().value);
    if (result.after) json["perplexity"] = finite_number(result.after->first().value);
    terminal.print(dump(with_notes(std::move(json), terminal)));
  } else {
    terminal.print(fmt::format("{} steps on {} tokens{}", result.steps, result.tokens,
                               result.after ? "  " + tasks::format_scores(*result.after, 1) : ""));
  }
  return 0;
}

Command lm_train_command() {
  return {"lm train",
          "Teach a language model texts, answers or conversations.",
          "--model M --data D -o FOLDER",
          "graft lm train --model stories --data answers.jsonl -o runs/stories\n"
          "graft lm train --model stories --data answers.jsonl --validation answers.jsonl --all-tokens --rank 4\n"
          "graft lm train --resume runs/stories",
          train_language,
          [] { return describe_options<pipelines::language::TrainOptions>(); }};
}

}  // namespace graft::cli
