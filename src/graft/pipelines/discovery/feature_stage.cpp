#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "graft/core/clock.h"
#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/data/transforms.h"
#include "graft/discovery/patch_reader.h"
#include "graft/discovery/refinement/refinement.h"
#include "graft/discovery/regions.h"
#include "graft/discovery/saliency/map_file.h"
#include "graft/features/encoder.h"
#include "graft/io/safetensors.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/discovery/stages.h"
#include "graft/tensor/on_cpu.h"

namespace graft::pipelines {
namespace {

constexpr const char* kFile = "features.safetensors";

class CropEncoder {
 public:
  explicit CropEncoder(Discovering& run)
      : run_(run), encoder_(run.model, run.images, {}), tower_(discovery::need_vit(*run.model)) {
    place_ = tower_.place_named("features", run.options.at);
    if (run.options.row == CropRow::patches && (place_ < 2 || place_ >= tower_.pooled()))
      throw ConfigError("features", "--row patches: --at {} is one row already. Name a block, as in --at block.{}.",
                        run.options.at, tower_.blocks() - 1);
    const auto own = run.model->info().own_size;
    const auto side = run.options.crop_size.value_or(std::min(own.height, own.width));
    const auto patch = tower_.patch();
    side_ = static_cast<int>(std::max<int64_t>(1, (side + patch / 2) / patch) * patch);
  }

  // The crop of a photo's region, [1, 3, side, side], normalised. `file`: of the region, for messages.
  at::Tensor crop(const std::filesystem::path& photo, const std::optional<discovery::Region>& region,
                  const std::filesystem::path& file) const {
    const auto image = run_.images->read(photo);
    if (!region || region->mask.size(0) != image->height || region->mask.size(1) != image->width)
      throw DataError("regions", "{} is no mask of {} x {} pixels with something in it, as its photo wants.",
                      file.string(), image->width, image->height);
    const auto& box = region->box;
    const auto cut = data::crop(*image, box);
    auto pixels = discovery::pixels_at(*run_.model, cut, {side_, side_});
    if (run_.options.background == CropBackground::zero) {
      const auto inside = region->mask.narrow(0, box.top, box.height).narrow(1, box.left, box.width);
      pixels = pixels * discovery::at_size(inside.to(at::kFloat), {side_, side_});
    }
    return pixels;
  }

  at::Tensor rows(const std::vector<at::Tensor>& crops) {
    const torch::NoGradGuard no_grad;
    const auto value = encoder_.run({at::cat(crops)}, 0, place_);
    if (run_.options.row == CropRow::own) return tower_.rows(value).to(at::kFloat);
    const auto& layout = value.layout;
    return value.x.narrow(1, layout.begin(nn::TokenKind::patch), layout.count(nn::TokenKind::patch))
        .mean(1)
        .to(at::kFloat);
  }

 private:
  Discovering& run_;
  features::Encoder encoder_;
  const models::VisionTower& tower_;
  nn::Place place_ = 0;
  int side_ = 0;
};

}  // namespace

CropFeatures feature_stage(Discovering& run, const StageFolder& regions, StageFolder& stage) {
  CropFeatures features;
  if (stage.is_done()) {
    const auto file = io::SafetensorsFile::open(stage / kFile);
    const auto names = file.metadata().find("files");
    const auto* view = file.find("features");
    if (!view || names == file.metadata().end())
      throw DataError("features", "{} is not what graft wrote. Remove its folder.", (stage / kFile).string());
    features.photos = nlohmann::json::parse(names->second).get<std::vector<std::string>>();
    if (const auto numbers = file.metadata().find("regions"); numbers != file.metadata().end())
      features.regions = nlohmann::json::parse(numbers->second).get<std::vector<int64_t>>();
    features.rows = nn::to_tensor(*view).clone();
    run.report.line("features", fmt::format("{} crops, all there", features.photos.size()));
    return features;
  }
  stage.begin("features", run.report);
  CropEncoder encoder(run);
  std::map<std::string, size_t> index;  // by name without its ending
  for (size_t i = 0; i < run.photos.files.size(); ++i)
    index[std::filesystem::path(run.photos.files[i]).replace_extension().string()] = i;
  std::vector<std::pair<size_t, std::string>> crops;
  for (const auto& name : files_of_stage(regions)) {
    if (const auto found = index.find(name); found != index.end()) crops.emplace_back(found->second, name);
  }
  if (crops.empty())
    throw DataError("regions", "{} holds no mask of a photo. Remove the folder.", regions.folder().string());
  std::ranges::sort(crops);
  std::vector<at::Tensor> rows, waiting;
  const auto start = Clock::now();
  const auto parts = run.options.region.parts;
  for (size_t at = 0; at < crops.size(); ++at) {
    stop_if_asked();
    const auto i = crops[at].first;
    const auto picture = stage_picture(regions.folder(), run.photos.files[i]);
    const discovery::RegionPicture of_photo(picture, parts);
    for (const auto number : of_photo.numbers()) {
      features.photos.push_back(run.photos.files[i]);
      if (parts == discovery::RegionParts::each) features.regions.push_back(number);
      waiting.push_back(encoder.crop(run.photos.paths[i], of_photo.region(number), picture));
      if (static_cast<int64_t>(waiting.size()) < features::kEncoderBatch) continue;
      rows.push_back(encoder.rows(waiting));
      waiting.clear();
    }
    run.report.progress({"features", static_cast<int64_t>(at) + 1, static_cast<int64_t>(crops.size()), "",
                         static_cast<double>(at + 1) / seconds_since(start), "photos"});
  }
  if (!waiting.empty()) rows.push_back(encoder.rows(waiting));
  if (rows.empty())
    throw DataError("regions", "{} holds no mask with a region in it. Remove the folder.", regions.folder().string());
  features.rows = at::cat(rows);
  io::Metadata said = {
      {"files", nlohmann::json(features.photos).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)},
      {"model", run.model->info().source},
      {"fingerprint", run.model->info().fingerprint},
      {"at", run.options.at}};
  if (!features.regions.empty()) said["regions"] = nlohmann::json(features.regions).dump();
  nn::write_tensors(stage / kFile, {{"features", features.rows}}, said);
  stage.finish();
  run.report.line("features", fmt::format("{} crops x {} numbers at {}", features.rows.size(0), features.rows.size(1),
                                          run.options.at));
  return features;
}

}  // namespace graft::pipelines
