#include "graft/pipelines/features.h"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

#include "graft/core/error.h"
#include "graft/core/quantities.h"
#include "graft/data/photo_findings.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/example_list.h"
#include "graft/engine/photo_list.h"
#include "graft/engine/run_data.h"
#include "graft/engine/session.h"
#include "graft/models/sources.h"
#include "graft/nn/tensor_file.h"

namespace graft::pipelines {
FeatureTable features(const FeaturesOptions& options, const engine::Host& host, Reporter& report) {
  engine::ModelOptions wanted = options.model;
  engine::DataOptions data = options.data;
  if (!options.adapter.empty()) {
    const auto info = engine::read_adapter_info(options.adapter);
    wanted = model_of_run(info, wanted, report);
    data.clips = engine::clips_for(data.clips, options.adapter, info.frames);
  }
  if (!data.exif && !options.adapter.empty()) data.exif = engine::exif_of_run(options.adapter);
  const auto model = engine::open_model(wanted, host, report);
  const auto& tower = model->reader();
  const nn::Place place = tower.place_named("features", options.at);
  const auto images = std::make_shared<data::ImageCache>(data.exif.value_or(data::Exif::keep));
  if (tower.frames() > 0 && !data.clips.frames) data.clips.frames = tower.frames();
  const auto named = engine::list_examples(*model, data, options.split, *images, report);
  if (!data.max_length && !options.adapter.empty()) data.max_length = engine::max_length_of_run(options.adapter);
  const auto source = models::source_of(*model, named.dataset, named.samples,
                                        {.images = images,
                                         .clips = data::reading_of(data.clips),
                                         .frames = engine::frame_cache(data, host),
                                         .max_length = data.max_length,
                                         .workers = std::max<int64_t>(1, data.workers)},
                                        &report);
  std::optional<methods::Adapted> adapted;
  nn::Place unchanged = tower.last();
  if (!options.adapter.empty()) {
    adapted = engine::load_adapter(options.adapter, model, report, options.force_base);
    unchanged = methods::earliest_change(adapted->whole(), *model);
  }
  if (!tower.has_one_shape(place)) {
    throw UsageError("features", "--at {}: texts have as many tokens as they have, which is no table. Say pooled.",
                     options.at);
  }

  features::Encoder encoder(
      model, images, {.workers = data.workers, .cache_dir = data.cache ? host.cache_dir : std::filesystem::path()});
  FeatureTable table;
  for (int64_t i = 0; i < source->size(); ++i)
    table.files.push_back(source->name(i));
  const auto compute = [&] {
    return place <= unchanged ? encoder.features(*source, place, report) : encoder.compute(*source, place, report);
  };
  table.features =
      tower.name() == nn::Tower::text ? compute() : engine::refusing_unreadable(named.photos, data, *images, compute);
  data::report_findings(named.photos.paths, *images, report);
  if (!options.output.empty()) {
    const nlohmann::json files(table.files);
    nn::write_tensors(options.output, {{"features", table.features}},
                      {{"files", files.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)},
                       {"model", model->info().source},
                       {"fingerprint", model->info().fingerprint},
                       {"at", options.at}});
    const auto bytes = static_cast<int64_t>(std::filesystem::file_size(options.output));
    report.line("saved", fmt::format("{}  {} ({})", options.output, fmt::join(table.features.sizes(), " x "),
                                     format_bytes(bytes)));
  }
  return table;
}

}  // namespace graft::pipelines
