#include "graft/methods/projection/projection.h"

#include <algorithm>

#include "graft/core/error.h"
#include "graft/methods/places.h"

namespace graft::methods::projection {
namespace {

class Projection final : public MethodWith<Options> {
 public:
  explicit Projection(Options options) : MethodWith(options) {
    if (options_.width && *options_.width < 1)
      throw ConfigError("projection", "--width: expected 1 or more, got {}.", *options_.width);
  }

  std::string name() const override { return entry.name; }

  HeadWish head(const Setting& setting) const override {
    const auto& model = *setting.model;
    const auto* texts = model.tower(nn::Tower::text);
    const auto images = model.reader().width(model.reader().last());
    return {.projected = options_.width.value_or(texts ? std::min(images, texts->width(texts->last())) : images)};
  }

  Recipe recipe(const Setting&) const override {
    return {.lr = 1e-3, .weight_decay = 1e-2, .epochs = 30, .batch_size = 128};
  }

  Adaptation attach(const Setting& setting, models::Head&, Random&) const override {
    check_needs(entry, setting);
    return {};
  }
};

}  // namespace

const Entry entry{
    .name = "projection",
    .summary = "linear maps behind two frozen towers that join photos and captions",
    .paper = "Zhai et al. 2022, arXiv:2111.07991",
    .needs = {.targets = {data::Target::caption}},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<Projection>(read_options<Options>("projection", values));
    },
    .size_option = "width",
};

}  // namespace graft::methods::projection
