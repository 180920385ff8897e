#include "graft/models/unwrap.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>
#include <string>

#include "graft/core/error.h"

namespace graft::models {
namespace {

// "blocks.0.3." -> "blocks.3.": DINOv2 trains its blocks in chunks, in which each keeps its number.
std::string without_chunk(const std::string& name) {
  constexpr std::string_view kBlocks = "blocks.";
  const auto at = name.find(kBlocks);
  if (at == name.npos || (at > 0 && name[at - 1] != '.')) return name;
  const auto digits_end = [&](size_t from) {
    while (from < name.size() && std::isdigit(static_cast<unsigned char>(name[from])))
      ++from;
    return from;
  };
  const auto first = at + kBlocks.size(), dot = digits_end(first);
  if (dot == first || dot >= name.size() || name[dot] != '.') return name;
  const auto second = digits_end(dot + 1);
  if (second == dot + 1 || second >= name.size() || name[second] != '.') return name;
  return name.substr(0, first) + name.substr(dot + 1);
}

// torch.compile's and DataParallel's words, wherever they stand.
std::string without_wrappers(std::string name) {
  for (const std::string word : {"_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module."}) {
    for (auto at = name.find(word); at != name.npos; at = name.find(word))
      name.erase(at, word.size());
  }
  while (name.starts_with("module."))
    name.erase(0, 7);
  return name;
}

template <class Rename>
io::Weights renamed(const io::Weights& weights, Rename rename) {
  io::TensorMap tensors;
  for (const auto& [name, view] : weights.tensors())
    if (!tensors.emplace(rename(name), view).second) return weights;  // two would have one name
  return io::Weights(weights.name(), std::move(tensors), weights.metadata());
}

io::Weights below(const io::Weights& weights, const std::string& prefix, const std::set<std::string>& without) {
  io::TensorMap tensors;
  for (const auto& [name, view] : weights.tensors()) {
    const bool other = std::ranges::any_of(
        without, [&](const auto& each) { return each.size() > prefix.size() && name.starts_with(each); });
    if (name.starts_with(prefix) && !other) tensors.emplace(name.substr(prefix.size()), view);
  }
  return io::Weights(weights.name(), std::move(tensors), weights.metadata());
}

// Over space, or over space and time.
bool is_convolution(const io::TensorView& view) {
  return view.shape.size() == 4 || view.shape.size() == 5;
}

// Models are found by their patch embedding, a convolution: the shortest beginning of its name below which some family
// knows the tensors, all other convolutions left out.
std::set<std::string> prefixes(const io::Weights& weights, const std::function<bool(const io::Weights&)>& knows) {
  std::set<std::string> convolutions, found;
  for (const auto& [name, view] : weights.tensors())
    if (is_convolution(view)) convolutions.insert(name);
  for (const auto& name : convolutions) {
    auto others = convolutions;
    others.erase(name);
    for (size_t end = 0;;) {
      if (knows(below(weights, name.substr(0, end), others))) {
        found.insert(name.substr(0, end));
        break;
      }
      const auto dot = name.find('.', end);
      if (dot == name.npos) break;
      end = dot + 1;
    }
  }
  return found;
}

// How much a project itself would rather use what stands there.
int merit(const std::string& prefix) {
  constexpr std::array<std::pair<std::string_view, int>, 14> kWords{{{"student", 0},
                                                                     {"momentum_encoder", 0},
                                                                     {"encoder_k", 0},
                                                                     {"predictor", 0},
                                                                     {"decoder", 0},
                                                                     {"ema", 3},
                                                                     {"model_ema", 3},
                                                                     {"ema_model", 3},
                                                                     {"ema_encoder", 3},
                                                                     {"state_dict_ema", 3},
                                                                     {"teacher", 2},
                                                                     {"target_encoder", 2},
                                                                     {"base_encoder", 1},
                                                                     {"encoder_q", 1}}};
  for (const auto& [word, worth] : kWords)
    if (("." + prefix).find(fmt::format(".{}.", word)) != std::string::npos) return worth;
  return 1;
}

std::string quoted(const std::string& prefix) {
  return prefix.empty() ? "the names without a prefix" : fmt::format("'{}'", prefix.substr(0, prefix.size() - 1));
}

bool has_convolution(const io::Weights& weights, const std::string& wrapper) {
  return std::ranges::any_of(weights.tensors(), [&](const auto& tensor) {
    return is_convolution(tensor.second) && tensor.first.starts_with(wrapper + ".");
  });
}

// Which of several wrapped models was taken.
void note_wrapper(const io::Weights& weights, std::vector<Note>& notes) {
  std::vector<std::string> models;
  for (const auto& wrapper : weights.wrappers())
    if (has_convolution(weights, wrapper)) models.push_back(wrapper);
  if (models.size() < 2 || models.front() != weights.wrappers().front()) return;
  notes.push_back({fmt::format("{} holds several models: '{}' was taken, '{}' left aside", weights.name(), models[0],
                               fmt::join(models.begin() + 1, models.end(), "', '"))});
}

}  // namespace

Unwrapped unwrap(const io::Weights& weights, const std::function<bool(const io::Weights&)>& knows) {
  Unwrapped result{weights.unwrapped(), {}};
  if (result.weights.tensors().size() < weights.tensors().size()) note_wrapper(weights, result.notes);
  auto tensors = renamed(renamed(result.weights, without_wrappers), without_chunk);
  const auto found = prefixes(tensors, knows);
  if (found.empty()) {
    result.weights = std::move(tensors);
    return result;
  }
  const auto best = std::ranges::max_element(found, {}, merit);
  const auto equals = std::ranges::count_if(found, [&](const auto& each) { return merit(each) == merit(*best); });
  std::vector<std::string> others;
  for (const auto& each : found)
    if (each != *best) others.push_back(quoted(each));
  if (equals > 1) {
    throw ModelError("model", "{} holds several models: {}, {}. Save the one that is meant on its own.", weights.name(),
                     quoted(*best), fmt::join(others, ", "));
  }
  if (!others.empty()) {
    result.notes.push_back({fmt::format("{} holds several models: {} was taken, {} left aside", weights.name(),
                                        quoted(*best), fmt::join(others, ", "))});
  }
  const auto outside = std::ranges::find_if(tensors.tensors(), [&](const auto& tensor) {
    return !tensor.first.starts_with(*best) &&
           std::ranges::none_of(found, [&](const auto& each) { return tensor.first.starts_with(each); });
  });
  if (outside != tensors.tensors().end()) {
    result.notes.push_back({.text = fmt::format("the model lies below {}; left aside: {} and what else lies beside it",
                                                quoted(*best), outside->first),
                            .numbers = false});
  }
  result.weights = best->empty() && others.empty() ? std::move(tensors) : below(tensors, *best, found);
  return result;
}

}  // namespace graft::models
