#include <algorithm>

#include "graft/core/registry.h"
#include "graft/methods/combination.h"
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

bool fits(const Entry& entry, models::Model& model) {
  if (entry.promises.needs_text && !model.has_prompts()) return false;
  const auto kind = entry.promises.site;
  if (!kind || *kind == nn::SiteKind::head) return true;
  const auto joints = model.joints();
  return std::any_of(joints.begin(), joints.end(), [&](const nn::Joint* j) { return j->site().kind == *kind; });
}

std::unique_ptr<Method> make_method(const std::string& name, const OptionValues& values) {
  if (name.find('+') != std::string::npos) return combine(name, values);
  return find_entry(name).parse(values);
}

}  // namespace graft::methods
