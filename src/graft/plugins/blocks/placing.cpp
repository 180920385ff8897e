#include "graft/plugins/blocks/placing.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/plugins/asked.h"
#include "graft/plugins/blocks/block.h"

namespace graft::plugins {
namespace {

constexpr const char* kPath = "path";       // the part of a residual block that a site is
constexpr const char* kTokensPath = "mlp";  // likewise in a ViT

constexpr AskedKind kKind{.where = "block",
                          .one = "block",
                          .expected = "a block with its options, as in nonlocal:at=layer3.1,se",
                          .lists = true};

std::vector<Asked<BlockEntry>> read_blocks(const std::string& text) {
  auto asked = read_asked(kKind, blocks(), text);
  if (asked.empty()) throw ConfigError("block", "'' names no block. Leave --block out, or name one.");
  for (size_t i = 0; i < asked.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (asked[i].entry != asked[j].entry) continue;
      throw UsageError("block", "'{}' is named twice. Name it once; at= may name several places.",
                       asked[i].entry->name);
    }
  }
  return asked;
}

// Residual blocks in their order: what is behind each, or its path.
std::vector<const nn::Site*> sites_of(models::Model& model, bool behind) {
  std::vector<const nn::Site*> sites;
  for (const auto* joint : model.joints()) {
    const auto& site = joint->site();
    if (site.kind == nn::SiteKind::maps && (site.part == kPath) != behind) sites.push_back(&site);
  }
  return sites;
}

// Of a ViT the paths of its MLPs, where channels are mixed as a ResNet's paths mix them.
std::vector<const nn::Site*> token_sites(models::Model& model) {
  std::vector<const nn::Site*> sites;
  for (const auto* joint : model.joints()) {
    const auto& site = joint->site();
    if (site.kind == nn::SiteKind::sublayer && site.tower == nn::Tower::vision && site.part == kTokensPath)
      sites.push_back(&site);
  }
  return sites;
}

std::string block_name(const nn::Site& site) {
  return fmt::format("blocks.{}", site.block);
}

bool is_named(const std::string& pattern, const nn::Site& site) {
  const auto name = block_name(site);
  return nn::matches(pattern, name) || nn::matches(pattern, "vision." + name) || nn::matches(pattern, site.checkpoint);
}

std::vector<const nn::Site*> named_sites(const BlockEntry& entry, const std::string& at, models::Model& model,
                                         const std::vector<const nn::Site*>& sites) {
  std::vector<std::string> known;
  for (const auto* site : sites) {
    known.push_back(block_name(*site));
    known.push_back(site->checkpoint);
  }
  std::vector<const nn::Site*> found;
  std::string_view rest = at;
  while (!rest.empty()) {
    const std::string item(next_item(rest));
    const auto before = found.size();
    std::ranges::copy_if(sites, std::back_inserter(found), [&](const auto* site) {
      return is_named(item, *site) && std::ranges::find(found, site) == found.end();
    });
    if (found.size() > before || std::ranges::any_of(found, [&](const auto* site) { return is_named(item, *site); }))
      continue;
    const auto near = nearest_name(item, known);
    throw ModelError("block", "--block {}:at={}: {} has no residual block of that name.{} It has {} to {}.", entry.name,
                     item, model.info().source, near ? fmt::format(" Did you mean '{}'?", *near) : "",
                     block_name(*sites.front()), block_name(*sites.back()));
  }
  std::ranges::sort(found, {}, [](const auto* site) { return site->block; });
  return found;
}

std::vector<std::string> names_on_tokens() {
  std::vector<std::string> names;
  for (const auto* entry : blocks()) {
    if (!entry->not_on_tokens) names.emplace_back(entry->name);
  }
  return names;
}

std::vector<const nn::Site*> sites_for(const BlockEntry& entry, const Block& block, models::Model& model) {
  auto sites = sites_of(model, block.stands_behind());
  if (sites.empty()) sites = token_sites(model);
  if (sites.empty()) {
    throw ModelError(
        "block",
        "--block {}: {} ({}) has neither residual blocks of maps nor a ViT's blocks, where it would stand. "
        "Take a ResNet or a ViT.",
        entry.name, model.info().source, model.info().description);
  }
  if (entry.not_on_tokens && sites.front()->kind != nn::SiteKind::maps) {
    throw ModelError("block", "--block {}: {} ({}) computes tokens: {}. Take {}, or a ResNet.", entry.name,
                     model.info().source, model.info().description, entry.not_on_tokens,
                     fmt::join(names_on_tokens(), " or "));
  }
  if (!block.at().empty()) return named_sites(entry, block.at(), model, sites);
  std::vector<int64_t> widths;
  for (const auto* site : sites)
    widths.push_back(site->out);
  std::vector<const nn::Site*> usual;
  for (const auto place : block.usual_places(widths))
    usual.push_back(sites.at(place));
  return usual;
}

}  // namespace

void check_blocks(const std::string& text) {
  for (const auto& asked : read_blocks(text))
    asked.entry->parse(asked.values);
}

std::vector<methods::Binding> place_blocks(const std::string& text, models::Model& model, const Random& random) {
  std::vector<methods::Binding> bindings;
  for (const auto& asked : read_blocks(text)) {
    const auto block = asked.entry->parse(asked.values);
    for (const auto* site : sites_for(*asked.entry, *block, model)) {
      Random own = random.fork(asked.entry->name).fork(site->path);
      bindings.push_back({block->make(site->out, own), {site->path}, asked.entry->name});
    }
  }
  return bindings;
}

}  // namespace graft::plugins
