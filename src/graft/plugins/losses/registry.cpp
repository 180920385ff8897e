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

void check_serves(const Loss& loss, const std::string& text, data::Target target) {
  if (loss.serves(target)) return;
  throw ConfigError(
      "train", "--loss {}: is {}. {}", text,
      loss.pairs() ? "of photos with captions, and here are classes" : "of classes, and here are captions",
      loss.pairs() ? "Leave it out, or read captions with --label-kind caption."
                   : "Leave it out, or take info-nce or siglip.");
}

std::unique_ptr<Loss> make_loss(const std::string& text, const LossSetting& setting) {
  const auto asked = read_asked(kKind, losses(), text);
  if (asked.size() == 1) return asked.front().entry->parse(asked.front().values, setting);
  throw ConfigError("loss", "'{}': expected one loss, got {}.", text, asked.size());
}

}  // namespace graft::plugins
