// What masks without labels cost, one question at a time, with the same JSON as bench/peers/segments_peer.py: photos
// whose keys are read and cut (`--what tokencut`, random pixels), crops that are clustered (`clusters`, rows of a
// safetensors file), photos whose map a fully connected field refines (`crf`), and masks that are scored (`evaluate`,
// two folders). Run in turn by bench/peers/segments.py.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/core/log.h"
#include "graft/discovery/clustering/clustering.h"
#include "graft/discovery/patch_reader.h"
#include "graft/discovery/refinement/refinement.h"
#include "graft/discovery/saliency/saliency.h"
#include "graft/io/model_folder.h"
#include "graft/io/weights.h"
#include "graft/models/checkpoint.h"
#include "graft/models/model.h"
#include "graft/pipelines/segment_evaluate.h"
#include "graft/tensor/kept_memory.h"
#include "graft/tensor/precision.h"
#include "measure.h"

namespace {

using namespace graft;

struct Options {
  std::string what = "tokencut";
  std::string model;
  std::string precision = "fp32";
  std::string rows;
  std::string told, truth;
  int64_t side = 448;
  int64_t count = 6;
  int64_t threads = 2;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("what", o.what, "tokencut, clusters, crf or evaluate");
  visit("model", o.model, "tokencut: a ViT's folder");
  visit("precision", o.precision, "tokencut: of its weights");
  visit("rows", o.rows, "clusters: a file with features [n, D]");
  visit("told", o.told, "evaluate: a folder of masks");
  visit("truth", o.truth, "evaluate: a folder of true masks");
  visit("side", o.side, "tokencut, crf: of a photo, in pixels");
  visit("count", o.count, "photos, or clusters");
  visit("threads", o.threads, "threads");
}

// Seconds of each run of `work` after one that is not counted.
template <class Work>
std::vector<double> seconds_of(int64_t runs, Work&& work) {
  std::vector<double> seconds;
  for (int64_t i = -1; i < runs; ++i) {
    const double begin = bench::now();
    work(std::max<int64_t>(i, 0));
    if (i >= 0) seconds.push_back(bench::now() - begin);
  }
  return seconds;
}

// A photo of two grounds and some noise: its map and its pixels.
data::Image photo_of(int side) {
  data::Image photo{.width = side, .height = side, .rgb = {}};
  photo.rgb.resize(static_cast<size_t>(side) * side * 3);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const bool inside = std::hypot(x - side / 2.0, y - side / 2.0) < side / 4.0;
      for (int c = 0; c < 3; ++c) {
        photo.rgb[(static_cast<size_t>(y) * side + x) * 3 + static_cast<size_t>(c)] =
            static_cast<uint8_t>((inside ? 170 - 30 * c : 60 + 20 * c) + (x * 7 + y * 13 + c * 5) % 23);
      }
    }
  }
  return photo;
}

nlohmann::json tokencut(const Options& o) {
  std::shared_ptr<models::Model> model =
      models::load_model(io::ModelFolder::find(o.model, {}), {.precision = tensor::parse_precision(o.precision)});
  const discovery::PatchReader reader(model, {});
  const auto way = discovery::make_saliency("tokencut");
  torch::manual_seed(7);
  const auto side = reader.size_for({static_cast<int>(o.side), static_cast<int>(o.side)}, o.side);
  const auto pixels = torch::randn({o.count, 3, side.height, side.width});
  std::vector<double> cuts;
  const auto seconds = seconds_of(o.count, [&](int64_t i) {
    auto patches = reader.read(pixels.narrow(0, i, 1));
    const double begin = bench::now();
    way->find({.name = "", .size = side, .patches = std::move(patches)});
    cuts.push_back(bench::now() - begin);
  });
  return {{"per_s", 1 / bench::median(seconds)}, {"cut_ms", 1000 * bench::median(cuts)}};
}

nlohmann::json clusters(const Options& o) {
  const auto file = io::Weights::open(o.rows);
  const auto rows = models::to_float(file.at("features"));
  const auto way = discovery::make_clustering("spectral");
  std::vector<int64_t> of;
  const auto seconds = seconds_of(5, [&](int64_t) { of = way->cluster(rows, o.count, Random(1)).of; });
  return {{"per_s", 1 / bench::median(seconds)}, {"clusters", of}};
}

nlohmann::json crf(const Options& o) {
  const auto photo = photo_of(static_cast<int>(o.side));
  const auto way = discovery::make_refinement("crf");
  auto map = at::zeros({o.side, o.side});
  map.narrow(0, o.side / 3, o.side / 3).narrow(1, o.side / 3, o.side / 3).fill_(0.9);
  const auto seconds = seconds_of(o.count, [&](int64_t) { way->refine(photo, map); });
  return {{"per_s", 1 / bench::median(seconds)},
          {"share", way->refine(photo, map).gt(0.5).to(at::kFloat).mean().item<double>()}};
}

nlohmann::json evaluate(const Options& o) {
  Silent silent;
  pipelines::SegmentEvaluateOptions options;
  options.folder = o.told;
  options.masks = o.truth;
  options.workers = o.threads;
  const double begin = bench::now();
  const auto found = pipelines::evaluate_segments(options, silent);
  return {{"per_s", 1 / (bench::now() - begin)}, {"miou", found.matched.front().scores.miou}};
}

}  // namespace

int main(int argc, char** argv) {
  tensor::keep_tensor_memory();  // as the program does
  const auto o = bench::parse<Options>("segments", argc, argv);
  at::set_num_threads(static_cast<int>(o.threads));
  nlohmann::json row = o.what == "tokencut"   ? tokencut(o)
                       : o.what == "clusters" ? clusters(o)
                       : o.what == "crf"      ? crf(o)
                                              : evaluate(o);
  row["peak_mb"] = bench::peak_mb();
  fmt::print("{}\n", row.dump());
}
