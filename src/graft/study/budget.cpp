#include "graft/study/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>

#include "graft/core/error.h"
#include "graft/core/quantities.h"
#include "graft/engine/options.h"
#include "graft/engine/prepared_run.h"
#include "graft/methods/entry.h"
#include "graft/pipelines/plan_run.h"
#include "graft/study/spec.h"

namespace graft::study {
namespace {

constexpr int64_t kLargestSize = int64_t{1} << 16;
constexpr double kParts = 64;  // of a size that is a share: it is tried in steps of 1/64
constexpr double kOff = 0.1;

engine::PreparedRun prepare(engine::Session& session, const OptionValues& run, Reporter& report) {
  const auto request = engine::read_adapt_request(run);
  return {session, request.options, request.method_options, report};
}

// The option that sizes `method`, and how a whole number is written as its value.
struct Size {
  std::string option;
  bool share = false;
  OptionValues at(int64_t size) const {
    return {{option, share ? option::print(static_cast<double>(size) / kParts) : option::print(size)}};
  }
};

std::optional<Size> size_of(const std::string& method) {
  if (method.find('+') != std::string::npos) return {};
  const auto& entry = methods::find_entry(method);
  if (!entry.size_option) return {};
  for (const auto& info : entry.options()) {
    if (info.name == entry.size_option) return Size{info.name, info.type == "number"};
  }
  throw InternalError("compare", "{} has no option '{}'", method, entry.size_option);
}

// The size from 1 whose count is nearest to `wanted`; counts rise or fall with it, and there are none beyond some size.
int64_t nearest_size(int64_t wanted, const std::function<std::optional<int64_t>(int64_t)>& count_of) {
  std::map<int64_t, std::optional<int64_t>> known;
  const auto count = [&](int64_t size) {
    const auto found = known.find(size);
    return found != known.end() ? found->second : known[size] = count_of(size);
  };
  const bool rises = !count(2) || !count(1) || *count(2) >= *count(1);
  const auto is_beyond = [&](int64_t size) {
    return !count(size) || (rises ? *count(size) >= wanted : *count(size) <= wanted);
  };
  int64_t low = 0, high = 1;  // not beyond, beyond
  for (; high < kLargestSize && !is_beyond(high); high *= 2)
    low = high;
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    (is_beyond(middle) ? high : low) = middle;
  }
  int64_t best = 0;
  for (const auto& [size, trained] : known) {
    if (trained && (best == 0 || std::abs(*trained - wanted) < std::abs(*known[best] - wanted))) best = size;
  }
  return best;
}

}  // namespace

SolvedBudget solve_parameters(int64_t wanted, engine::Session& session, const OptionValues& run, Reporter& report) {
  const auto count = [&](const OptionValues& changes) {
    return prepare(session, laid_over(run, changes), report).trained_parameters();
  };
  SolvedBudget solved;
  int64_t trained = 0;
  if (const auto size = size_of(run.at("method"))) {
    const int64_t best = nearest_size(wanted, [&](int64_t at) -> std::optional<int64_t> {
      try {
        return count(size->at(at));
      } catch (const ConfigError&) {
        return {};  // larger than the model allows
      }
    });
    if (best > 0) {
      solved.options = size->at(best);
      trained = count(solved.options);
      solved.said =
          fmt::format("{} {}, {} trained", size->option, solved.options.begin()->second, format_count(trained));
    }
  }
  if (solved.said.empty()) {
    trained = count({});
    solved.said = fmt::format("{} trained, as it is: it has no size to choose", format_count(trained));
  }
  solved.off = std::abs(static_cast<double>(trained - wanted)) > kOff * static_cast<double>(wanted);
  return solved;
}

SolvedBudget solve_seconds(double seconds, engine::Session& session, const OptionValues& run, Reporter& report) {
  const auto request = engine::read_adapt_request(run);
  const auto plan = pipelines::plan_run(session, request.options, request.method_options, report);
  if (plan.pace.measured == 0) return {.options = {}, .said = "takes no steps"};
  const double step_seconds = plan.pace.batch_seconds * static_cast<double>(request.options.train.grad_accum);
  const auto steps = std::max<int64_t>(1, std::llround(seconds / step_seconds));
  return {.options = {{"steps", std::to_string(steps)}, {"epochs", ""}},
          .said = fmt::format("{:L} steps, {:.3g} ms each", steps, 1000 * step_seconds)};
}

FullLength full_length(engine::Session& session, const OptionValues& run, Reporter& report) {
  const auto prepared = prepare(session, run, report);
  if (!prepared.trains()) return {};
  if (prepared.recipe.steps > 0) return {prepared.recipe.steps, "steps"};
  return {prepared.recipe.epochs, "epochs"};
}

}  // namespace graft::study
