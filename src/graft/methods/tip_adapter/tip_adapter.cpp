#include "graft/methods/tip_adapter/tip_adapter.h"

namespace graft::methods::tip_adapter {

const Entry entry{
    .name = "tip-adapter",
    .summary = "photos' features as a cache beside a CLIP's class prompts, nothing trained",
    .paper = "Zhang et al. 2022, arXiv:2207.09519",
    .promises = {.trains = false},
    .needs = {.sites = {nn::SiteKind::head}, .prompts = true, .targets = {data::Target::label}},
    .options = [] { return describe_options<photo_cache::Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<photo_cache::TipAdapter>(entry,
                                                       read_options<photo_cache::Options>("tip-adapter", values));
    },
};

}  // namespace graft::methods::tip_adapter
