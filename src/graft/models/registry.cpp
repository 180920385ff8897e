#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/core/registry.h"
#include "graft/models/model.h"

namespace graft::models {

#define MODEL(name)           \
  namespace name {            \
  extern const Family family; \
  }
#include "graft/models/models.def"
#undef MODEL

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
#define MODEL(name) name::family,
#include "graft/models/models.def"
#undef MODEL
  };
  return all;
}

namespace {

constexpr size_t kNamesShown = 5;

const Family& recognise(const io::ModelFolder& folder, const io::Weights& weights) {
  for (const auto& family : families()) {
    if (family.recognises(folder, weights)) return family;
  }
  std::vector<std::string> seen, known;
  for (const auto& [name, view] : weights.tensors()) {
    if (seen.size() < kNamesShown) seen.push_back(name);
  }
  for (const auto& family : families())
    known.push_back(fmt::format("{} ({})", family.name, family.layouts));
  throw ModelError("model", "{} is no model that graft knows: its {} tensors begin with {}. Known: {}.", weights.name(),
                   weights.tensors().size(), fmt::join(seen, ", "), fmt::join(known, "; "));
}

}  // namespace

std::unique_ptr<Model> load_model(const io::ModelFolder& folder, const LoadOptions& options) {
  return load_model(folder, folder.open(), options);
}

std::unique_ptr<Model> load_model(const io::ModelFolder& folder, const io::Weights& weights,
                                  const LoadOptions& options) {
  const auto tensors = weights.unwrapped();
  const auto& family =
      options.as.empty() ? recognise(folder, tensors) : find_named("model", "family of models", families(), options.as);
  try {
    return family.load(folder, tensors, options);
  } catch (const nlohmann::json::exception& error) {
    throw ModelError("model", "{}: its JSON files do not say what they should: {}", folder.path.string(), error.what());
  }
}

}  // namespace graft::models
