#include "graft/study/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/quantities.h"
#include "graft/core/random.h"
#include "graft/engine/options.h"
#include "graft/methods/combination.h"
#include "graft/methods/entry.h"

namespace graft::study {
namespace {

constexpr int64_t kMostRuns = 1'000'000;

const Named& find(const std::vector<Named>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  GRAFT_ASSERT(found != all.end());
  return *found;
}

bool excluded(const Spec& spec, const Cell& cell) {
  const std::map<std::string, std::string> own = {{"method", cell.method},
                                                  {"model", cell.model},
                                                  {"data", cell.data},
                                                  {"shots", std::to_string(cell.shots)},
                                                  {"seed", std::to_string(cell.seed)}};
  return std::any_of(spec.exclude.begin(), spec.exclude.end(), [&](const auto& rule) {
    return !rule.empty() && std::all_of(rule.begin(), rule.end(), [&](const auto& item) {
      return std::find(item.second.begin(), item.second.end(), own.at(item.first)) != item.second.end();
    });
  });
}

}  // namespace

const Named& Spec::model(const std::string& name) const {
  return find(models, name);
}
const Named& Spec::dataset(const std::string& name) const {
  return find(data, name);
}
const Named& Spec::method(const std::string& name) const {
  return find(methods, name);
}

std::vector<Cell> cells_of(const Spec& spec) {
  std::vector<Cell> cells;
  const int64_t all = static_cast<int64_t>(spec.methods.size() * spec.models.size() * spec.data.size()) *
                      static_cast<int64_t>(spec.shots.size() * spec.seeds.size());
  if (all > kMostRuns) throw ConfigError("compare", "{} would be {} runs; at most {}.", spec.name, all, kMostRuns);
  for (const auto seed : spec.seeds) {
    for (const auto& model : spec.models) {
      for (const auto& dataset : spec.data) {
        for (const auto shots : spec.shots) {
          for (const auto& method : spec.methods) {
            Cell cell{method.name, model.name, dataset.name, shots, seed};
            if (method.options.at("method") == kZeroShot) {
              if (seed != spec.seeds.front() || shots != spec.shots.front()) continue;
              cell.shots = cell.seed = 0;
            }
            if (!excluded(spec, cell)) cells.push_back(std::move(cell));
          }
        }
      }
    }
  }
  if (cells.empty()) throw ConfigError("compare", "{}: nothing is left to run: `exclude` takes all.", spec.name);
  return cells;
}

int64_t seed_of(const std::string& data, int64_t seed) {
  return static_cast<int64_t>(key_of(data) % 1'000'000) * 1000 + seed;
}

Cell group_of(const Cell& cell) {
  return {.method = cell.method, .model = cell.model, .data = cell.data, .shots = cell.shots, .seed = 0};
}

std::vector<std::string> searched_options(const Named& method) {
  std::vector<std::string> names;
  const auto& own = method.options.at("method");
  if (own == kZeroShot) return names;
  const auto parts = methods::parts_of(own);
  if (std::any_of(parts.begin(), parts.end(),
                  [](const auto& part) { return methods::find_entry(part).promises.trains; })) {
    for (const auto& info : describe_options<methods::RecipeChanges>())
      names.push_back(info.name);
    names.emplace_back("loss");
  }
  for (const auto& info : engine::method_option_infos(own))
    names.push_back(info.name);
  return names;
}

OptionValues laid_over(OptionValues values, const OptionValues& changes) {
  for (const auto& [name, value] : changes)
    values[name] = value;
  return values;
}

OptionValues options_of(const Spec& spec, const Cell& cell) {
  OptionValues values = spec.defaults;
  for (const auto* own : {&spec.model(cell.model), &spec.dataset(cell.data), &spec.method(cell.method)})
    values = laid_over(std::move(values), own->options);
  if (spec.budget.steps > 0 && values.at("method") != kZeroShot) {
    values["steps"] = std::to_string(spec.budget.steps);
    values.erase("epochs");
  }
  if (!values.count("threads")) values["threads"] = "1";  // the bits do not hang on how many runs go at once
  values["shots"] = std::to_string(cell.shots);
  values["seed"] = std::to_string(seed_of(cell.data, cell.seed));
  return values;
}

std::string shots_text(int64_t shots) {
  return shots > 0 ? fmt::format("{} {}", shots, shots == 1 ? "shot" : "shots") : "all labels";
}

std::string print(const Cell& cell) {
  std::string text = fmt::format("{} · {}", cell.method, cell.data);
  if (cell.shots > 0) text += " · " + shots_text(cell.shots);
  if (cell.trial > 0) return text + fmt::format(" · configuration {}", cell.trial);
  return cell.seed > 0 ? text + fmt::format(" · seed {}", cell.seed) : text;
}

std::string print(const Budget& budget) {
  if (budget.steps > 0) return fmt::format("{:L} steps", budget.steps);
  if (budget.parameters > 0) return fmt::format("{} trained parameters", format_count(budget.parameters));
  if (budget.seconds > 0) return fmt::format("{:g} seconds of training", budget.seconds);
  return "";
}

}  // namespace graft::study
