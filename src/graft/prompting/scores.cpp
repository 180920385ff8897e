#include "graft/prompting/scores.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "graft/core/error.h"
#include "graft/statistics/bootstrap.h"
#include "graft/text/unicode.h"
#include "graft/text/utf8.h"

namespace graft::prompting {
namespace {

constexpr int64_t kResamples = 1000;
constexpr std::string_view kPunctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";  // Python's string.punctuation

double spread(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double squares = 0;
  for (const double one : values)
    squares += (one - mean) * (one - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

void need_items(std::string_view metric, size_t count) {
  if (count == 0) throw DataError("prompt", "{}: no item was scored.", metric);
}

}  // namespace

Score mean_score(std::string metric, std::span<const double> values) {
  need_items(metric, values.size());
  const auto n = static_cast<double>(values.size());
  Score score{std::move(metric)};
  score.count = static_cast<int64_t>(values.size());
  score.value = std::accumulate(values.begin(), values.end(), 0.0) / n;
  score.standard_error = spread(values) / std::sqrt(n);
  score.higher_is_better = score.metric != "brier_score";
  const bool shares = std::ranges::all_of(values, [](double one) { return one == 0 || one == 1; });
  if (shares) {
    score.interval = wilson_interval(std::ranges::count(values, 1.0), score.count);
  } else {
    score.interval = {score.value - kNormal975 * score.standard_error, score.value + kNormal975 * score.standard_error};
  }
  return score;
}

Score perplexity_score(std::string metric, std::span<const Weighted> items, uint64_t seed) {
  need_items(metric, items.size());
  const bool bits = metric == "bits_per_byte";
  const auto over = [&](const std::vector<double>& places) {
    double sum = 0, weight = 0;
    for (const double place : places) {
      sum += items[static_cast<size_t>(place)].sum;
      weight += items[static_cast<size_t>(place)].weight;
    }
    return bits ? -sum / (weight * std::log(2.0)) : std::exp(-sum / weight);
  };
  std::vector<double> places(items.size());
  std::iota(places.begin(), places.end(), 0.0);
  Score score{std::move(metric)};
  score.count = static_cast<int64_t>(items.size());
  score.higher_is_better = false;
  score.value = over(places);
  score.interval = {score.value, score.value};
  if (items.size() > 1) {  // items are drawn, a text with its length
    const auto drawn = statistics::bootstrap(
        {places}, [&](const auto& samples) { return over(samples.front()); }, kResamples,
        Random(seed).fork("bootstrap"));
    score.standard_error = spread(drawn.distribution);
    score.interval = drawn.percentile;
  }
  return score;
}

int64_t count_words(std::string_view written) {
  int64_t words = 1;
  bool blank = false;
  for (const char32_t c : text::decode_utf8(written)) {
    const bool now = text::is_space(c);
    if (now && !blank) ++words;
    blank = now;
  }
  return words;
}

std::string compared_text(std::string_view written, const Metric& metric) {
  std::string kept(written);
  for (const auto& pattern : metric.regexes_to_ignore)
    kept = pattern.removed_from(kept);
  if (metric.ignore_case) kept = text::encode_utf8(text::lower_case(text::decode_utf8(kept)));
  if (metric.ignore_punctuation)
    std::erase_if(kept, [](char c) { return kPunctuation.find(c) != std::string_view::npos; });
  if (metric.ignore_numbers) std::erase_if(kept, [](char c) { return c >= '0' && c <= '9'; });
  return kept;
}

}  // namespace graft::prompting
