#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/results.h"
#include "graft/cli/table.h"
#include "graft/core/printable.h"
#include "graft/pipelines/diff_runs.h"

namespace graft::cli {
namespace {

constexpr size_t kMostShown = 16;  // tensors; --json has them all

struct DiffOptions {
  std::string first, second;
};
template <class Visitor>
void fields(Visitor& visit, DiffOptions& o) {
  visit("first", o.first, "run folder, or a folder with an adapter");
  visit("second", o.second, "another");
}

nlohmann::json to_json(const pipelines::RunDifference& d) {
  nlohmann::json options = nlohmann::json::object(), tensors = nlohmann::json::array();
  for (const auto& one : d.options)
    options[one.name] = {one.first, one.second};
  for (const auto& one : d.tensors) {
    tensors.push_back({{"name", one.name},
                       {"norms", {finite_number(one.first), finite_number(one.second)}},
                       {"difference", finite_number(one.difference)},
                       {"cosine", finite_number(one.cosine)}});
    if (!one.written.empty()) tensors.back()["angles"] = {{"written", one.written}, {"read", one.read}};
  }
  nlohmann::json predictions;
  if (const auto& p = d.predictions) {
    predictions = {{"examples", p->examples},
                   {"both_right", p->both},
                   {"only_first_right", p->only_first},
                   {"only_second_right", p->only_second},
                   {"neither_right", p->neither},
                   {"told_otherwise", p->told_otherwise},
                   {"p", p->p},
                   {"difference", {p->difference.low, p->difference.high}}};
  }
  return {{"options", options},
          {"tensors", tensors},
          {"only_first", d.only_first},
          {"only_second", d.only_second},
          {"other_shape", d.other_shape},
          {"predictions", predictions},
          {"no_predictions", d.no_predictions}};
}

std::string shown(const std::string& text) {
  constexpr size_t kMost = 40;
  const auto line = printable(text);
  return text.empty() ? "-" : line.size() > kMost ? line.substr(0, kMost - 3) + "..." : line;
}

std::string range_of(const std::vector<double>& angles) {
  if (angles.empty()) return "";
  return fmt::format("{:.0f} to {:.0f}", angles.front(), angles.back());
}

void print_names(const char* what, const std::vector<std::string>& names, Terminal& terminal) {
  if (names.empty()) return;
  const auto some = std::span(names).first(std::min<size_t>(names.size(), 3));
  terminal.print(fmt::format("{}  {}: {}{}", what, names.size(), fmt::join(some, ", "),
                             names.size() > some.size() ? ", ..." : ""));
}

void print_difference(const pipelines::RunDifference& d, const DiffOptions& o, Terminal& terminal) {
  if (d.options.empty()) {
    terminal.print("options  the same");
  } else {
    TextTable table({Align::left, Align::left, Align::left});
    table.row({"option", printable(o.first), printable(o.second)});
    for (const auto& one : d.options)
      table.row({one.name, shown(one.first), shown(one.second)});
    print(table, terminal);
  }
  auto tensors = d.tensors;
  std::ranges::stable_sort(tensors, std::less(), [](const auto& t) { return std::isnan(t.cosine) ? 2 : t.cosine; });
  if (!tensors.empty()) {
    terminal.print("");
    TextTable table({Align::left, Align::right, Align::right, Align::right, Align::right, Align::right, Align::right});
    table.row({"learned", "norm", "norm", "difference", "cosine", "writes (degrees)", "reads (degrees)"});
    for (size_t i = 0; i < std::min(tensors.size(), kMostShown); ++i) {
      const auto& t = tensors[i];
      table.row({t.name, fmt::format("{:.3g}", t.first), fmt::format("{:.3g}", t.second),
                 fmt::format("{:.3g}", t.difference), std::isnan(t.cosine) ? "-" : fmt::format("{:.3f}", t.cosine),
                 range_of(t.written), range_of(t.read)});
    }
    print(table, terminal);
    if (tensors.size() > kMostShown)
      terminal.print(fmt::format("and {} more, less unlike; --json has them all", tensors.size() - kMostShown));
  }
  print_names("only in the first ", d.only_first, terminal);
  print_names("only in the second", d.only_second, terminal);
  print_names("of another shape  ", d.other_shape, terminal);
  terminal.print("");
  if (!d.predictions) {
    terminal.print(fmt::format("predictions  not compared: {}", d.no_predictions));
    return;
  }
  const auto& p = *d.predictions;
  terminal.print(
      fmt::format("predictions  of {} examples {} told otherwise; "
                  "right: both {}, only the first {}, only the "
                  "second {}, neither {}",
                  p.examples, p.told_otherwise, p.both, p.only_first, p.only_second, p.neither));
  terminal.print(
      fmt::format("             the second less the first: {:+.1f} points (95 "
                  "% interval {:.1f} to {:.1f}), "
                  "McNemar's mid-p {:.3g}",
                  100.0 * static_cast<double>(p.only_second - p.only_first) / static_cast<double>(p.examples),
                  100 * p.difference.low, 100 * p.difference.high, p.p));
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<DiffOptions>();
  arguments.take_positional("first", "run folder, or a folder with an adapter");
  arguments.take_positional("second", "another");
  if (!arguments.parse(terminal)) return 0;
  arguments.require("first", "a run folder");
  arguments.require("second", "another run folder");
  const auto options = arguments.get<DiffOptions>();
  const auto difference = pipelines::diff_runs(options.first, options.second);
  if (terminal.json()) {
    terminal.print(dump(with_notes(to_json(difference), terminal)));
  } else {
    print_difference(difference, options, terminal);
  }
  return 0;
}

}  // namespace

Command diff_command() {
  return {"diff",
          "Say what two runs differ in: options, what they learned, predictions.",
          "RUN RUN",
          "graft diff runs/pets runs/pets\n"
          "graft diff runs/pets runs/pets --json",
          run,
          [] { return describe_options<DiffOptions>(); }};
}

}  // namespace graft::cli
