#include "graft/study/spec_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/engine/options.h"
#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/pipelines/zero_shot.h"

namespace graft::study {
namespace {

// Every option that is searched is one of a method's, and not one that the study says itself.
void check_search(const Spec& spec, std::vector<std::string>& wrong) {
  const auto& search = spec.search;
  std::vector<std::string> all;
  for (const auto& method : spec.methods) {
    const auto own = searched_options(method);
    all.insert(all.end(), own.begin(), own.end());
    if (const auto ranges = search.own.find(method.name); ranges != search.own.end()) {
      for (const auto& range : ranges->second) {
        if (std::find(own.begin(), own.end(), range.option) == own.end())
          wrong.push_back(fmt::format("search: {}: {}", method.name, unknown_name("option", range.option, own)));
      }
    }
    for (const auto& range : ranges_of(search, method.name, own)) {
      const bool length = range.option == "epochs" || range.option == "steps";
      if (length && (search.kind == SearchKind::halving || spec.budget.steps > 0 || spec.budget.seconds > 0))
        wrong.push_back(fmt::format("search: {}: {} is what {} sets.", method.name, range.option,
                                    search.kind == SearchKind::halving ? "halving" : "the budget"));
    }
  }
  for (const auto& range : search.space) {
    if (std::find(all.begin(), all.end(), range.option) == all.end())
      wrong.push_back(fmt::format("search: {}", unknown_name("option", range.option, all)));
  }
}

void check_zero_shot(const OptionValues& values) {
  OptionValues own = values;
  for (const auto* key : {"method", "shots", "seed"})
    own.erase(key);
  for (const auto& info : describe_options<engine::AdaptOptions>()) {
    const auto infos = describe_options<pipelines::ZeroShotOptions>();
    const auto same = [&](const OptionInfo& other) { return other.name == info.name; };
    if (std::none_of(infos.begin(), infos.end(), same)) own.erase(info.name);  // defaults of training
  }
  read_options<pipelines::ZeroShotOptions>("compare", own);
}

}  // namespace

std::vector<std::string> wrong_options(const Spec& spec) {
  std::vector<std::string> wrong;
  for (const auto* key : {"method", "model", "data", "shots", "seed", "output", "resume", "force"}) {
    if (spec.defaults.count(key))
      wrong.push_back(fmt::format("defaults: '{}' has a place of its own in a study.", key));
  }
  check_search(spec, wrong);
  for (const auto& method : spec.methods) {
    const auto ranges = ranges_of(spec.search, method.name, searched_options(method));
    for (const auto& model : spec.models) {
      for (const auto& dataset : spec.data) {
        try {
          const auto values = options_of(
              spec, {.method = method.name, .model = model.name, .data = dataset.name, .shots = spec.shots.front()});
          if (values.at("method") == kZeroShot) {
            check_zero_shot(values);
            continue;
          }
          for (int64_t trial = 1; trial <= std::max<int64_t>(1, ranges.empty() ? 1 : spec.search.trials); ++trial) {
            const auto request =
                engine::read_adapt_request(laid_over(values, trial_options(ranges, method.name, trial)));
            methods::make_method(request.options.method, request.method_options);
          }
        } catch (const Error& error) {
          const std::string text = error.what();
          wrong.push_back(fmt::format("{} with {} on {}: {}", method.name, model.name, dataset.name,
                                      text.substr(std::min(text.find("] ") + 2, text.size()))));
          return wrong;
        }
      }
    }
  }
  return wrong;
}

}  // namespace graft::study
