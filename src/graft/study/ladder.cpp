#include "graft/study/ladder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "graft/statistics/students.h"

namespace graft::study {

std::vector<Rung> ladder_of(const Design& design, ResultReader& reader, const std::vector<StudyTable>& tables) {
  std::vector<Rung> ladder;
  const double margin = design.question.margin.value();
  for (size_t c = 0; c < reader.columns().size(); ++c) {
    const auto& column = reader.columns()[c];
    for (const auto& table : tables) {
      const TableRow* best = nullptr;
      for (const auto& row : table.rows) {
        const auto& cell = row.cells[c];
        if (!cell.values.empty() && (!best || cell.summary.mean > best->cells[c].summary.mean)) best = &row;
      }
      if (!best) continue;
      const auto at = [&](const std::string& method, int64_t seed) {
        const auto* run = reader.find(reader.cell(method, column, table.shots, seed));
        return run ? reader.metric(*run) : std::numeric_limits<double>::quiet_NaN();
      };
      Rung rung{.data = reader.name_of(column), .shots = table.shots, .best = best->method, .enough = best->method};
      const TableRow* enough = best;
      for (const auto& row : table.rows) {
        if (&row == best) break;
        std::vector<double> worse;
        for (const auto seed : design.seeds) {
          const double difference = 100 * (at(best->method, seed) - at(row.method, seed));
          if (!std::isnan(difference)) worse.push_back(difference);
        }
        if (worse.size() < 2) continue;
        const auto test = statistics::paired_t(worse, 1 - 2 * design.question.alpha);
        if (test.interval.high >= margin) continue;
        enough = &row;
        rung.enough = row.method;
        rung.worse_at_most = test.interval.high;
        break;
      }
      rung.best_mean = best->cells[c].summary.mean;
      rung.enough_mean = enough->cells[c].summary.mean;
      rung.best_seconds = best->seconds;
      rung.best_is_cheapest = best == &table.rows.front();
      rung.enough_seconds = enough->seconds;
      ladder.push_back(std::move(rung));
    }
  }
  return ladder;
}

std::string print(const Rung& rung) {
  const std::string where = fmt::format("{}, {}", rung.data, shots_text(rung.shots));
  if (rung.best_is_cheapest)
    return fmt::format("{}: {} is best ({:.1f}, {:.1f} s), and the cheapest", where, rung.best, 100 * rung.best_mean,
                       rung.best_seconds);
  if (rung.enough == rung.best)
    return fmt::format("{}: {} is best ({:.1f}, {:.1f} s), and no cheaper method is shown to be as good", where,
                       rung.best, 100 * rung.best_mean, rung.best_seconds);
  return fmt::format("{}: {} is enough ({:.1f}, {:.1f} s): worse than {} ({:.1f}, {:.1f} s) by {:.1f} points at most",
                     where, rung.enough, 100 * rung.enough_mean, rung.enough_seconds, rung.best, 100 * rung.best_mean,
                     rung.best_seconds, std::max(0.0, rung.worse_at_most));
}

}  // namespace graft::study
