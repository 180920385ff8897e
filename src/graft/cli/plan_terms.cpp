#include "graft/cli/plan_terms.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/core/quantities.h"

namespace graft::cli {

nlohmann::json plan_terms(const planner::Plan& plan) {
  nlohmann::json terms = nlohmann::json::array();
  for (const auto& term : plan.terms)
    terms.push_back({{"name", term.name}, {"bytes", term.bytes}});
  return terms;
}

void print_plan_row(std::string_view name, const std::string& value, const std::string& note, Terminal& terminal) {
  terminal.print(fmt::format("  {:<36} {:>9}{}{}", name, value, note.empty() ? "" : "   ", note));
}

void print_plan_terms(const planner::Plan& plan, const std::string& note, Terminal& terminal) {
  for (const auto& term : plan.terms) {
    if (term.bytes != 0) print_plan_row(term.name, format_bytes(term.bytes), "", terminal);
  }
  print_plan_row("together", format_bytes(plan.bytes()), note, terminal);
}

}  // namespace graft::cli
