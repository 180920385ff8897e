#include "graft/prompting/selection.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "graft/core/error.h"
#include "graft/core/shuffle.h"
#include "graft/data/python_random.h"

namespace graft::prompting {
namespace {

constexpr uint64_t kHarnessSeed = 1234;  // lm_eval's fewshot_random_seed

bool same(const Item& a, const Item& b) {
  return a.fields == b.fields && a.lists == b.lists;
}

std::vector<size_t> in_turn(std::span<const std::string> labels, Random random) {
  std::map<std::string, std::vector<size_t>> left;
  for (const size_t place : shuffled_order(labels.size(), random.fork("examples")))
    left[labels[place]].push_back(place);
  std::vector<const std::string*> classes;
  for (const auto& [label, places] : left)
    classes.push_back(&label);
  std::vector<size_t> all;
  Random rounds = random.fork("rounds");
  while (all.size() < labels.size()) {
    shuffle(classes, rounds);
    for (const auto* label : classes) {
      auto& places = left[*label];
      if (places.empty()) continue;
      all.push_back(places.back());
      places.pop_back();
    }
  }
  return all;
}

std::vector<size_t> nearest_first(size_t count, size_t question, const Similarity& similarity) {
  std::vector<std::pair<double, size_t>> all;
  for (size_t i = 0; i < count; ++i)
    all.emplace_back(-similarity.of(question, i), i);  // of equally near ones the first
  std::ranges::sort(all);
  std::vector<size_t> places;
  for (const auto& [distance, place] : all)
    places.push_back(place);
  return places;
}

}  // namespace

std::vector<std::pair<Selection, std::string>> choices(Selection) {
  return {{Selection::random, "random"},
          {Selection::balanced, "balanced"},
          {Selection::nearest, "nearest"},
          {Selection::first, "first"},
          {Selection::lm_eval, "lm-eval"}};
}

bool draws_matter(Selection how) {
  return how == Selection::random || how == Selection::balanced || how == Selection::lm_eval;
}

std::vector<std::vector<size_t>> select_examples(const Items& pool, std::span<const std::string> labels,
                                                 const Items& questions, const SelectionOptions& options,
                                                 const Similarity* similarity) {
  GRAFT_ASSERT(labels.size() == pool.size());
  std::vector<std::vector<size_t>> all(questions.size());
  if (options.count == 0) return all;
  const auto wanted = static_cast<size_t>(options.count);
  const Random random = Random(options.seed).fork("draw").fork(static_cast<uint64_t>(options.draw));
  data::PythonRandom python(kHarnessSeed + static_cast<uint64_t>(options.draw));
  std::vector<size_t> ranking(pool.size());
  std::iota(ranking.begin(), ranking.end(), size_t{0});
  if (options.how == Selection::random) ranking = shuffled_order(pool.size(), random);
  if (options.how == Selection::balanced) ranking = in_turn(labels, random);
  for (size_t q = 0; q < questions.size(); ++q) {
    const auto is_asked = [&](size_t place) { return same(pool[place], questions[q]); };
    auto own = ranking;
    if (options.how == Selection::nearest) own = nearest_first(pool.size(), q, *similarity);
    if (options.how == Selection::lm_eval) {
      const bool among = std::ranges::any_of(ranking, is_asked);
      own = python.sample(pool.size(), std::min(pool.size(), wanted + (among ? 1 : 0)));
    }
    auto& chosen = all[q];
    for (const size_t place : own) {
      if (chosen.size() < wanted && !is_asked(place)) chosen.push_back(place);
    }
    if (chosen.size() < wanted)
      throw ConfigError("prompt", "--examples {}: the examples' split has {} besides the question ({}).", wanted,
                        chosen.size(), questions[q].place);
    if (options.how == Selection::nearest) std::ranges::reverse(chosen);
    if (options.order > 0) {
      Random orders = random.fork("order").fork(static_cast<uint64_t>(options.order));
      shuffle(chosen, orders);
    }
  }
  return all;
}

}  // namespace graft::prompting
