#include "graft/detection/resampling.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "graft/core/error.h"
#include "graft/core/random.h"
#include "graft/core/threads.h"
#include "graft/detection/average_precision.h"
#include "graft/statistics/bootstrap.h"

namespace graft::detection {
namespace {

constexpr std::size_t kLanes = 8;  // draws that are followed at once
using Lanes = std::array<float, kLanes>;

// How many of the recalls 0, .01 ... 1 are reached, where `per_object` is 100 / objects. The little more is for what is
// reached exactly.
float reached(float right, float per_object) {
  return right > 0 ? static_cast<float>(static_cast<int>(right * per_object + 2e-5F)) + 1 : 0;
}

class WeightedClasses {
 public:
  explicit WeightedClasses(const Evaluation& evaluation)
      : evaluation_(evaluation), thresholds_(evaluation.rules.thresholds.size()) {
    if (evaluation.outcomes.size() != evaluation.classes.size())
      throw UsageError("detection", "intervals need an evaluation that kept its outcomes.");
  }

  // `weights`: of each image, a draw a lane.
  std::array<WeightedPrecision, kLanes> of(const std::vector<Lanes>& weights) {
    std::array<double, kLanes> all{}, first{}, classes{};
    for (const Outcomes& outcomes : evaluation_.outcomes) {
      if (outcomes.objects.empty()) continue;
      Lanes objects{};
      for (const Index image : outcomes.objects)
        add(objects, weights[image]);
      gather(outcomes, weights);
      Lanes per_object{};
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        if (objects[lane] <= 0) continue;
        per_object[lane] = 100 / objects[lane];
        classes[lane] += 1;
      }
      for (std::size_t t = 0; t < thresholds_; ++t) {
        const Lanes area = precision(t, per_object);
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
          if (objects[lane] <= 0) continue;
          all[lane] += area[lane];
          if (t == 0) first[lane] += area[lane];
        }
      }
    }
    std::array<WeightedPrecision, kLanes> result;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (classes[lane] == 0) continue;
      constexpr auto kPoints = static_cast<double>(kRecalls);
      result[lane] = {all[lane] / (classes[lane] * static_cast<double>(thresholds_) * kPoints),
                      first[lane] / (classes[lane] * kPoints)};
    }
    return result;
  }

 private:
  static void add(Lanes& sum, const Lanes& more) {
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      sum[lane] += more[lane];
  }

  // Detections that are right or ignored at some threshold, and the weight of those before that are wrong at all.
  void gather(const Outcomes& outcomes, const std::vector<Lanes>& weights) {
    events_.clear();
    weights_.clear();
    wrong_before_.clear();
    Lanes wrong{};
    for (const auto& one : outcomes.detections) {
      if (one.found.matched == 0 && one.found.ignored == 0) {
        add(wrong, weights[one.image]);
        continue;
      }
      events_.push_back(one.found);
      weights_.push_back(weights[one.image]);
      wrong_before_.push_back(wrong);
    }
  }

  // From the lowest score up: precision at a right answer, the highest so far, times the recalls it is the first for.
  // An answer of weight 0 is no higher than the right one before it, so it needs no exception.
  Lanes precision(std::size_t t, const Lanes& per_object) const {
    Lanes right{}, wrong{}, highest{}, area{}, reach{};
    for (std::size_t k = 0; k < events_.size(); ++k) {
      if (is_right(k, t))
        add(right, weights_[k]);
      else if (is_wrong(k, t))
        add(wrong, weights_[k]);
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      reach[lane] = reached(right[lane], per_object[lane]);
    for (std::size_t k = events_.size(); k-- > 0;) {
      const Lanes& weight = weights_[k];
      if (is_right(k, t)) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
          const float answers = right[lane] + wrong[lane] + wrong_before_[k][lane];
          highest[lane] = std::max(highest[lane], right[lane] / std::max(answers, 1e-30F));
          right[lane] -= weight[lane];
          const float reach_before = reached(right[lane], per_object[lane]);
          area[lane] += highest[lane] * (reach[lane] - reach_before);
          reach[lane] = reach_before;
        }
      } else if (is_wrong(k, t)) {
        for (std::size_t lane = 0; lane < kLanes; ++lane)
          wrong[lane] -= weight[lane];
      }
    }
    return area;
  }

  bool is_right(std::size_t k, std::size_t t) const {
    return ((events_[k].matched & ~events_[k].ignored) >> t & 1) != 0;
  }
  bool is_wrong(std::size_t k, std::size_t t) const {
    return ((events_[k].matched | events_[k].ignored) >> t & 1) == 0;
  }

  const Evaluation& evaluation_;
  std::size_t thresholds_;
  std::vector<Found> events_;
  std::vector<Lanes> weights_, wrong_before_;  // of each event
};

}  // namespace

WeightedPrecision weighted_precision(const Evaluation& evaluation, std::span<const double> weights) {
  std::vector<Lanes> lanes(weights.size());
  for (std::size_t k = 0; k < weights.size(); ++k)
    lanes[k].fill(static_cast<float>(weights[k]));
  return WeightedClasses(evaluation).of(lanes)[0];
}

Resampled resample(const Evaluation& evaluation, std::size_t images, std::size_t draws, std::uint64_t seed, int threads,
                   const std::vector<bool>& in_use) {
  std::vector<Index> drawn_from;
  for (Index k = 0; k < images; ++k)
    if (in_use.empty() || in_use[k]) drawn_from.push_back(k);
  Resampled result{std::vector<double>(draws), std::vector<double>(draws)};
  const Random random(seed);
  const auto batch = [&](std::size_t number) {
    std::vector<Lanes> weights(images, Lanes{});
    const std::size_t count = std::min(kLanes, draws - number * kLanes);
    for (std::size_t lane = 0; lane < count; ++lane) {
      Random stream = random.fork(number * kLanes + lane);
      for (std::size_t k = 0; k < drawn_from.size(); ++k)
        weights[drawn_from[stream.below(drawn_from.size())]][lane] += 1;
    }
    const auto precision = WeightedClasses(evaluation).of(weights);
    for (std::size_t lane = 0; lane < count; ++lane) {
      result.all[number * kLanes + lane] = precision[lane].all;
      result.first[number * kLanes + lane] = precision[lane].first;
    }
  };
  for_each_index((draws + kLanes - 1) / kLanes, std::max(threads, 1), batch);
  return result;
}

double resampling_bias(std::span<const double> draws, double estimate) {
  return std::accumulate(draws.begin(), draws.end(), 0.0) / static_cast<double>(draws.size()) - estimate;
}

Interval centred_interval(std::span<const double> draws, double estimate) {
  const double bias = resampling_bias(draws, estimate);
  const Interval interval = statistics::percentile_interval(draws);
  return {interval.low - bias, interval.high - bias};
}

}  // namespace graft::detection
