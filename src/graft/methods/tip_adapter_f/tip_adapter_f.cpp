#include "graft/methods/tip_adapter_f/tip_adapter_f.h"

namespace graft::methods::tip_adapter_f {

const Entry entry{
    .name = "tip-adapter-f",
    .summary = "the same cache, its keys trained",
    .paper = "Zhang et al. 2022, arXiv:2207.09519",
    .needs = {.sites = {nn::SiteKind::head}, .prompts = true, .targets = {data::Target::label}},
    .options = [] { return describe_options<photo_cache::Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<photo_cache::TipAdapter>(entry,
                                                       read_options<photo_cache::Options>("tip-adapter-f", values));
    },
};

}  // namespace graft::methods::tip_adapter_f
