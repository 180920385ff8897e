#include "graft/tasks/scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace graft::tasks {
namespace {

std::string spoken_name(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::string number_words(const Score& score, double value) {
  return score.is_share ? fmt::format("{:.1f}", 100 * value) : fmt::format("{:.3f}", value);
}

}  // namespace

std::string format_value(const Score& score) {
  return number_words(score, score.value) + (score.is_share ? " %" : "");
}

const Score* Scores::find(std::string_view name) const {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Score& score) { return score.name == name; });
  return found == all.end() ? nullptr : &*found;
}

double Scores::value(std::string_view name) const {
  const auto* score = find(name);
  return score ? score->value : std::numeric_limits<double>::quiet_NaN();
}

std::string format_score(const Score& score) {
  return fmt::format("{} {}", spoken_name(score.name), format_value(score));
}

std::string format_scores(const Scores& scores, size_t most) {
  std::string text;
  for (size_t i = 0; i < std::min(most, scores.all.size()); ++i) {
    const auto& score = scores.all[i];
    const bool bare = i == 0 && score.name == "accuracy";  // what a percentage alone is
    text += (i == 0 ? "" : "  ") + (bare ? format_value(score) : format_score(score));
    if (score.interval && i == 0) {
      text += fmt::format("  (95 % interval {} to {})", number_words(score, score.interval->low),
                          number_words(score, score.interval->high));
    }
  }
  return text;
}

}  // namespace graft::tasks
