#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/plugins/asked.h"
#include "graft/plugins/distillation/distillation.h"

#define DISTILLATION(name)              \
  namespace graft::plugins::name {      \
  extern const DistillationEntry entry; \
  }
#include "graft/plugins/distillation/distillation.def"
#undef DISTILLATION

namespace graft::plugins {

const std::vector<const DistillationEntry*>& distillations() {
#define DISTILLATION(name) &name::entry,
  static const std::vector<const DistillationEntry*> all = {
#include "graft/plugins/distillation/distillation.def"
  };
#undef DISTILLATION
  return all;
}

std::unique_ptr<Distillation> make_distillation(const std::string& text) {
  constexpr AskedKind kDistillations{.where = "distil",
                                     .one = "way to learn from a teacher",
                                     .expected = "one with its options, option=value, as in kl:temperature=4"};
  const auto asked = read_asked(kDistillations, distillations(), text);
  if (asked.size() == 1) return asked.front().entry->parse(asked.front().values);
  throw ConfigError("distil", "'{}': expected one way to learn from a teacher, got {}.", text, asked.size());
}

void check_weight(const char* distillation, const char* option, double weight) {
  if (weight >= 0 && std::isfinite(weight)) return;
  throw ConfigError(distillation, "--{}: expected 0 or more, got {}.", option, weight);
}

at::Tensor in_float(const at::Tensor& rows) {
  return rows.scalar_type() == at::kBFloat16 ? rows.to(at::kFloat) : rows;
}

}  // namespace graft::plugins
