#include "graft/pipelines/discover.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "graft/core/error.h"
#include "graft/discovery/clustering/clustering.h"
#include "graft/discovery/refinement/refinement.h"
#include "graft/discovery/saliency/saliency.h"
#include "graft/engine/session.h"
#include "graft/pipelines/discovery/stages.h"
#include "graft/pipelines/stored_discovery.h"
#include "graft/tensor/precision.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;

engine::PhotoList photos_of(const DiscoverOptions& options, data::ImageCache& images) {
  if (!fs::is_directory(options.images))
    throw DataError("images", "{} is no folder: expected one with photos in it.", options.images);
  engine::DataOptions data;
  data.data = options.images;
  data.on_bad_file = options.on_bad_file;
  data.workers = options.workers;
  auto photos = engine::readable(engine::list_photos(data, ""), data, images);
  std::map<std::string, std::string> seen;
  for (const auto& name : photos.files) {
    const auto [other, is_new] = seen.try_emplace(fs::path(name).replace_extension().string(), name);
    if (!is_new)
      throw DataError("images", "{} and {} would have one mask: expected names that differ before their endings.",
                      other->second, name);
  }
  return photos;
}

void check(const DiscoverOptions& options) {
  discovery::make_saliency(options.saliency);  // each says what is wrong with it
  discovery::make_refinement(options.refine);
  discovery::make_clustering(options.clustering);
  const auto positive = [](const char* name, const std::optional<int64_t>& value) {
    if (value && *value < 1) throw ConfigError("discover", "--{} {}: expected 1 or more.", name, *value);
  };
  positive("saliency-side", options.saliency_side);
  positive("crop-size", options.crop_size);
  if (options.region.threshold < 0 || options.region.threshold >= 1)
    throw ConfigError("discover", "--threshold {}: expected from 0 to below 1.", options.region.threshold);
  positive("regions", options.region.regions);
  if (options.region.regions && options.region.parts != discovery::RegionParts::each)
    throw ConfigError("discover", "--regions {}: --parts {} is one region a photo. Add --parts each.",
                      *options.region.regions, option::print(options.region.parts));
}

template <class Number>
std::string said(const std::optional<Number>& value, const char* otherwise) {
  return value ? option::print(*value) : otherwise;
}

void refuse_nothing(const Discovering& run, const LeftPhotos& left) {
  if (left.size() < run.photos.files.size()) return;
  std::map<std::string, int64_t> reasons;
  for (const auto& [name, why] : left)
    ++reasons[why];
  const auto most = std::ranges::max_element(reasons, {}, [](const auto& reason) { return reason.second; });
  throw DataError("discover",
                  "none of {} photos has an object ({} of them: {}). Try another --saliency, a larger "
                  "--saliency-side, or a smaller --min-area.",
                  left.size(), most->second, most->first);
}

}  // namespace

std::vector<std::pair<CropBackground, std::string>> choices(CropBackground) {
  return {{CropBackground::keep, "keep"}, {CropBackground::zero, "zero"}};
}

std::vector<std::pair<CropRow, std::string>> choices(CropRow) {
  return {{CropRow::own, "own"}, {CropRow::patches, "patches"}};
}

fs::path stage_picture(const fs::path& stage, const std::string& photo) {
  return (stage / photo).replace_extension(".png");
}

Discovery discover(const DiscoverOptions& options, const engine::Host& host, Reporter& report) {
  check(options);
  auto images = std::make_shared<data::ImageCache>(options.exif);
  engine::ModelOptions wanted{.model = options.features, .as = options.as};
  wanted.precision = options.precision;
  wanted.threads = options.threads;
  wanted.told = options.told;
  Discovering run{.options = options,
                  .host = host,
                  .report = report,
                  .photos = photos_of(options, *images),
                  .images = images,
                  .model = engine::open_model(wanted, host, report)};
  report.line("images", run.photos.describe(options.images));
  const fs::path root = options.output;
  const auto& info = run.model->info();
  const OptionValues model = {{"model", info.fingerprint},
                              {"precision", std::string(tensor::to_string(run.model->precision()))}};
  const auto with_model = [&](OptionValues values) {
    values.insert(model.begin(), model.end());
    return values;
  };

  OptionValues of_saliency = {
      {"saliency", options.saliency}, {"refine", options.refine}, {"exif", option::print(options.exif)}};
  if (discovery::make_saliency(options.saliency)->reads_patches()) {
    of_saliency = with_model(of_saliency);
    of_saliency["saliency-side"] = said(options.saliency_side, "own");
    of_saliency["saliency-block"] = said(options.saliency_block, "last");
  }
  StageFolder saliency(root / "saliency", of_saliency);
  const auto without_object = saliency_stage(run, saliency);
  refuse_nothing(run, without_object);

  auto of_regions = write_options(options.region);
  if (!options.region.regions) of_regions.erase("regions");  // as in folders of before there was the option
  of_regions["saliency/"] = saliency.content();
  StageFolder regions(root / "regions", of_regions);
  const auto left = region_stage(run, without_object, saliency, regions);
  refuse_nothing(run, left);

  StageFolder features(root / "features", with_model({{"regions/", regions.content()},
                                                      {"crop-size", said(options.crop_size, "own")},
                                                      {"background", option::print(options.background)},
                                                      {"at", options.at},
                                                      {"row", option::print(options.row)}}));
  const auto crops = feature_stage(run, regions, features);

  Discovery found;
  for (size_t i = 0; i < run.photos.files.size(); ++i) {
    auto& photo = found.photos.emplace_back();
    photo.name = run.photos.files[i];
    photo.path = run.photos.paths[i];
    if (const auto why = left.find(photo.name); why != left.end()) photo.left = why->second;
  }
  StageFolder clusters(root / "clusters", {{"features/", features.content()},
                                           {"clustering", options.clustering},
                                           {"clusters", said(options.clusters, "suggested")},
                                           {"core", option::print(options.core)},
                                           {"seed", option::print(options.seed)}});
  cluster_stage(run, crops, clusters, found);

  StageFolder masks(root / "masks", {{"regions/", regions.content()}, {"clusters/", clusters.content()}});
  mask_stage(run, regions, masks, found);
  write_discovery_options(root, options);
  return found;
}

}  // namespace graft::pipelines
