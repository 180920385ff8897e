#include "graft/study/design.h"

namespace graft::study {

Design design_of(const Spec& spec) {
  Design design{.name = spec.name, .methods = {}, .columns = {}, .shots = spec.shots, .seeds = spec.seeds};
  design.question = spec.question;
  for (const auto& method : spec.methods) {
    design.methods.push_back(method.name);
    if (method.options.at("method") == kZeroShot) design.once.insert(method.name);
  }
  for (const auto& model : spec.models) {
    for (const auto& data : spec.data)
      design.columns.emplace_back(model.name, data.name);
  }
  return design;
}

}  // namespace graft::study
