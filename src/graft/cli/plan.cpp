#include "graft/pipelines/plan_run.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/cli/adapt_options.h"
#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/plan_terms.h"
#include "graft/cli/results.h"
#include "graft/core/quantities.h"

namespace graft::cli {
namespace {

nlohmann::json describe(const planner::Plan& plan) {
  return {{"recompute", plan.recompute ? "all" : "none"},
          {"batch_size", plan.batch_size},
          {"bytes", plan.bytes()},
          {"terms", plan_terms(plan)}};
}

nlohmann::json describe(const pipelines::RunPlan& plan) {
  const auto& pace = plan.pace;
  nlohmann::json json = describe(plan.choice.plan);
  json["budget"] = plan.choice.budget;
  json["fits"] = plan.choice.fits();
  if (!plan.choice.fits()) json["advice"] = plan.choice.advice;
  json["otherwise"] = describe(plan.other);
  json["time"] = {{"seconds", pace.seconds()}, {"batches", pace.batches}, {"batch_seconds", pace.batch_seconds},
                  {"measured", pace.measured}, {"passes", pace.passes},   {"pass_seconds", pace.pass_seconds}};
  return json;
}

void print(const pipelines::RunPlan& plan, Terminal& terminal) {
  const bool recompute = plan.choice.plan.recompute;
  print_plan_terms(plan.choice.plan,
                   fmt::format("--recompute {}; with {} {}", recompute ? "all" : "none", recompute ? "none" : "all",
                               format_bytes(plan.other.bytes())),
                   terminal);
  const auto& pace = plan.pace;
  if (pace.passes == 0) return;
  std::string note =
      fmt::format("{} passes of {} examples, {:.2g} s each", pace.passes, pace.pass_examples, pace.pass_seconds);
  if (pace.measured > 0) {
    note = fmt::format("{} batches of {}, {:.2g} s each ({} measured); {}", pace.batches, plan.choice.plan.batch_size,
                       pace.batch_seconds, pace.measured, note);
  }
  print_plan_row("time", format_duration(pace.seconds()), note, terminal);
}

int run(Arguments& arguments, Terminal& terminal) {
  const auto request = read_adapt_arguments(arguments, terminal);
  if (!request) return 0;
  const auto plan = pipelines::plan_run(request->options, request->method_options, host_of(arguments), terminal);
  terminal.line("plan", fmt::format("about {}, {} on {} threads", format_bytes(plan.choice.plan.bytes()),
                                    plan.pace.passes > 0 ? format_duration(plan.pace.seconds()) : "time not measured",
                                    at::get_num_threads()));
  if (!plan.choice.fits()) terminal.warn(plan.choice.advice);
  if (terminal.json()) {
    terminal.print(dump(with_notes(describe(plan), terminal)));
  } else {
    print(plan, terminal);
  }
  return 0;
}

}  // namespace

Command plan_command() {
  return {"plan",
          "Tell what a run would hold and how long it would take, and write nothing.",
          "--model M --data D --method NAME",
          "graft plan --model openai/clip-vit-base-patch16 --data pets/ --method lora --shots 16\n"
          "graft plan --model clip/ --data pets/ --method adapter --memory 2G --precision int8\n"
          "graft plan --config pets.yaml --json",
          run,
          [] { return describe_options<engine::AdaptOptions>(); }};
}

}  // namespace graft::cli
