#include "graft/methods/places.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "graft/core/names.h"
#include "graft/methods/entry.h"
#include "graft/models/feature_model.h"
#include "graft/nn/norm.h"

namespace graft::methods {
namespace {

std::string plural(nn::SiteKind kind, int64_t count) {
  switch (kind) {
    case nn::SiteKind::linear:
      return fmt::format("{} linear map{}", count, count == 1 ? "" : "s");
    case nn::SiteKind::convolution:
      return fmt::format("{} convolution{}", count, count == 1 ? "" : "s");
    case nn::SiteKind::sublayer:
      return fmt::format("{} sub-layer{}", count, count == 1 ? "" : "s");
    case nn::SiteKind::tokens:
      return fmt::format("{} token site{}", count, count == 1 ? "" : "s");
    case nn::SiteKind::key_values:
      return fmt::format("{} site{} of keys and values", count, count == 1 ? "" : "s");
    case nn::SiteKind::maps:
      return fmt::format("{} site{} of maps", count, count == 1 ? "" : "s");
    case nn::SiteKind::words:
      return "prompt words";
    case nn::SiteKind::head:
      return "a classifier";
  }
  GRAFT_ASSERT(false);
}

std::string in_words(nn::SiteKind kind) {
  switch (kind) {
    case nn::SiteKind::linear:
      return "linear maps";
    case nn::SiteKind::convolution:
      return "convolutions";
    case nn::SiteKind::sublayer:
      return "sub-layers";
    case nn::SiteKind::tokens:
      return "token sites";
    case nn::SiteKind::key_values:
      return "keys and values";
    case nn::SiteKind::maps:
      return "maps";
    case nn::SiteKind::words:
      return "prompt words";
    case nn::SiteKind::head:
      return "classifier";
  }
  GRAFT_ASSERT(false);
}

}  // namespace

std::vector<std::pair<Towers, std::string>> choices(Towers) {
  return {{Towers::reader, "reader"}, {Towers::vision, "vision"}, {Towers::text, "text"}, {Towers::both, "both"}};
}

bool contains(Towers towers, nn::Tower tower, const models::Model& model) {
  if (towers == Towers::reader) return tower == model.reader().name();
  switch (tower) {
    case nn::Tower::vision:
      return towers != Towers::text;
    case nn::Tower::text:
      return towers != Towers::vision;
    case nn::Tower::head:
      return false;
  }
  return false;
}

void check_towers(const std::string& method, Towers towers, const models::Model& model, const models::Head& head) {
  const auto& info = model.info();
  const bool images = model.tower(nn::Tower::vision), texts = model.tower(nn::Tower::text);
  if (towers == Towers::vision && !images) {
    throw ModelError(method, "--tower vision: {} has no image tower. Leave the option out.", info.source);
  }
  if (towers == Towers::text && (!texts || !info.no_text.empty())) {
    throw ModelError(method, "--tower text: {} {}. Leave the option out, or take a CLIP.", info.source,
                     info.no_text.empty() ? "has no text tower" : "is read for its images alone");
  }
  const bool changes_texts = towers == Towers::text || towers == Towers::both;
  if (changes_texts && images && texts && !head.reads_texts()) {
    throw ConfigError(method,
                      "--tower {}: with a linear head no text is read. Say --tower vision, or --classifier prompts.",
                      option::print(towers));
  }
}

ModelError lacks(const std::string& method, models::Model& model, const std::string& what) {
  std::map<nn::SiteKind, int64_t> offered;
  for (const auto* joint : model.joints())
    ++offered[joint->site().kind];
  std::vector<std::string> offers, fitting;
  for (const auto& [kind, count] : offered)
    offers.push_back(plural(kind, count));
  for (const Entry* entry : entries()) {
    if (entry->name != method && fits(*entry, model)) fitting.emplace_back(entry->name);
  }
  std::sort(fitting.begin(), fitting.end());
  if (offers.empty()) offers.emplace_back("none of any kind");
  const auto& why = model.info().no_text;
  return ModelError(method, "{} has no {} (it offers: {}{}). Methods that fit: {}.", model.info().source, what,
                    fmt::join(offers, ", "), why.empty() ? "" : "; graft reads its images alone: " + why,
                    fmt::join(fitting, ", "));
}

void check_needs(const Entry& entry, const Setting& setting, const std::string& text_for) {
  if (entry.needs.clips && !fits(entry, *setting.model, setting.frames)) {
    throw lacks(entry.name, *setting.model,
                setting.model->reader().frames() > 0                  ? "frames of its own: it works over time itself"
                : setting.model->reader().name() != nn::Tower::vision ? "image tower that reads frames"
                : setting.frames < 2 ? "frames to put side by side: --data of clips, with --frames 2 or more, has"
                                     : "sites in its blocks");
  }
  if (entry.needs.prompts && !setting.model->has_prompts()) {
    if (setting.model->info().family == models::kFeatureFamily) {
      throw ModelError(entry.name,
                       "{} has no class_features, a row of the same width for each class, which stand for the class "
                       "prompts. Add them to the file (.npz or .safetensors), or take linear-probe or clip-adapter.",
                       setting.model->info().source);
    }
    throw lacks(entry.name, *setting.model, "text tower" + text_for);
  }
  const auto target = setting.target;
  if (serves(entry, target)) return;
  std::vector<std::string> able;
  for (const Entry* other : entries()) {
    if (serves(*other, target) && fits(*other, *setting.model, setting.frames)) able.emplace_back(other->name);
  }
  const char* told = target == data::Target::label     ? "one class is told of each example"
                     : target == data::Target::labels  ? "several classes are told of an example"
                     : target == data::Target::caption ? "a caption is told of each photo"
                     : target == data::Target::mask    ? "a class is told of each pixel"
                                                       : "numbers are told of each example";
  throw ConfigError(entry.name, "here {}, from which it does not learn. Methods that can: {}.", told,
                    fmt::join(able, ", "));
}

std::vector<const nn::Site*> sites_of(const std::string& method, models::Model& model,
                                      const std::vector<nn::SiteKind>& kinds, Towers towers) {
  std::vector<const nn::Site*> sites;
  for (const auto* joint : model.joints()) {
    const auto& site = joint->site();
    if (std::ranges::find(kinds, site.kind) != kinds.end() && contains(towers, site.tower, model))
      sites.push_back(&site);
  }
  if (!sites.empty()) return sites;
  std::vector<std::string> words;
  for (const auto kind : kinds)
    words.push_back(in_words(kind));
  const bool elsewhere = std::ranges::any_of(
      model.joints(), [&](const auto* joint) { return std::ranges::find(kinds, joint->site().kind) != kinds.end(); });
  throw lacks(method, model,
              fmt::format("{}{}", fmt::join(words, " or "),
                          elsewhere ? " where they are looked for (--tower, or the tower that the method is of)" : ""));
}

std::vector<std::string> parameters_where(models::Model& model, Towers towers,
                                          bool (*passes)(const std::string& name)) {
  std::vector<std::string> names;
  for (const auto& parameter : model.named_parameters()) {
    if (contains(towers, model.tower_of(parameter.key()), model) && passes(parameter.key()))
      names.push_back(parameter.key());
  }
  return names;
}

std::vector<std::string> norm_parameters(models::Model& model, Towers towers) {
  std::vector<std::string> names;
  for (const auto& module : model.named_modules()) {
    if (!dynamic_cast<const nn::Norm*>(module.value().get())) continue;
    for (const auto& parameter : module.value()->named_parameters(/*recurse=*/false)) {
      const std::string name = module.key() + "." + parameter.key();
      if (contains(towers, model.tower_of(name), model)) names.push_back(name);
    }
  }
  return names;
}

Located locate(models::Model& model, models::Head* head, const std::string& path) {
  if (head && path == head->joint().site().path) return {&head->joint(), nullptr};
  std::vector<std::string> known;
  for (auto* joint : model.joints()) {
    const nn::Site& site = joint->site();
    if (site.path == path) return {joint, nullptr};
    known.push_back(site.path);
    if (!path.starts_with(site.path + ".")) continue;
    for (const auto& slice : site.slices) {
      if (site.path + "." + slice.name == path) return {joint, &slice};
      known.push_back(site.path + "." + slice.name);
    }
  }
  const auto near = nearest_name(path, known);
  throw ModelError("methods", "{} has no site '{}'.{}", model.info().source, path,
                   near ? fmt::format(" Did you mean '{}'?", *near) : "");
}

std::string checkpoint_path(models::Model& model, const std::string& path) {
  if (path == "head") return path;
  const auto [joint, slice] = locate(model, nullptr, path);
  const nn::Site& site = joint->site();
  if (slice && !slice->checkpoint.empty()) return slice->checkpoint;
  const std::string& module = site.checkpoint.empty() ? site.path : site.checkpoint;
  return slice ? module + "." + slice->name : module;
}

}  // namespace graft::methods
