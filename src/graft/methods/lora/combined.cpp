#include "graft/methods/lora/combined.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/core/random.h"
#include "graft/methods/initial.h"
#include "graft/methods/lora/lora.h"
#include "graft/methods/places.h"
#include "graft/tensor/on_cpu.h"

namespace graft::methods::lora {
namespace {

// A map, and the updates of it.
struct Place {
  std::string path;  // of the whole map, or of a slice that the checkpoint holds by itself
  int64_t in = 0, out = 0;
  std::vector<WeightedUpdate> updates;
};

at::Tensor zeros_beyond(const at::Tensor& x, int64_t dim, int64_t size) {
  auto shape = x.sizes().vec();
  shape[static_cast<size_t>(dim)] = size - x.size(dim);
  return at::cat({x, torch::zeros(shape, tensor::on_cpu(x.scalar_type()))}, dim);
}

Place& place_of(std::vector<Place>& places, const std::string& path, int64_t in, int64_t out) {
  const auto found = std::ranges::find(places, path, &Place::path);
  return found != places.end() ? *found : places.emplace_back(Place{path, in, out, {}});
}

at::Tensor rows_of_zeros(const at::Tensor& b, int64_t count) {
  auto shape = b.sizes().vec();
  shape[0] = count;
  return torch::zeros(shape, tensor::on_cpu(b.scalar_type()));
}

void add_branch(std::vector<Place>& places, const Branch& branch, const std::string& path, double weight,
                models::Model& model) {
  const auto [joint, slice] = locate(model, nullptr, path);
  const nn::Site& site = joint->site();
  const int64_t in = site.in * site.window.taps();
  const auto a = branch.a().detach();
  auto b = branch.b().detach();
  if (slice && !slice->checkpoint.empty()) {
    place_of(places, path, in, slice->end - slice->begin).updates.push_back({a, b, branch.scale(), weight});
    return;
  }
  if (slice) b = at::cat({rows_of_zeros(b, slice->begin), b, rows_of_zeros(b, site.out - slice->end)});
  auto& updates = place_of(places, site.path, in, site.out).updates;
  if (updates.empty()) {
    updates.push_back({a, b, branch.scale(), weight});
  } else {  // of another slice of the same map
    auto& own = updates.front();
    own.a = at::cat({own.a, a});
    own.b = at::cat({own.b, b * (branch.scale() / own.scale)}, 1);
  }
}

// What one adapter changes, an update each.
std::vector<Place> places_of(const WeightedAdapter& adapter, models::Model& model) {
  if (!adapter.adaptation.trained.empty()) {
    throw ModelError("merge", "{} also trained {}, which is no update that could be added. Leave it out.", adapter.name,
                     adapter.adaptation.trained.front());
  }
  std::vector<Place> places;
  for (const auto& binding : adapter.adaptation.bindings) {
    const auto* branch = dynamic_cast<const Branch*>(binding.insert.get());
    if (branch == nullptr || !branch->is_low_rank()) {
      throw ModelError("merge",
                       "{} is more than an update of low rank at {} (DoRA, or a bias), and does not add. Leave it out.",
                       adapter.name, binding.sites.front());
    }
    for (const auto& path : binding.sites)
      add_branch(places, *branch, path, adapter.weight, model);
  }
  return places;
}

}  // namespace

CombinedAdapter combine(const std::vector<WeightedAdapter>& adapters, const Algebra& how, models::Model& model) {
  const torch::NoGradGuard no_grad;
  std::vector<Place> places;
  for (const auto& adapter : adapters) {
    for (const auto& own : places_of(adapter, model))
      place_of(places, own.path, own.in, own.out).updates.push_back(own.updates.front());
  }
  std::vector<Update> updates;
  std::vector<std::string> paths;
  int64_t rank = 0;
  for (const auto& place : places) {
    Random random = Random(static_cast<uint64_t>(how.seed)).fork(place.path);
    const DrawMask draw = [&](at::IntArrayRef shape) {
      return (uniform(shape, 0.5, random) + 0.5 < *how.density).to(at::kFloat);
    };
    updates.push_back(methods::combine(place.updates, how, draw, place.path));
    paths.push_back(place.path);
    rank = std::max(rank, updates.back().a.size(0));
  }
  CombinedAdapter combined;
  for (size_t i = 0; i < updates.size(); ++i) {
    const auto& place = places[i];
    if (rank > std::min(place.in, place.out)) {
      throw ConfigError("merge", "{}: rank {} is more than the map has, {}. Take --combine svd, with --rank.",
                        place.path, rank, std::min(place.in, place.out));
    }
    const auto [joint, slice] = locate(model, nullptr, place.path);
    combined.adaptation.bindings.push_back(
        {std::make_shared<Branch>(BranchParts{.a = zeros_beyond(updates[i].a, 0, rank).contiguous(),
                                              .b = zeros_beyond(updates[i].b, 1, rank).contiguous(),
                                              .window = joint->site().window}),
         {place.path},
         entry.name});
  }
  bool reads = false, others = false;
  for (const auto& path : paths)
    (model.tower_of(path) == model.reader().name() ? reads : others) = true;
  const auto tower = !others ? Towers::reader : reads ? Towers::both : Towers::text;
  combined.method = entry.parse({{"rank", std::to_string(rank)},
                                 {"alpha", std::to_string(rank)},
                                 {"target", fmt::format("{}", fmt::join(paths, ","))},
                                 {"tower", option::print(tower)}});
  return combined;
}

}  // namespace graft::methods::lora
