// Random small samples, against what SciPy, statsmodels, rliable and scikit-learn say of them
// (tests/golden/make/statistics_peers.py).
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "graft/statistics/aggregates.h"
#include "graft/statistics/bootstrap.h"
#include "graft/statistics/calibration.h"
#include "graft/statistics/distributions.h"
#include "graft/statistics/drift.h"
#include "graft/statistics/equivalence.h"
#include "graft/statistics/multiplicity.h"
#include "graft/statistics/power.h"
#include "graft/statistics/proportions.h"
#include "graft/statistics/ranks.h"
#include "graft/statistics/sign_flip.h"
#include "graft/statistics/studentized_range.h"
#include "graft/statistics/students.h"
#include "graft/statistics/wilcoxon.h"
#include "tests/support/source_dir.h"

namespace graft::statistics {
namespace {

using Numbers = std::vector<double>;

const nlohmann::json& golden(const char* key) {
  static const nlohmann::json all = [] {
    std::ifstream file(source_dir() / "tests/golden/statistics.json");
    return nlohmann::json::parse(file);
  }();
  return all.at(key);
}

// Fourteen digits were written.
#define EXPECT_PEER(value, written) \
  EXPECT_NEAR(value, (written).get<double>(), 1e-11 * std::abs((written).get<double>()) + 1e-14)

void expect_interval(const Interval& found, const nlohmann::json& written) {
  EXPECT_PEER(found.low, written[0]);
  EXPECT_PEER(found.high, written[1]);
}

TEST(Peers, Distributions) {
  const auto& cases = golden("distributions");
  for (const auto& c : cases["t"])
    EXPECT_PEER(t_cdf(c[0], c[1]), c[2]);
  for (const auto& c : cases["t_quantile"])
    EXPECT_PEER(t_quantile(c[0], c[1]), c[2]);
  for (const auto& c : cases["chi2"]) {
    EXPECT_PEER(chi2_cdf(c[0], c[1]), c[2]);
    EXPECT_PEER(chi2_tail(c[0], c[1]), c[3]);
  }
  for (const auto& c : cases["f"])
    EXPECT_PEER(f_tail(c[0], c[1], c[2]), c[3]);
  for (const auto& c : cases["beta"])
    EXPECT_PEER(beta_quantile(c[0], c[1], c[2]), c[3]);
  for (const auto& c : cases["range"])
    EXPECT_NEAR(studentized_range_tail(c[0], c[1]), c[2].get<double>(), 1e-11);
}

TEST(Peers, SignFlipsOfScipysPermutationTest) {
  for (const auto& c : golden("sign_flip")) {
    const auto d = c["d"].get<std::vector<int64_t>>();
    const std::span<const int64_t> whole(d);
    EXPECT_PEER(sign_flip(whole, Tail::both, Random(1)).p, c["both"]) << c;
    EXPECT_PEER(sign_flip(whole, Tail::greater, Random(1)).p, c["greater"]) << c;
  }
}

TEST(Peers, WilcoxonOfScipyFromOneToSixtyValues) {
  for (const auto& c : golden("wilcoxon")) {
    const auto d = c["d"].get<std::vector<int64_t>>();
    const Zeros zeros = c["zeros"] == "pratt" ? Zeros::pratt : c["zeros"] == "zsplit" ? Zeros::zsplit : Zeros::wilcox;
    const auto found = wilcoxon(std::span<const int64_t>(d), zeros);
    EXPECT_PEER(found.p, c["p"]) << c;
    EXPECT_PEER(found.p_normal, c["normal"]) << c;
    if (c.contains("corrected")) {
      EXPECT_PEER(found.p_corrected, c["corrected"]) << c;
    }
  }
}

TEST(Peers, StudentWelchAndEquivalence) {
  for (const auto& c : golden("students")) {
    const auto x = c["x"].get<Numbers>(), y = c["y"].get<Numbers>();
    const auto paired = paired_t(x);
    EXPECT_PEER(*paired.t, c["t"]);
    EXPECT_PEER(*paired.p, c["p"]);
    expect_interval(paired.interval, c["interval"]);
    expect_interval(paired_t(x, 0.9).interval, c["interval90"]);
    const auto welch = welch_t(x, y);
    EXPECT_PEER(*welch.t, c["welch"][0]);
    EXPECT_PEER(*welch.p, c["welch"][1]);
    EXPECT_PEER(welch.freedom, c["welch"][2]);
    EXPECT_PEER(welch.interval.low, c["welch"][3]);
    EXPECT_PEER(welch.interval.high, c["welch"][4]);
    EXPECT_PEER(paired_equivalence(x, c["margin"]).p, c["tost"]);
  }
}

TEST(Peers, ProportionsAndMcNemar) {
  for (const auto& c : golden("proportions")) {
    expect_interval(wilson_interval(c["k"], c["n"]), c["wilson"]);
    expect_interval(clopper_pearson(c["k"], c["n"]), c["exact"]);
  }
  for (const auto& c : golden("mcnemar")) {
    const auto found = mcnemar(c["b"], c["c"]);
    EXPECT_PEER(found.exact, c["exact"]);
    EXPECT_PEER(found.mid_p, c["mid"]);
  }
}

TEST(Peers, FriedmanAndNemenyi) {
  for (const auto& c : golden("friedman")) {
    const auto scores = c["scores"].get<Numbers>();
    const int64_t sets = c["sets"], methods = c["methods"];
    const auto found = friedman(scores, sets, methods, Random(1));
    for (size_t j = 0; j < found.mean_ranks.size(); ++j)
      EXPECT_PEER(found.mean_ranks[j], c["ranks"][j]);
    EXPECT_PEER(found.statistic, c["statistic"]);
    EXPECT_PEER(found.p, c["p"]);
    EXPECT_PEER(found.p_f, c["p_f"]);
    EXPECT_EQ(found.exact, methods <= 4);
    EXPECT_NEAR(nemenyi_p(found.mean_ranks[0] - found.mean_ranks[1], sets, methods), c["nemenyi"].get<double>(), 1e-9);
    EXPECT_NEAR(nemenyi_difference(sets, methods), c["difference"].get<double>(), 1e-9);
  }
  const auto& counted = golden("friedman_counted");
  const auto scores = counted["scores"].get<Numbers>();
  EXPECT_PEER(friedman(scores, counted["sets"], counted["methods"], Random(1)).p_permutation, counted["p"]);
}

TEST(Peers, HolmAndBenjaminiHochberg) {
  for (const auto& c : golden("multiplicity")) {
    const auto p = c["p"].get<Numbers>();
    for (size_t i = 0; i < p.size(); ++i) {
      EXPECT_PEER(holm(p)[i], c["holm"][i]);
      EXPECT_PEER(benjamini_hochberg(p)[i], c["bh"][i]);
      EXPECT_PEER(benjamini_hochberg(p)[i], c["bh_scipy"][i]);
    }
  }
}

// Of one given distribution: no generator is between us.
TEST(Peers, PercentilesAndBcaOfScipy) {
  for (const auto& c : golden("bootstrap")) {
    const auto samples = c["samples"].get<Samples>();
    const auto distribution = c["distribution"].get<Numbers>();
    const auto statistic = [](const Samples& s) {
      double mean = 0;
      for (size_t j = 0; j < s.size(); ++j)
        for (const double value : s[j])
          mean += (j == 0 ? value : -value) / static_cast<double>(s[j].size());
      return mean;
    };
    std::vector<Numbers> without_each;
    for (size_t j = 0; j < samples.size(); ++j) {
      without_each.emplace_back();
      for (size_t i = 0; i < samples[j].size(); ++i) {
        auto rest = samples;
        rest[j].erase(rest[j].begin() + static_cast<std::ptrdiff_t>(i));
        without_each[j].push_back(statistic(rest));
      }
    }
    expect_interval(percentile_interval(distribution), c["percentile"]);
    const auto bca = bca_interval(distribution, statistic(samples), acceleration(without_each));
    EXPECT_FALSE(bca.degenerate);
    expect_interval(bca.interval, c["BCa"]);
  }
}

TEST(Peers, AggregatesOfRliable) {
  for (const auto& c : golden("aggregates")) {
    const auto x = c["x"].get<Numbers>(), y = c["y"].get<Numbers>(), taus = c["taus"].get<Numbers>();
    const RunScores first{x, c["runs"], c["tasks"]}, second{y, c["other"], c["tasks"]};
    EXPECT_PEER(interquartile_mean(x), c["iqm"]);
    EXPECT_PEER(optimality_gap(x, 0.8), c["gap"]);
    EXPECT_PEER(probability_of_improvement(first, second), c["improvement"]);
    for (size_t i = 0; i < taus.size(); ++i) {
      EXPECT_PEER(run_profile(x, taus)[i], c["profile"][i]);
      EXPECT_PEER(average_profile(first, taus)[i], c["average_profile"][i]) << c;
    }
  }
}

TEST(Peers, PowerOfStatsmodelsAndOfSciPysIntegral) {
  for (const auto& c : golden("power")) {
    const double found = paired_t_power(c["n"], c["effect"]);
    EXPECT_NEAR(found, c["power"].get<double>(), 1e-8);
    EXPECT_NEAR(found, c["integral"].get<double>(), 1e-11);
  }
}

TEST(Peers, CalibrationOfScikitLearn) {
  for (const auto& c : golden("calibration")) {
    const auto p = c["p"].get<Numbers>();
    const auto y = c["y"].get<std::vector<int64_t>>();
    EXPECT_PEER(calibration_error(c["confident"].get<Numbers>(), c["right"].get<std::vector<uint8_t>>()).error,
                c["ece"]);
    EXPECT_PEER(brier_score(p, c["classes"], y), c["brier"]);
    EXPECT_PEER(negative_log_likelihood(p, c["classes"], y), c["nll"]);
  }
}

// By Gram matrices and the U statistic.
TEST(Peers, AlignmentByAnotherRoad) {
  for (const auto& c : golden("cka")) {
    const auto x = c["x"].get<Numbers>(), y = c["y"].get<Numbers>();
    const auto found = linear_cka(x, c["p"], y, c["q"], c["n"]);
    EXPECT_PEER(found.plain, c["plain"]);
    if (c["debiased"].is_null()) {
      EXPECT_TRUE(std::isnan(found.debiased));
    } else {
      EXPECT_NEAR(found.debiased, c["debiased"].get<double>(), 1e-10);
    }
  }
}

}  // namespace
}  // namespace graft::statistics
