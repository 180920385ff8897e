#include "graft/core/error.h"
#include "graft/plugins/asked.h"
#include "graft/plugins/losses/loss.h"

#define LOSS(name)                 \
  namespace graft::plugins::name { \
  extern const LossEntry entry;    \
  }
#include "graft/plugins/losses/losses.def"
#undef LOSS

namespace graft::plugins {
namespace {

constexpr AskedKind kKind{.where = "loss",
                          .one = "loss",
                          .expected = "a loss with its options, option=value, as in focal:gamma=2",
                          .lists = true};

}  // namespace

const std::vector<const LossEntry*>& losses() {
#define LOSS(name) &name::entry,
  static const std::vector<const LossEntry*> all = {
#include "graft/plugins/losses/losses.def"
  };
#undef LOSS
  return all;
}

std::unique_ptr<Loss> make_loss(const std::string& text, const LossSetting& setting) {
  const auto asked = read_asked(kKind, losses(), text);
  if (asked.size() == 1) return asked.front().entry->parse(asked.front().values, setting);
  throw ConfigError("loss", "'{}': expected one loss, got {}.", text, asked.size());
}

}  // namespace graft::plugins
