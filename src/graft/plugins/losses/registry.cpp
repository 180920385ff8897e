#include <string_view>

#include "graft/core/registry.h"
#include "graft/plugins/losses/loss.h"
#include "graft/plugins/option_item.h"

#define LOSS(name)                 \
  namespace graft::plugins::name { \
  extern const LossEntry entry;    \
  }
#include "graft/plugins/losses/losses.def"
#undef LOSS

namespace graft::plugins {
namespace {

// "gamma=1,alpha=2"; what has no = goes on with the value before it: "weights=1,2,gamma=1".
OptionValues read_values(const std::string& where, std::string_view text) {
  OptionValues values;
  std::string* last = nullptr;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    if (last && item.find('=') == std::string_view::npos) {
      last->append(",").append(item);
    } else {
      last = &add_option(where, item, "option=value, as in focal:gamma=2", values);
    }
  }
  return values;
}

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
  const size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  return find_named("loss", "loss", losses(), name)
      .parse(read_values(name, colon == std::string::npos ? "" : std::string_view(text).substr(colon + 1)), setting);
}

}  // namespace graft::plugins
