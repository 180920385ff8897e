#include "graft/report/mapping_page.h"

#include <fmt/format.h>

#include <map>

#include "graft/report/html.h"

namespace graft::report {
namespace {

std::string table(const std::vector<std::string>& heads, const std::string& rows) {
  std::string head;
  for (const auto& one : heads)
    head += "<th>" + escape(one) + "</th>";
  return "<div class=\"wide\"><table><thead><tr>" + head + "</tr></thead><tbody>\n" + rows + "</tbody></table></div>";
}

std::string row(const std::vector<std::string>& cells) {
  std::string text = "<tr>";
  for (const auto& cell : cells)
    text += "<td>" + escape(cell) + "</td>";
  return text + "</tr>\n";
}

}  // namespace

std::string mapping_page(const std::string& subtitle, const std::vector<std::string>& targets,
                         const std::vector<MappedClass>& classes) {
  std::map<std::string, std::vector<const MappedClass*>> fed;
  std::string undecided, dropped, mapped, unfed;
  std::size_t open = 0, left = 0, kept = 0, empty = 0;
  for (const auto& one : classes) {
    if (one.action == "map") {
      fed[one.target].push_back(&one);
      ++kept;
    } else if (one.action == "drop") {
      dropped += row({one.source, one.name, one.count, one.evidence});
      ++left;
    } else {
      undecided += row({one.source, one.name, one.count, one.target, one.relation, fmt::format("{:.2f}", one.score),
                        one.evidence, one.alternatives});
      ++open;
    }
  }
  for (const auto& target : targets) {
    const auto found = fed.find(target);
    if (found == fed.end()) {
      unfed += (unfed.empty() ? "" : ", ") + escape(target);
      ++empty;
      continue;
    }
    bool first = true;
    for (const auto* one : found->second) {
      mapped += row({first ? target : "", one->source, one->name, one->count, one->relation, one->evidence});
      first = false;
    }
  }
  std::string body = "<header><h1>graft data map</h1><p class=\"soft\">" + escape(subtitle) + "</p></header>\n";
  body += section("In short", facts_table({{"mapped", std::to_string(kept)},
                                           {"to decide", std::to_string(open)},
                                           {"dropped", std::to_string(left)},
                                           {"targets", std::to_string(targets.size())},
                                           {"targets without a class", std::to_string(empty)}}));
  if (!undecided.empty())
    body += section("To decide",
                    table({"set", "class", "boxes", "perhaps", "relation", "score", "why", "others"}, undecided));
  body += section("Mapped", table({"target", "set", "class", "boxes", "relation", "why"}, mapped));
  if (!dropped.empty()) body += section("Dropped", table({"set", "class", "boxes", "why"}, dropped));
  if (!unfed.empty()) body += section("Targets without a class", "<p>" + unfed + "</p>");
  return page("graft data map", body);
}

}  // namespace graft::report
