#include "graft/engine/features.h"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <optional>

#include "graft/core/error.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/evaluate.h"
#include "graft/engine/photo_list.h"
#include "graft/engine/session.h"
#include "graft/engine/tensor_file.h"
#include "graft/engine/words.h"

namespace graft::engine {

FeatureTable features(const FeaturesOptions& options, const Host& host, Reporter& report) {
  ModelOptions wanted = options.model;
  if (!options.adapter.empty()) wanted = model_of_run(read_adapter_info(options.adapter), wanted, report);
  DataOptions data = options.data;
  if (!data.exif && !options.adapter.empty()) data.exif = exif_of_run(options.adapter);
  PhotoList photos = list_photos(data, options.split);
  const auto model = open_model(wanted, host, report);
  const auto images = std::make_shared<data::ImageCache>(data.exif.value_or(data::Exif::keep));
  if (data.on_bad_file == data::OnBadFile::skip) photos = readable(std::move(photos), data, *images);
  report.line("data", photos.describe(data.data));
  const nn::Place place = model->reader().place_named("features", options.at);
  std::optional<Adapted> adapted;
  nn::Place unchanged = model->reader().last();
  if (!options.adapter.empty()) {
    adapted = load_adapter(options.adapter, model, report, options.force_base);
    unchanged = methods::earliest_change(adapted->adaptation, *model);
  }

  Encoder encoder(model, images,
                  {.workers = data.workers, .cache_dir = data.cache ? host.cache_dir : std::filesystem::path()});
  FeatureTable table;
  table.files = photos.files;
  table.features = refusing_unreadable(photos, data, *images, [&] {
    return place <= unchanged ? encoder.features(photos.paths, place, report)
                              : encoder.compute(photos.paths, place, report);
  });
  report_findings(photos.paths, *images, report);
  if (!options.output.empty()) {
    const nlohmann::json files(photos.files);
    write_tensors(options.output, {{"features", table.features}},
                  {{"files", files.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)},
                   {"model", model->info().source},
                   {"fingerprint", model->info().fingerprint},
                   {"at", options.at}});
    const auto bytes = static_cast<int64_t>(std::filesystem::file_size(options.output));
    report.line("saved", fmt::format("{}  {} ({})", options.output, fmt::join(table.features.sizes(), " x "),
                                     bytes_words(bytes)));
  }
  return table;
}

}  // namespace graft::engine
