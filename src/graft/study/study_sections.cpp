#include "graft/study/study_sections.h"

#include <fmt/format.h>

#include <algorithm>

#include "graft/report/chart.h"
#include "graft/report/html.h"
#include "graft/report/interval_chart.h"
#include "graft/statistics/students.h"
#include "graft/study/aggregates.h"

namespace graft::study {
namespace {

using report::escape;

std::string cell(const std::string& text, const char* kind = "number") {
  return fmt::format("<td class=\"{}\">{}</td>", kind, text);
}

std::string range_cell(const std::optional<Interval>& interval) {
  return cell(interval ? fmt::format("{:+.1f} to {:+.1f}", interval->low, interval->high) : "–", "number soft");
}

std::string p_cell(double p) {
  return cell(p < 0.0001 ? "&lt; 0.0001" : fmt::format("{:.2g}", p));
}

std::string table(const std::string& head, const std::string& rows) {
  return fmt::format("<div class=\"scroll\"><table><thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody></table></div>\n",
                     head, rows);
}

std::string number_head(const char* name) {
  return fmt::format("<th class=\"number\">{}</th>", name);
}

std::string note(const std::string& text) {
  return "<p class=\"soft\">" + text + "</p>\n";
}

}  // namespace

std::string comparisons_section(const StudyOutcome& outcome) {
  if (outcome.comparisons.empty()) return "";
  const auto any = [&](auto has) { return std::any_of(outcome.comparisons.begin(), outcome.comparisons.end(), has); };
  const bool over_pairs = any([](const Comparison& c) { return !c.by_items; });
  const bool other_sets = any([](const Comparison& c) { return c.on_other_sets.has_value(); });
  size_t fewest_sets = 0;
  std::string rows;
  for (const auto& c : outcome.comparisons) {
    const auto& p = c.by_items || !outcome.verdict_options.anytime ? c.p : c.p_anytime;
    const auto& holm = c.by_items || !outcome.verdict_options.anytime ? c.p_holm : c.p_anytime_holm;
    rows += fmt::format("<tr><td class=\"name\" style=\"white-space:normal;min-width:8rem\">{} against {}</td>{}{}{}{}",
                        escape(c.first), escape(c.second), cell(fmt::format("{:+.1f}", c.points)),
                        cell(std::to_string(c.pairs)), range_cell(c.on_this_test_set), range_cell(c.on_this_kind));
    if (other_sets) rows += range_cell(c.on_other_sets);
    if (c.on_other_sets) fewest_sets = fewest_sets == 0 ? c.sets.size() : std::min(fewest_sets, c.sets.size());
    rows += p_cell(p) + p_cell(holm);
    if (over_pairs) rows += c.wilcoxon_p ? p_cell(*c.wilcoxon_p) : cell("–");
    rows += "</tr>\n";
  }
  std::string head = "<th>comparison</th>" + number_head("points") + number_head("pairs") +
                     number_head("on this<br>test set") + number_head("on this<br>kind of data");
  if (other_sets) head += number_head("on other data sets<br>of this kind");
  head += number_head(!over_pairs                       ? "McNemar p"
                      : outcome.verdict_options.anytime ? "anytime p"
                                                        : "sign-flip p") +
          number_head("after<br>Holm");
  if (over_pairs) head += number_head("Wilcoxon<br>p");
  std::string text = table(head, rows);
  if (over_pairs)
    text += note(
        "Intervals are of 95 %, in points. The verdicts above hang on the first p after Holm&#39;s correction; "
        "Wilcoxon&#39;s signed ranks of the same pairs stand beside it, uncorrected.");
  if (other_sets)
    text += note(fmt::format(
        "On other data sets of this kind: the mean difference of each of the {} data sets is one draw (Student). It "
        "speaks of sets that are like these as these are like each other{}.",
        fewest_sets, fewest_sets < 6 ? "; fewer than six are a look, and no claim" : ""));
  return text;
}

std::string aggregates_section(const StudyOutcome& outcome) {
  const auto all = aggregates_of(outcome);
  if (!all) return "";
  report::IntervalChart means{"interquartile mean of all runs", {}, outcome.percent};
  report::LineChart profiles{"share of runs that score more", outcome.percent ? "score, %" : "score", {}, true};
  for (const auto& one : all->methods) {
    means.rows.push_back({one.method, one.interquartile_mean, one.interval});
    auto& series = profiles.series.emplace_back(report::Series{one.method, {}, one.band});
    for (size_t i = 0; i < all->levels.size(); ++i)
      series.points.emplace_back((outcome.percent ? 100 : 1) * all->levels[i], one.profile[i]);
  }
  report::IntervalChart improvements{"how often a run of the first beats one of the second", {}, true, 0.5};
  bool unpaired = false;
  for (const auto& one : all->improvements) {
    improvements.rows.push_back({fmt::format("{} : {}", one.first, one.second), one.share, one.interval});
    unpaired = unpaired || !one.paired;
  }
  std::string text = "<div class=\"two\">" + report::to_html(means) + report::to_html(improvements) +
                     report::to_html(profiles) + "</div>\n";
  text += note(fmt::format(
      "Interquartile means, probability of improvement and performance profiles (Agarwal et al. 2021) over data sets, "
      "shots and seeds; scores as they are. Intervals are of 95 %, by a bootstrap of the runs of each data set: with "
      "few runs they are too narrow, and claims are those above.{}",
      unpaired ? " Runs of one seed are compared; a method of one run with each run of the other." : ""));
  return text;
}

std::string alignment_section(const StudyOutcome& outcome) {
  if (outcome.alignments.empty()) return "";
  std::string rows;
  int64_t examples = 0;
  for (const auto& one : outcome.alignments) {
    const auto mean = [](const std::vector<double>& values) {
      return values.empty() ? "–" : fmt::format("{:.3f}", statistics::summarise(values).mean);
    };
    const auto& shown = one.debiased.empty() ? one.plain : one.debiased;
    const auto [least, most] = std::minmax_element(shown.begin(), shown.end());
    rows +=
        fmt::format("<tr><td class=\"name\">{}</td><td>{}</td>{}{}{}{}</tr>\n", escape(one.method), escape(one.data),
                    cell(mean(one.debiased)), cell(fmt::format("{:.3f} to {:.3f}", *least, *most), "number soft"),
                    cell(mean(one.plain), "number soft"), cell(std::to_string(one.plain.size()), "number soft"));
    examples = std::max(examples, one.examples);
  }
  return table("<th>method</th><th>data set</th>" + number_head("alignment") + number_head("of its runs") +
                   number_head("not debiased") + number_head("runs"),
               rows) +
         note(
             fmt::format("Linear CKA (Kornblith et al. 2019, debiased) of the tower&#39;s features of up to {} test "
                         "examples, adapted against frozen: 1 is the same up to rotation and scale. Methods that leave "
                         "the tower as it is are not listed.",
                         examples));
}

std::string search_section(const StudyOutcome& outcome) {
  if (outcome.search.empty()) return "";
  std::string efforts, rows;
  report::LineChart chart{"", "configurations", {}, outcome.percent};
  for (const auto& effort : outcome.search) {
    efforts += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape(effort.method), escape(print(effort)));
    report::Series line{effort.method, {}};
    for (size_t n = 0; n < effort.best_of.size(); ++n)
      line.points.emplace_back(static_cast<double>(n + 1), effort.best_of[n]);
    if (line.points.size() > 1) chart.series.push_back(std::move(line));
    for (const auto& [where, options] : effort.chosen)
      rows += fmt::format("<tr>{}<td>{}</td><td>{}</td></tr>\n", cell(escape(effort.method), "name"), escape(where),
                          escape(options));
  }
  std::string text = "<dl>\n" + efforts + "</dl>";
  if (!chart.series.empty()) {
    text += note(
                "The test score of the configuration that validation picks of so many, expected over which they are; "
                "mean over data sets and shots.") +
            report::to_html(chart);
  }
  if (!rows.empty()) {
    text += "<details><summary>what was chosen</summary>" +
            table("<th>method</th><th>where</th><th>options</th>", rows) + "</details>";
  }
  return text;
}

}  // namespace graft::study
