// The families that can be read, or the sites that one model offers.
#include "graft/models/model.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/table.h"
#include "graft/core/error.h"
#include "graft/core/quantities.h"
#include "graft/engine/session.h"

namespace graft::cli {
namespace {

struct Options {
  std::string sites;
  std::string match;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("sites", o.sites, "model (folder, file or org/name) whose sites are listed: where a method can sit");
  visit("match", o.match,
        "list only sites that this pattern selects, as a method's --sites would: q,v or vision.blocks.*.mlp.fc1");
}

struct Row {
  std::string path;
  const nn::Site* site;
  int64_t in, out;
};

// Every site, and below a fused linear map its named slices, as a pattern sees them.
std::vector<Row> rows_of(models::Model& model, const std::string& pattern) {
  std::vector<Row> rows;
  const auto keep = [&](const std::string& path) { return pattern.empty() || nn::matches(pattern, path); };
  for (const auto* joint : model.joints()) {
    const nn::Site& site = joint->site();
    if (keep(site.path)) rows.push_back({site.path, &site, site.in, site.out});
    for (const auto& slice : site.slices) {
      const std::string path = site.path + "." + slice.name;
      if (keep(path)) rows.push_back({path, &site, site.in, slice.end - slice.begin});
    }
  }
  return rows;
}

// Of a rank 8, for a feeling of size: each linear map gets [8, in] and [out, 8], a convolution's in being a window's.
int64_t lora_parameters(const std::vector<Row>& rows, bool whole_maps_only) {
  constexpr int64_t kRank = 8;
  int64_t count = 0;
  for (const auto& row : rows) {
    if (row.site->kind != nn::SiteKind::linear && row.site->kind != nn::SiteKind::convolution) continue;
    if (whole_maps_only && row.path != row.site->path) continue;
    count += kRank * (row.in * row.site->window.taps() + row.out);
  }
  return count;
}

void list_sites(const Options& options, const Arguments& arguments, Terminal& terminal) {
  engine::ModelOptions model_options;
  model_options.model = options.sites;
  model_options.precision = "fp32";
  const auto model = engine::open_model(model_options, host_of(arguments), terminal);
  const auto rows = rows_of(*model, options.match);
  TextTable table({Align::left, Align::left, Align::right, Align::right, Align::left});
  table.row({"site", "kind", "in", "out", "place"});
  for (const auto& row : rows) {
    if (terminal.json()) {
      terminal.print(nlohmann::json{{"site", row.path},
                                    {"kind", nn::to_string(row.site->kind)},
                                    {"in", row.in},
                                    {"out", row.out},
                                    {"tower", nn::to_string(row.site->tower)},
                                    {"block", row.site->block},
                                    {"place", row.site->place}}
                         .dump());
    }
    table.row({row.path, nn::to_string(row.site->kind), std::to_string(row.in), std::to_string(row.out),
               row.site->block < 0 ? nn::to_string(row.site->tower)
                                   : fmt::format("{} block {}", nn::to_string(row.site->tower), row.site->block)});
  }
  if (rows.empty()) {
    throw UsageError("models", "no site of {} is selected by '{}'. Without --match all are listed.", options.sites,
                     options.match);
  }
  if (terminal.json()) return;
  print(table, terminal);
  const bool whole_maps_only = options.match.empty();  // without a pattern a map and its slices would count twice
  terminal.line("sites",
                fmt::format("{} · lora of rank 8 on the linear maps and convolutions among them would train {}",
                            rows.size(), format_count(lora_parameters(rows, whole_maps_only))));
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<Options>();
  if (!arguments.parse(terminal)) return 0;
  const auto options = arguments.get<Options>();
  if (!options.sites.empty()) {
    list_sites(options, arguments, terminal);
    return 0;
  }
  if (!options.match.empty()) throw UsageError("models", "--match wants --sites MODEL beside it.");
  TextTable table({Align::left, Align::left, Align::left});
  for (const auto& family : models::families()) {
    if (terminal.json())
      terminal.print(
          nlohmann::json{{"name", family.name}, {"summary", family.summary}, {"layouts", family.layouts}}.dump());
    table.row({family.name, family.summary, family.layouts});
  }
  if (terminal.json()) return 0;
  print(table, terminal);
  terminal.line("next", "graft models --sites MODEL shows where its methods can sit");
  return 0;
}

}  // namespace

Command models_command() {
  return {"models",
          "List the model families, or the sites that a model offers.",
          "[--sites MODEL [--match PATTERN]]",
          "graft models\n"
          "graft models --sites openai/clip-vit-base-patch16\n"
          "graft models --sites openai/clip-vit-base-patch16 --match 'vision.*.attn.q,v'",
          run,
          [] { return describe_options<Options>(); }};
}

}  // namespace graft::cli
