#include <algorithm>

#include "graft/core/registry.h"
#include "graft/methods/combination.h"
#include "graft/methods/entry.h"
#include "graft/methods/foreign.h"
#include "graft/methods/method.h"

#define METHOD(name)               \
  namespace graft::methods::name { \
  extern const Entry entry;        \
  }
#include "graft/methods/methods.def"
#undef METHOD

namespace graft::methods {

const std::vector<const Entry*>& entries() {
#define METHOD(name) &name::entry,
  static const std::vector<const Entry*> all = {
#include "graft/methods/methods.def"
  };
#undef METHOD
  return all;
}

const Entry& find_entry(const std::string& name) {
  return find_named("methods", "method", entries(), name);
}

bool fits(const Entry& entry, models::Model& model, int64_t frames) {
  if (entry.needs.prompts && !model.has_prompts()) return false;
  const auto& reader = model.reader();
  if (entry.needs.clips && (frames < 2 || reader.name() != nn::Tower::vision || reader.frames() > 0)) return false;
  const auto joints = model.joints();
  const auto is_there = [&](nn::SiteKind kind) {
    return kind == nn::SiteKind::head || std::ranges::any_of(joints, [&](auto* j) {
             return j->site().kind == kind && j->site().tower == entry.needs.tower.value_or(j->site().tower);
           });
  };
  const auto& kinds = entry.needs.sites;
  return entry.needs.any_site ? std::ranges::any_of(kinds, is_there) : std::ranges::all_of(kinds, is_there);
}

bool serves(const Entry& entry, data::Target target) {
  const auto& targets = entry.needs.targets;
  return targets.empty() || std::ranges::find(targets, target) != targets.end();
}

std::unique_ptr<Method> make_method(const std::string& name, const OptionValues& values) {
  if (name.find('+') != std::string::npos) return combine(name, values);
  return find_entry(name).parse(values);
}

}  // namespace graft::methods
