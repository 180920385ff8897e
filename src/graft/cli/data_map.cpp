#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/named_sets.h"
#include "graft/cli/results.h"
#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/data/table.h"
#include "graft/detection/class_list.h"
#include "graft/detection/class_tree.h"
#include "graft/detection/mapping_proposals.h"
#include "graft/report/mapping_page.h"

namespace graft::cli {
namespace {

struct DataMapOptions {
  std::vector<std::string> sets;
  std::string to = "union";
  std::string format;
  std::string thesaurus;
  std::string parents;
  std::vector<std::string> rows;
  double rows_from = detection::ProposalOptions{}.rows_from;
  std::string output;
  std::string html;
};
template <class Visitor>
void fields(Visitor& visit, DataMapOptions& o) {
  visit("sets", o.sets, "sets, or lists of classes (.txt, .json), as NAME:PATH or PATH");
  visit("to", o.to, "the targets: union of the sets' classes, bigdetection's 600, or a file that lists them");
  visit("format", o.format, "format of the sets (default: what each looks like)");
  visit("thesaurus", o.thesaurus,
        "classes with synonyms and synsets beside the sets' own: LVIS's annotations or its list of categories");
  visit("parents", o.parents,
        "which classes hold which: a table with the columns child and parent, names both, or OpenImages' hierarchy "
        "(.json), "
        "whose machine ids the sets' synsets are");
  visit("rows", o.rows, "rows of a text encoder for a set's classes in their order, [classes, width]: NAME:FILE.npy");
  visit("rows-from", o.rows_from, "cosine of two rows from which one proposes the other");
  visit("output", o.output, "the mapping to write, a CSV file");
  visit("html", o.html, "a page to review it by");
}

std::vector<detection::ClassList> read_lists(const DataMapOptions& options, Terminal& terminal) {
  std::vector<detection::ClassList> lists;
  auto rows = named_paths(options.rows, "data map");
  for (const auto& named : named_paths(options.sets, "data map")) {
    detection::Findings findings;
    detection::ClassList list{named.name, detection::read_classes(named.path, findings, options.format)};
    findings.refuse(named.path.string());
    tell(findings, named.path.string(), terminal);
    const auto of = std::ranges::find(rows, named.name, &NamedPath::name);
    if (of != rows.end()) {
      list.rows = detection::read_rows(of->path, list.categories.size());
      rows.erase(of);
    }
    terminal.line(named.name,
                  fmt::format("{} classes{}", list.categories.size(), list.rows.empty() ? "" : " with rows"));
    lists.push_back(std::move(list));
  }
  if (!rows.empty()) throw UsageError("data map", "--rows names '{}', and no set is called so.", rows.front().name);
  return lists;
}

// OpenImages' hierarchy is of machine ids, which its classes have as synsets: by their names where they have one.
std::vector<std::pair<std::string, std::string>> named_parents(const detection::ClassTree& tree,
                                                               const std::vector<detection::ClassList>& lists) {
  std::map<std::string, std::string> names;
  for (const auto& list : lists)
    for (const auto& category : list.categories)
      if (category.synset.starts_with('/')) names[category.synset] = category.name;
  const auto name_of = [&](const std::string& id) {
    const auto found = names.find(id);
    return found == names.end() ? id : found->second;
  };
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [child, parents] : tree.parents())
    for (const auto& parent : parents)
      pairs.emplace_back(name_of(child), name_of(parent));
  return pairs;
}

std::vector<std::pair<std::string, std::string>> read_parents(const std::string& file,
                                                              const std::vector<detection::ClassList>& lists) {
  if (file.ends_with(".json")) {
    detection::ClassTree tree;
    tree.read(file);
    return named_parents(tree, lists);
  }
  const auto table = data::read_table(file);
  const auto child = table.column("child"), parent = table.column("parent");
  if (!child || !parent) throw DataError("data map", "{}: expected the columns child and parent.", file);
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& row : table.rows)
    pairs.emplace_back(row.cells[*child], row.cells[*parent]);
  return pairs;
}

detection::ProposalOptions proposal_options(const DataMapOptions& options,
                                            const std::vector<detection::ClassList>& lists, Terminal& terminal) {
  detection::ProposalOptions proposal;
  proposal.rows_from = options.rows_from;
  if (!options.thesaurus.empty()) {
    detection::Findings findings;
    proposal.thesaurus = detection::read_classes(options.thesaurus, findings);
    tell(findings, options.thesaurus, terminal);
  }
  if (!options.parents.empty()) proposal.parents = read_parents(options.parents, lists);
  return proposal;
}

void write_page(const detection::Mapping& mapping, const std::string& file) {
  std::vector<report::MappedClass> classes;
  for (const auto& row : mapping.rows)
    classes.push_back({row.source, row.source_name, option::print(row.action), row.target, option::print(row.relation),
                       row.evidence, row.alternatives, "", row.score});
  write_file_atomically(
      file, report::mapping_page(fmt::format("{} classes to {} targets", mapping.rows.size(), mapping.targets.size()),
                                 mapping.targets, classes));
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<DataMapOptions>();
  arguments.take_positional("sets", "sets or lists of classes", true);
  if (!arguments.parse(terminal)) return 0;
  arguments.require("output", "the mapping to write");
  auto options = arguments.get<DataMapOptions>();
  options.sets = arguments.positionals();
  if (options.sets.empty())
    throw UsageError("data map", "expected sets. usage: graft data map SET ... --to TARGETS -o mapping.csv");
  const auto lists = read_lists(options, terminal);
  const auto proposal = proposal_options(options, lists, terminal);
  detection::Mapping mapping;
  if (options.to == "union") {
    mapping = detection::propose_union(lists, proposal);
  } else if (options.to == "bigdetection") {
    mapping = detection::propose_mapping(lists, detection::bigdetection_classes(), proposal);
  } else {
    detection::Findings findings;
    const auto targets = detection::read_classes(options.to, findings);
    findings.refuse(options.to);
    mapping = detection::propose_mapping(lists, targets, proposal);
  }
  detection::write_mapping(mapping, options.output);
  if (!options.html.empty()) write_page(mapping, options.html);

  nlohmann::json json = {{"targets", mapping.targets.size()}, {"sets", nlohmann::json::object()}};
  for (const auto& list : lists) {
    std::map<detection::Action, std::size_t> count;
    for (const auto& row : mapping.rows)
      if (row.source == list.source) ++count[row.action];
    json["sets"][list.source] = {{"classes", list.categories.size()},
                                 {"mapped", count[detection::Action::map]},
                                 {"ambiguous", count[detection::Action::ambiguous]},
                                 {"dropped", count[detection::Action::drop]}};
    if (!terminal.json())
      terminal.print(fmt::format("{}: {} of {} classes mapped, {} to decide, {} dropped", list.source,
                                 count[detection::Action::map], list.categories.size(),
                                 count[detection::Action::ambiguous], count[detection::Action::drop]));
  }
  if (terminal.json()) terminal.print(dump(with_notes(std::move(json), terminal)));
  terminal.line("saved", options.output + (options.html.empty() ? "" : ", " + options.html));
  return 0;
}

}  // namespace

Command data_map_command() {
  return {"data map",
          "Propose which class of which set becomes which class of a merged one.",
          "SET ... --to TARGETS -o mapping.csv",
          "graft data map coco:a.json lvis:b.json -o mapping.csv\n"
          "graft data map lvis.json o365:objects365.txt --to bigdetection -o mapping.csv --html review.html",
          run,
          [] { return describe_options<DataMapOptions>(); }};
}

}  // namespace graft::cli
