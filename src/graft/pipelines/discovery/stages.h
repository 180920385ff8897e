// The stages of `graft segment discover`, each from the folder before it to its own.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/log.h"
#include "graft/data/image_cache.h"
#include "graft/engine/photo_list.h"
#include "graft/models/model.h"
#include "graft/pipelines/discover.h"
#include "graft/pipelines/discovery/stage_folder.h"

namespace graft::pipelines {

// What all stages share.
struct Discovering {
  const DiscoverOptions& options;
  const engine::Host& host;
  Reporter& report;
  engine::PhotoList photos;
  std::shared_ptr<data::ImageCache> images;
  std::shared_ptr<models::Model> model;
};

// Reasons by photo, of those that a stage leaves out.
using LeftPhotos = std::map<std::string, std::string>;

// saliency/: a map a photo, grey, in the photo's size. Each photo is whole by itself: killed, it goes on with the next.
// -> the photos without an object.
LeftPhotos saliency_stage(Discovering& run, StageFolder& stage);

// regions/: a mask a photo, 0 and 1; with --parts each a region has its number. -> the photos without one, those before
// included.
LeftPhotos region_stage(Discovering& run, const LeftPhotos& without_object, const StageFolder& saliency,
                        StageFolder& stage);

// features/features.safetensors: "features" [n, D] float32, and the photos as a JSON list in the metadata's "files";
// with
// --parts each the regions' numbers in its "regions".
struct CropFeatures {
  std::vector<std::string> photos;  // of each row
  std::vector<int64_t> regions;     // of each row; empty: a photo has one
  at::Tensor rows;
};
CropFeatures feature_stage(Discovering& run, const StageFolder& regions, StageFolder& stage);

// clusters/clusters.jsonl, a line a crop, and clusters/summary.json. Fills in the photos' clusters and the rest.
void cluster_stage(Discovering& run, const CropFeatures& features, StageFolder& stage, Discovery& found);

// masks/ of the cores, images/ beside it, classes.txt.
void mask_stage(Discovering& run, const StageFolder& regions, StageFolder& stage, Discovery& found);

// What lies in these folders, read again. DataError for what graft did not write.
std::vector<std::pair<std::string, std::string>> read_photos_of_saliency(
    const std::filesystem::path& folder);  // and why
                                           // there is no map
LeftPhotos read_left_out(const std::filesystem::path& regions);
void read_clusters(const std::filesystem::path& folder, Discovery& found);  // of its photos; of others too in the sizes

std::vector<std::string> files_of_stage(const StageFolder& stage);  // names of photos of which it has a picture

}  // namespace graft::pipelines
