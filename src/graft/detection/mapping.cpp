#include "graft/detection/mapping.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "graft/core/atomic_file.h"
#include "graft/core/csv.h"
#include "graft/core/error.h"
#include "graft/core/options.h"
#include "graft/data/problems.h"
#include "graft/data/table.h"
#include "graft/text/text_file.h"

namespace graft::detection {
namespace {

constexpr std::string_view kTargets = "# targets: ", kBetween = " | ";  // one cell of a spreadsheet
const std::vector<std::string> kColumns = {"source",   "source_id", "source_name", "action", "target",      "relation",
                                           "together", "score",     "evidence",    "author", "alternatives"};

std::string joined_cells(const std::vector<std::string>& cells) {
  std::string line;
  for (const auto& cell : cells)
    line += (line.empty() && &cell == cells.data() ? "" : ",") + csv_cell(cell);
  return line;
}

// Of a line that has one cell, perhaps in quotes, and nothing but separators behind it.
std::string first_cell(std::string_view line, const std::string& name) {
  std::string cell;
  std::size_t at = 0;
  if (line.front() == '"') {
    for (at = 1; at < line.size(); ++at) {
      if (line[at] == '"' && (++at == line.size() || line[at] != '"')) break;  // a doubled quote is one
      cell += line[at];
    }
  } else {
    at = line.find_last_not_of(",;\t ") + 1;
    cell = line.substr(0, at);
  }
  if (line.find_first_not_of(",;\t ", at) != std::string_view::npos)
    throw DataError("mapping", "{}: line 1: expected the targets in one cell, with '{}' between.", name, kBetween);
  return cell;
}

// What the first line lists, where it begins so, quoted or not; it is cut off. Spreadsheets fill it up with commas.
std::optional<std::vector<std::string>> cut_targets(std::string& text, const std::string& name) {
  if (!text.starts_with(kTargets) && !text.starts_with("\"" + std::string(kTargets))) return std::nullopt;
  const auto end = std::min(text.find('\n'), text.size());
  const std::string cell = first_cell(std::string_view(text).substr(0, end), name);
  text.replace(0, end, std::string());  // the line break stays, and with it the numbers of lines
  std::vector<std::string> targets;
  if (cell.size() <= kTargets.size()) return targets;
  std::string_view left = std::string_view(cell).substr(kTargets.size());
  for (bool more = true; more;) {
    const auto bar = left.find(kBetween);
    targets.emplace_back(text::trimmed(left.substr(0, bar)));
    more = bar != std::string_view::npos;
    if (more) left.remove_prefix(bar + kBetween.size());
  }
  return targets;
}

template <class Choice>
std::optional<Choice> choice_of(const std::string& text, const std::string& column, std::size_t line,
                                data::Problems& problems) {
  Choice choice{};
  try {
    option::parse("mapping", column, text, choice);
  } catch (const ConfigError&) {
    problems.add("line {}: {} '{}' is none of {}.", line, column, text, option::type_of(choice));
    return std::nullopt;
  }
  return choice;
}

}  // namespace

std::vector<std::pair<Action, std::string>> choices(Action) {
  return {{Action::map, "map"}, {Action::drop, "drop"}, {Action::ambiguous, "ambiguous"}};
}

std::vector<std::pair<Relation, std::string>> choices(Relation) {
  return {{Relation::equal, "equal"}, {Relation::narrower, "narrower"}, {Relation::broader, "broader"}};
}

std::size_t Mapping::count(Action action) const {
  return static_cast<std::size_t>(std::ranges::count(rows, action, &MappingRow::action));
}

Mapping read_mapping(const std::filesystem::path& path) {
  Mapping mapping;
  data::Problems problems(path.string());
  std::string text = text::read_text_file(path);
  const auto listed = cut_targets(text, path.string());
  const auto table = data::parse_table(text, data::TableKind::csv, path.string());
  std::map<std::string, std::size_t> column;
  for (const auto& name : kColumns)
    if (const auto place = table.column(name)) column[name] = *place;
  for (const auto& name : table.columns) {
    if (std::ranges::find(kColumns, name) == kColumns.end())
      problems.add("column '{}' is not known. Known: {}.", name, fmt::join(kColumns, ", "));
  }
  for (const auto* needed : {"source", "source_name", "action", "target"}) {
    if (!column.contains(needed)) problems.add("has no column '{}'.", needed);
  }
  problems.throw_if_any();

  std::set<std::string> targets;
  if (listed) mapping.targets = *listed;
  for (const auto& target : mapping.targets)
    if (!targets.insert(target).second) problems.add("line 1: the target '{}' is there twice.", target);
  std::set<std::vector<std::string>> seen;
  for (const auto& cells : table.rows) {
    const auto cell = [&](const std::string& name) {
      const auto place = column.find(name);
      return place == column.end() ? std::string() : cells.cells[place->second];
    };
    MappingRow row;
    row.line = cells.line;
    row.source = cell("source");
    row.source_id = cell("source_id");
    row.source_name = cell("source_name");
    row.target = cell("target");
    row.evidence = cell("evidence");
    row.author = cell("author");
    row.alternatives = cell("alternatives");
    const auto action = choice_of<Action>(cell("action"), "action", row.line, problems);
    const auto relation = cell("relation").empty()
                              ? std::optional(Relation::equal)
                              : choice_of<Relation>(cell("relation"), "relation", row.line, problems);
    if (!action || !relation) continue;
    row.action = *action;
    row.relation = *relation;
    const auto together = cell("together");
    if (together != "" && together != "yes" && together != "no")
      problems.add("line {}: together '{}' is neither yes nor no.", row.line, together);
    row.together = together == "yes";
    if (const auto score = cell("score"); !score.empty()) {
      try {
        option::parse("mapping", "score", score, row.score);
      } catch (const ConfigError&) {
        problems.add("line {}: score '{}' is no number.", row.line, score);
      }
    }
    if (row.source.empty() || (row.source_name.empty() && row.source_id.empty()))
      problems.add("line {}: says no source, or neither id nor name of its class.", row.line);
    if (row.action == Action::map && row.target.empty())
      problems.add("line {}: '{}' is mapped to no target.", row.line, row.source_name);
    if (row.action == Action::map && row.relation == Relation::broader)
      problems.add(
          "line {}: '{}' is broader than '{}': its boxes may be others. Drop it, or map it to a broader target.",
          row.line, row.source_name, row.target);
    if (row.together && row.relation != Relation::narrower)
      problems.add("line {}: only narrower classes can be a target together.", row.line);
    if (!seen.insert({row.source, row.source_id, row.source_name}).second)
      problems.add("line {}: '{}' of {} is there twice.", row.line, row.source_name, row.source);
    if (!row.target.empty() && !targets.contains(row.target)) {
      if (listed) {
        problems.add("line {}: the target '{}' is not in the list of line 1.", row.line, row.target);
      } else if (row.action == Action::map) {
        targets.insert(row.target);
        mapping.targets.push_back(row.target);
      }
    }
    mapping.rows.push_back(std::move(row));
  }
  problems.throw_if_any();
  if (mapping.targets.empty()) throw DataError("mapping", "{}: maps nothing.", path.string());
  return mapping;
}

void write_mapping(const Mapping& mapping, const std::filesystem::path& path) {
  for (const auto& target : mapping.targets) {
    if (target.find(kBetween) != std::string::npos)
      throw DataError("mapping", "the target '{}' has '{}' in it, which stands between targets.", target, kBetween);
  }
  std::string text = csv_cell(std::string(kTargets) + fmt::format("{}", fmt::join(mapping.targets, kBetween))) + "\n" +
                     joined_cells(kColumns) + "\n";
  for (const MappingRow& row : mapping.rows) {
    text += joined_cells({row.source, row.source_id, row.source_name, option::print(row.action), row.target,
                          option::print(row.relation), row.together ? "yes" : "",
                          row.score > 0 ? fmt::format("{:.3g}", row.score) : "", row.evidence, row.author,
                          row.alternatives}) +
            "\n";
  }
  write_file_atomically(path, text);
}

std::vector<const MappingRow*> rows_of(const Mapping& mapping, const std::string& source, const Set& set) {
  std::vector<const MappingRow*> rows(set.categories.size());
  data::Problems problems("the mapping of " + source);
  for (const MappingRow& row : mapping.rows) {
    if (row.source != source) continue;
    std::vector<std::size_t> meant;
    for (std::size_t k = 0; k < set.categories.size(); ++k) {
      const Category& category = set.categories[k];
      const bool by_id =
          row.source_id.empty() || row.source_id == fmt::format("{}", category.id) || row.source_id == category.synset;
      if (by_id && (row.source_name.empty() || row.source_name == category.name)) meant.push_back(k);
    }
    if (meant.size() == 1 && rows[meant.front()] == nullptr) {
      rows[meant.front()] = &row;
    } else if (meant.empty()) {
      problems.add("line {}: the set has no class '{}'{}.", row.line, row.source_name,
                   row.source_id.empty() ? "" : fmt::format(" with id {}", row.source_id));
    } else {
      problems.add("line {}: '{}' {}.", row.line, row.source_name,
                   meant.size() > 1 ? "means several classes of the set: source_id tells them apart"
                                    : "is the class of an earlier line too");
    }
  }
  for (std::size_t k = 0; k < rows.size(); ++k) {
    if (rows[k] == nullptr)
      problems.add("the class '{}' (id {}) has no row. `graft data map` proposes one.", set.categories[k].name,
                   set.categories[k].id);
  }
  problems.throw_if_any();
  return rows;
}

}  // namespace graft::detection
