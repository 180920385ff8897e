// `graft segment discover`: from a folder of photos without labels to masks of what recurs in them. Saliency says where
// an object is, a frozen ViT what it is like, clusters give it a number, and the photos nearest to their cluster's
// centre get a mask of that number to train a segmenter on: COMUS (Zadaianchuk et al. 2023, arXiv:2207.05027), with any
// ViT, saliency and clustering. Departures: saliency is normalised a photo and not a batch; a crop is as large as the
// model reads unless --crop-size says 256, as theirs is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/log.h"
#include "graft/discovery/regions.h"
#include "graft/engine/options.h"

namespace graft::pipelines {

enum class CropBackground {
  keep,  // what lies around the object in its box stays
  zero,  // it is zero, behind the normalisation
};
std::vector<std::pair<CropBackground, std::string>> choices(CropBackground);

enum class CropRow {
  own,      // as the model pools its tokens
  patches,  // the mean of the patches
};
std::vector<std::pair<CropRow, std::string>> choices(CropRow);

struct DiscoverOptions {
  std::string images;
  std::string features;
  std::string as;
  std::string precision = "auto";
  int64_t threads = 0;
  models::Told told = {};
  std::string saliency = "tokencut";
  std::optional<int64_t> saliency_side = {};
  std::optional<int64_t> saliency_block = {};
  std::string refine = "bilateral";
  discovery::RegionOptions region;
  std::optional<int64_t> crop_size = {};
  CropBackground background = CropBackground::keep;
  std::string at = "pooled";
  CropRow row = CropRow::own;
  std::string clustering = "spectral";
  std::optional<int64_t> clusters = {};
  double core = 80;
  int64_t seed = 1;
  data::OnBadFile on_bad_file = data::OnBadFile::refuse;
  data::Exif exif = data::Exif::keep;
  int64_t workers = 2;
  std::string output;
};
template <class Visitor>
void fields(Visitor& visit, DiscoverOptions& o) {
  visit("images", o.images, "folder of photos");
  visit("features", o.features,
        "a ViT, or a CLIP that sees with one: folder, file, or org/name in the Hugging Face cache");
  visit("as", o.as, "family to read the weights as, where a lone file could be two");
  visit("precision", o.precision,
        "how frozen weights are held: fp32, bf16, int8, nf4, or auto (bf16 where the processor has it)");
  visit("threads", o.threads, "threads that compute; 0: one a core, or OMP_NUM_THREADS");
  fields(visit, o.told);
  visit(
      "saliency", o.saliency,
      "where an object is: by patches tokencut, lost, found, attention, selfmask or deepusps; by pixels rbd or mc; "
      "folder:DIR "
      "of masks; model:FILE, a supervised network as ONNX; with options as in tokencut:tau=0.3 or model:FILE,side=320");
  visit("saliency-side", o.saliency_side, "shorter side of a photo for it, in pixels (default: as the model reads)");
  visit("saliency-block", o.saliency_block, "block of the ViT whose keys and attention it reads (default: the last)");
  visit("refine", o.refine, "how a mask follows edges: bilateral or crf with their options, or none");
  fields(visit, o.region);
  visit("crop-size", o.crop_size, "side of an object's crop for the features (default: as the model reads)");
  visit("background", o.background, "around an object in its crop: keep it, or zero");
  visit("at", o.at, "features of the crops: block.K (the output of block K, from 0), pooled or projected");
  visit("row", o.row, "of a block's tokens: pooled as the model does it (own), or the patches' mean");
  visit("clustering", o.clustering,
        "spectral, kmeans, mini-batch or agglomerative, with options as in spectral:neighbours=10");
  visit("clusters", o.clusters, "how many (default: where the graph's eigenvalues leap)");
  visit("core", o.core, "percentile of the distance to its cluster's centre below which a photo gets a mask; 100: all");
  visit("seed", o.seed, "same seed, same numbers");
  visit("on-bad-file", o.on_bad_file, "a photo that cannot be read: refuse the run, or skip it");
  visit("exif", o.exif, "photos with an orientation tag: keep them as they are stored, or turn them upright");
  visit("workers", o.workers, "threads that check photos");
  visit("output", o.output, "folder to write; a stage that is there is not computed again");
}

// An object of a photo.
struct DiscoveredRegion {
  int64_t number = 1;  // in the picture of the photo's regions
  int64_t cluster = 0;
  double distance = 0;  // cosine, to the cluster's centre
  bool core = false;    // it has a mask
};

// What became of one photo.
struct DiscoveredPhoto {
  std::string name;  // relative to the folder
  std::filesystem::path path;
  std::string left = {};                       // why it has no region; empty: it has one
  std::vector<DiscoveredRegion> regions = {};  // one, but with --parts each
  bool has_mask() const { return std::ranges::any_of(regions, &DiscoveredRegion::core); }
};

struct Discovery {
  std::vector<DiscoveredPhoto> photos;
  int64_t clusters = 0;
  std::vector<int64_t> sizes;  // regions in each cluster
  int64_t by_eigengap = 0;     // clusters that the graph's eigenvalues suggest; 0: not asked
  double silhouette = 0;
  int64_t masks = 0;  // photos that have one
};

Discovery discover(const DiscoverOptions& options, const engine::Host& host, Reporter& report);

// Where a photo's picture of a stage lies: a/b.jpg is at a/b.png.
std::filesystem::path stage_picture(const std::filesystem::path& stage, const std::string& photo);

}  // namespace graft::pipelines
