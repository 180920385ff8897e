#include "graft/engine/features.h"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <optional>

#include "graft/core/error.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/evaluate.h"
#include "graft/engine/photo_list.h"
#include "graft/engine/session.h"
#include "graft/engine/tensor_file.h"
#include "graft/engine/words.h"

namespace graft::engine {

nn::Place parse_place(const std::string& word, const models::Model& model) {
  constexpr std::string_view kBlock = "block.";
  if (word == "pixels") return 0;
  if (word == "tokens") return 1;
  if (word == "pooled") return model.pooled();
  if (word == "projected") return model.projected();
  int64_t block = -1;
  if (word.starts_with(kBlock)) {
    const char* const end = word.data() + word.size();
    const auto parsed = std::from_chars(word.data() + kBlock.size(), end, block);
    if (parsed.ec != std::errc() || parsed.ptr != end) block = -1;
  }
  if (block < 0 || block >= model.blocks()) {
    throw UsageError("features",
                     "no place '{}' in {}: expected pixels, tokens, block.0 to block.{}, pooled or projected.", word,
                     model.info().description, model.blocks() - 1);
  }
  return 2 + block;
}

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
  const nn::Place place = parse_place(options.at, *model);
  std::optional<Adapted> adapted;
  nn::Place unchanged = model->projected();
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
