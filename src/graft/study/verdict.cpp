#include "graft/study/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "graft/core/quantities.h"
#include "graft/statistics/crossed.h"
#include "graft/statistics/distributions.h"
#include "graft/statistics/multiplicity.h"
#include "graft/statistics/power.h"
#include "graft/statistics/proportions.h"
#include "graft/statistics/sign_flip.h"
#include "graft/statistics/sign_flip_process.h"
#include "graft/statistics/students.h"
#include "graft/statistics/wilcoxon.h"

namespace graft::study {
namespace {

namespace st = graft::statistics;

constexpr int64_t kFewestPairs = 6;  // 2 / 2^6 is the first that lies below 0.05

// A mean over fixed strata with its error: the parts' variances add, their degrees of freedom after Satterthwaite.
struct Stratified {
  double mean = 0, error = 0, freedom = 0;
  Interval interval(double confidence) const {
    const double half = error > 0 ? st::t_quantile(0.5 + confidence / 2, freedom) * error : 0;
    return {mean - half, mean + half};
  }
};
struct Part {
  double mean = 0, variance = 0, freedom = 1;  // variance of the mean
};
Stratified combined(const std::vector<Part>& parts) {
  Stratified all;
  double variance = 0, below = 0;
  for (const auto& part : parts) {
    all.mean += part.mean / static_cast<double>(parts.size());
    variance += part.variance;
    below += part.variance * part.variance / part.freedom;
  }
  all.error = std::sqrt(variance) / static_cast<double>(parts.size());
  all.freedom = below > 0 ? variance * variance / below : 1;
  return all;
}

std::optional<Stratified> over_seeds(const Comparison& c) {
  std::vector<Part> parts;
  for (const auto& set : c.sets) {
    if (set.points.size() < 2) return {};
    const auto s = st::summarise(set.points);
    const double n = static_cast<double>(s.count);
    const double deviation = st::is_rounding(s.deviation, set.points) ? 0 : s.deviation;
    parts.push_back({s.mean, deviation * deviation / n, n - 1});
  }
  return combined(parts);
}

std::optional<Stratified> over_seeds_and_items(const Comparison& c) {
  std::vector<Part> parts;
  for (const auto& set : c.sets) {
    const auto seeds = static_cast<int64_t>(set.seeds.size());
    if (seeds < 2 || set.examples < 2 || set.cells.empty()) return {};
    const auto crossed = st::crossed_interval(set.cells, seeds, set.examples);
    parts.push_back({100 * crossed.mean, 1e4 * crossed.variance, crossed.freedom});
  }
  return combined(parts);
}

// The sets themselves as the sample: each counts by its mean.
std::optional<Interval> over_sets(const Comparison& c) {
  constexpr size_t kFewestSets = 3;
  if (c.sets.size() < kFewestSets) return {};
  std::vector<double> means;
  for (const auto& set : c.sets)
    means.push_back(st::summarise(set.points).mean);
  return st::paired_t(means).interval;
}

// Of whole numbers where they can be brought to one count of examples, for floats break ties.
double signed_ranks_p(const Comparison& c) {
  constexpr int64_t kMost = int64_t{1} << 40;
  int64_t common = 1;
  for (const auto& set : c.sets) {
    if (set.won.empty() || set.items <= 0) common = kMost;
    if (common < kMost) common = std::lcm(common, set.items);
  }
  if (common < kMost) {
    std::vector<int64_t> won;
    for (const auto& set : c.sets) {
      for (const auto one : set.won)
        won.push_back(one * (common / set.items));
    }
    return st::wilcoxon(won).p;
  }
  std::vector<double> points;
  for (const auto& set : c.sets)
    points.insert(points.end(), set.points.begin(), set.points.end());
  return st::wilcoxon(points).p;
}

// Two one-sided tests of a normal or a Student's mean, which are that the interval of 1 - 2 alpha lies in the margin.
double equivalence_p(double mean, double error, double margin, const std::function<double(double)>& tail) {
  if (!(error > 0)) return std::abs(mean) < margin ? 0 : 1;
  return std::max(tail((mean + margin) / error), tail((margin - mean) / error));
}

// One run of each: the test examples are the pairs.
void judge_items(Comparison& c, const VerdictOptions& options) {
  c.by_items = true;
  int64_t items = 0;
  double error = 0;
  for (const auto& set : c.sets) {
    int64_t first = 0, second = 0;
    for (const double cell : set.cells) {
      first += cell > 0;
      second += cell < 0;
    }
    c.only_first += first;
    c.only_second += second;
    items += set.examples;
    const auto interval = st::bonett_price(first, second, std::max<int64_t>(set.examples, 1));
    error += std::pow((interval.high - interval.low) / 2, 2);
  }
  const auto test = st::mcnemar(c.only_first, c.only_second);
  c.p = test.mid_p;
  c.nonzero = c.only_first + c.only_second;
  c.pairs = items;
  const double half = 100 * std::sqrt(error) / static_cast<double>(c.sets.size());
  c.on_this_kind = Interval{c.points - half, c.points + half};
  if (options.margin) {
    const double one = half / kNormal975, within = st::normal_quantile(1 - options.alpha) * one;
    c.equivalence_interval = Interval{c.points - within, c.points + within};
    c.equivalence_p = equivalence_p(c.points, one, *options.margin, [](double z) { return st::normal_cdf(-z); });
  }
}

void measure(Comparison& c, const VerdictOptions& options, const Random& random) {
  std::vector<double> all;
  for (const auto& set : c.sets) {
    const double n = static_cast<double>(set.points.size());
    const double mean = std::accumulate(set.points.begin(), set.points.end(), 0.0) / n;
    c.points += mean / static_cast<double>(c.sets.size());
    c.won_sets += mean > 0;
    for (const double d : set.points) {
      c.won_pairs += d > 0;
      c.nonzero += d != 0;
    }
    all.insert(all.end(), set.points.begin(), set.points.end());
    if (set.points.size() < 2) continue;
    const auto own = st::summarise(set.points).interval;
    if (own.low > 0) c.better_on.push_back(set.name);
    if (own.high < 0) c.worse_on.push_back(set.name);
  }
  c.pairs = static_cast<int64_t>(all.size());
  if (all.size() > 1) {
    const auto spread = st::summarise(all);
    c.deviation = st::is_rounding(spread.deviation, all) ? 0 : spread.deviation;
  }
  c.on_other_sets = over_sets(c);
  const bool single = std::all_of(c.sets.begin(), c.sets.end(), [](const PairedSet& set) {
    return set.seeds.size() == 1 && set.seeds.front() == 0 && !set.won.empty();
  });
  if (single) {
    c.nonzero = 0;
    return judge_items(c, options);
  }
  const bool counted = std::all_of(c.sets.begin(), c.sets.end(), [](const PairedSet& set) { return !set.won.empty(); });
  st::SignFlip test;
  if (counted) {
    std::vector<st::SetDifferences> sets;
    for (const auto& set : c.sets)
      sets.push_back({set.won, set.items});
    test = st::stratified_sign_flip(sets, st::Tail::both, random.fork("sign-flip"));
  } else {
    std::vector<double> scaled;  // the mean over sets of means: each pair's share of it
    for (const auto& set : c.sets) {
      for (const double d : set.points)
        scaled.push_back(d / static_cast<double>(set.points.size()));
    }
    test = st::sign_flip(scaled, st::Tail::both, random.fork("sign-flip"));
  }
  c.p = test.p;
  c.nonzero = test.nonzero;
  c.wilcoxon_p = signed_ranks_p(c);
  if (const auto seeds = over_seeds(c)) {
    c.on_this_test_set = seeds->interval(0.95);
    if (options.margin) {
      c.equivalence_interval = seeds->interval(1 - 2 * options.alpha);
      c.equivalence_p = equivalence_p(seeds->mean, seeds->error, *options.margin,
                                      [&](double t) { return st::t_tail(t, seeds->freedom); });
    }
  }
  if (const auto both = over_seeds_and_items(c)) c.on_this_kind = both->interval(0.95);
  c.needed_pairs = st::pairs_needed(std::abs(c.points), c.deviation);
  c.detectable = c.pairs >= 2 ? st::least_detectable_effect(c.pairs) * c.deviation : 0;
  // One number a seed, the mean over sets: valid however sets depend on each other.
  std::map<int64_t, std::pair<double, size_t>> by_seed;
  for (const auto& set : c.sets) {
    for (size_t i = 0; i < set.seeds.size(); ++i) {
      by_seed[set.seeds[i]].first += set.points[i];
      ++by_seed[set.seeds[i]].second;
    }
  }
  st::SignFlipProcess process;
  for (const auto& [seed, sum] : by_seed) {
    if (sum.second == c.sets.size()) process.add(sum.first / static_cast<double>(sum.second));
  }
  c.e = process.value();
  c.p_anytime = process.anytime_p();
}

// Its interval over seeds and test examples leaves 0 out. A test of the examples themselves speaks of their kind.
bool is_shown_for_this_kind(const Comparison& c) {
  return c.by_items || (c.on_this_kind && (c.on_this_kind->low > 0 || c.on_this_kind->high < 0));
}

std::string points(double value) {
  return fmt::format("{:.1f}", std::abs(value) < 0.05 ? 0.0 : value);
}
std::string signed_points(double value) {
  return fmt::format("{}{}", value >= 0.05 ? "+" : "", points(value));
}
std::string range(const Interval& interval) {
  return fmt::format("{} to {}", points(interval.low), points(interval.high));
}
std::string p_text(double p) {
  return p < 0.0001 ? "< 0.0001" : fmt::format("= {:.2g}", p);
}

}  // namespace

bool is_win(const Comparison& c) {
  return c.verdict == Verdict::better || c.verdict == Verdict::worse;
}

std::string label_of(const Comparison& c) {
  switch (c.verdict) {
    case Verdict::better:
    case Verdict::worse:
      return is_shown_for_this_kind(c) ? "clear win" : "win here";
    case Verdict::equivalent:
      return "equivalent";
    case Verdict::no_difference:
      return "no difference";
    case Verdict::too_few:
      return "too few";
    case Verdict::still_open:
      return "still open";
  }
  return "";
}

void judge(std::span<Comparison> comparisons, const VerdictOptions& options, const Random& random) {
  std::vector<double> p, anytime;
  for (auto& c : comparisons) {
    measure(c, options, random.fork(c.first).fork(c.second));
    p.push_back(c.p);
    anytime.push_back(c.p_anytime);
  }
  const auto holm = st::holm(p), holm_anytime = st::holm(anytime);
  for (size_t i = 0; i < comparisons.size(); ++i) {
    auto& c = comparisons[i];
    c.p_holm = holm[i];
    c.p_anytime_holm = holm_anytime[i];
    // Of single examples the test pools all sets, and the interval weighs them alike: a claim over sets needs both.
    const bool one_side = !c.by_items || c.sets.size() == 1 || c.on_this_kind->low > 0 || c.on_this_kind->high < 0;
    const bool shown = one_side && (options.anytime && !c.by_items ? c.p_anytime_holm : c.p_holm) <= options.alpha;
    if (shown) {
      c.verdict = c.points > 0 ? Verdict::better : Verdict::worse;
    } else if (c.by_items) {
      const bool within = c.equivalence_p && *c.equivalence_p <= options.alpha;
      c.verdict = within ? Verdict::equivalent : Verdict::no_difference;
    } else if (options.anytime) {
      c.verdict = Verdict::still_open;
    } else if (c.equivalence_p && *c.equivalence_p <= options.alpha && c.pairs >= kFewestPairs) {
      c.verdict = Verdict::equivalent;
    } else if (c.pairs < kFewestPairs ||
               (c.nonzero == c.pairs &&
                c.nonzero < st::pairs_for_holm(static_cast<int64_t>(comparisons.size()), options.alpha))) {
      c.verdict = Verdict::too_few;  // so many pairs cannot show a difference of any size
    } else {
      c.verdict = Verdict::no_difference;
    }
  }
}

bool all_decided(std::span<const Comparison> comparisons) {
  return std::all_of(comparisons.begin(), comparisons.end(),
                     [](const Comparison& c) { return is_win(c) || c.verdict == Verdict::equivalent; });
}

std::vector<std::string> sentences(const Comparison& c, const VerdictOptions& options, int64_t comparisons,
                                   double seconds_a_pair) {
  const bool swap = c.verdict == Verdict::worse;
  const double sign = swap ? -1 : 1;
  const auto turned = [&](const Interval& i) { return swap ? Interval{-i.high, -i.low} : i; };
  const auto& [a, b] = swap ? std::pair(c.second, c.first) : std::pair(c.first, c.second);
  const auto sets = static_cast<int64_t>(c.sets.size());
  const std::string holm = comparisons > 1 ? fmt::format(" after Holm over {} comparisons", comparisons) : "";
  std::vector<std::string> lines;
  std::string intervals;
  if (c.by_items) {
    intervals = fmt::format("{} over {:L} test examples", range(turned(*c.on_this_kind)), c.pairs);
  } else if (c.on_this_test_set) {
    intervals = fmt::format("{} over {} pairs", range(turned(*c.on_this_test_set)), c.pairs);
    if (c.on_this_kind) intervals += fmt::format("; {} over seeds and test examples", range(turned(*c.on_this_kind)));
  }
  const std::string test = c.by_items ? "McNemar" : options.anytime ? "anytime" : "sign-flip";
  const double p = options.anytime && !c.by_items ? c.p_anytime_holm : c.p_holm;
  if (is_win(c)) {
    lines.push_back(fmt::format("{} beats {} by {} points ({})", a, b, points(sign * c.points), intervals));
    const auto won = swap ? c.nonzero - c.won_pairs : c.won_pairs;
    lines.push_back(c.by_items
                        ? fmt::format("{} p {}{} · only {} is right on {}, only {} on {}", test, p_text(p), holm, a,
                                      swap ? c.only_second : c.only_first, b, swap ? c.only_first : c.only_second)
                        : fmt::format("{} p {}{} · better in {} of {} pairs{}", test, p_text(p), holm, won, c.pairs,
                                      sets > 1 ? fmt::format(" and on {} of {} data sets",
                                                             swap ? sets - c.won_sets : c.won_sets, sets)
                                               : ""));
  } else if (c.pairs > 0 && c.nonzero == 0 && !c.by_items) {
    lines.push_back(fmt::format("{} against {}: the same in each of {} pairs", a, b, c.pairs));
  } else if (c.verdict == Verdict::equivalent) {
    lines.push_back(fmt::format("{} against {}: {} ({:.0f} %: {}), inside the margin of {}{}", a, b,
                                signed_points(c.points), 100 * (1 - 2 * options.alpha), range(*c.equivalence_interval),
                                points(*options.margin), options.margin_first ? " stated before the runs" : ""));
    lines.push_back(fmt::format("two one-sided tests p {}", p_text(*c.equivalence_p)));
  } else if (c.verdict == Verdict::too_few) {
    std::vector<std::string> seen;
    for (const auto& set : c.sets) {
      for (const double d : set.points)
        seen.push_back(signed_points(d));
    }
    lines.push_back(fmt::format(
        "{} against {}: {}{}. {} pair{}, {} of them not tied, cannot show a difference of any size{}", a, b,
        signed_points(c.points), intervals.empty() ? "" : " (" + intervals + ")", c.pairs, c.pairs == 1 ? "" : "s",
        c.nonzero, comparisons > 1 ? fmt::format(" among {} comparisons", comparisons) : ""));
    lines.push_back(fmt::format("needed: {} untied pairs{} · seen: {}", st::pairs_for_holm(comparisons, options.alpha),
                                comparisons > 1 ? ", or fewer comparisons (`against` one method)" : "",
                                fmt::join(seen, ", ")));
  } else {
    const bool open = c.verdict == Verdict::still_open;
    lines.push_back(fmt::format(
        "{} against {}: {} ({}), p {}{}: {}", a, b, signed_points(c.points), intervals, p_text(p), holm,
        open ? fmt::format("open, e = {:.2g} of {:.0f} needed", c.e, static_cast<double>(comparisons) / options.alpha)
             : "no difference is shown"));
    if (c.by_items) {
      lines.push_back(fmt::format("only {} is right on {}, only {} on {}. Not shown is not equal", a, c.only_first, b,
                                  c.only_second));
    } else if (c.deviation > 0) {
      const int64_t seeds = (c.needed_pairs + sets - 1) / std::max<int64_t>(sets, 1);
      std::string need = "a difference of this size cannot be seen with any number of seeds";
      if (c.needed_pairs > 0) {
        const double seconds = seconds_a_pair * static_cast<double>(std::max<int64_t>(0, c.needed_pairs - c.pairs));
        need = fmt::format("to see {} would need about {:L} seeds{}{}", points(std::abs(c.points)), seeds,
                           sets > 1 ? fmt::format(" ({:L} pairs)", c.needed_pairs) : "",
                           seconds > 60 ? fmt::format(", {:.0f} min more", seconds / 60) : "");
      }
      lines.push_back(fmt::format("{} pairs show {} points four times of five; {}. Not shown is not equal", c.pairs,
                                  points(c.detectable), need));
    }
  }
  if (!c.better_on.empty() && !c.worse_on.empty()) {
    lines.push_back(fmt::format("not the same everywhere: {} is better on {}, worse on {}", a,
                                fmt::join(swap ? c.worse_on : c.better_on, ", "),
                                fmt::join(swap ? c.better_on : c.worse_on, ", ")));
  }
  if (is_win(c) && !is_shown_for_this_kind(c))
    lines.push_back("shown on these test examples; with others of their kind it may be none");
  for (const auto& set : c.sets) {
    const auto diverged = set.diverged_first + set.diverged_second;
    if (diverged > 0)
      lines.push_back(fmt::format("{}: {} diverged ({} of {}, {} of {}): right for no example", set.name,
                                  diverged == 1 ? "1 run" : fmt::format("{} runs", diverged), set.diverged_first,
                                  c.first, set.diverged_second, c.second));
  }
  if (c.on_this_test_set && c.on_this_kind && !c.by_items) {
    const double seeds = c.on_this_test_set->high - c.on_this_test_set->low;
    const double both = c.on_this_kind->high - c.on_this_kind->low;
    if (both > 3 * seeds && both > 2)
      lines.push_back(
          "the spread over test examples is much wider than that over seeds: more test examples would help, more seeds "
          "will not");
  }
  return lines;
}

}  // namespace graft::study
