#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/read_file.h"
#include "graft/discovery/clustering/clustering.h"
#include "graft/discovery/clustering/core.h"
#include "graft/discovery/clustering/count.h"
#include "graft/discovery/clustering/spectral/spectral.h"
#include "graft/io/index_png.h"
#include "graft/pipelines/discovery/stages.h"

namespace graft::pipelines {
namespace {

using nlohmann::ordered_json;

constexpr const char* kLines = "clusters.jsonl";
constexpr const char* kSummary = "summary.json";
constexpr int64_t kMostSuggested = 30;
constexpr int64_t kMostClusters = io::kIgnoredClass - 1;  // numbers of a mask beside background and "not counted"

// By the largest step between the smallest eigenvalues of the rows' graph.
int64_t suggested(const at::Tensor& rows, const Random& random) {
  const auto known = std::min<int64_t>(kMostSuggested + 1, rows.size(0));
  const auto values =
      discovery::spectral::embed(rows, known, /*exact=*/0, discovery::spectral::Options().neighbours, random).values;
  const auto* first = values.const_data_ptr<double>();
  return discovery::count_by_eigengap({first, first + known});
}

std::string dumped(const ordered_json& json, int indent = -1) {
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

void compute(Discovering& run, const CropFeatures& features, const StageFolder& stage) {
  const auto& options = run.options;
  const Random random(static_cast<uint64_t>(options.seed));
  const auto crops = features.rows.size(0);
  const auto by_eigengap = suggested(features.rows, random.fork("suggestion"));
  const auto count = options.clusters.value_or(by_eigengap);
  if (count > crops)
    throw ConfigError("clusters", "--clusters {}: there are {} crops to make clusters of. Ask for at most as many.",
                      count, crops);
  const auto clusters = discovery::make_clustering(options.clustering)->cluster(features.rows, count, random);
  const auto distances = discovery::distances_to_centre(clusters);
  const auto core = discovery::core_of(clusters, distances, options.core);
  std::string lines;
  std::vector<int64_t> sizes(static_cast<size_t>(count), 0);
  for (size_t i = 0; i < features.photos.size(); ++i) {
    ++sizes[static_cast<size_t>(clusters.of[i])];
    ordered_json line = {{"photo", features.photos[i]}};
    if (!features.regions.empty()) line["region"] = features.regions[i];
    line["cluster"] = clusters.of[i] + 1;
    line["distance"] = distances[i];
    line["core"] = static_cast<bool>(core[i]);
    lines += dumped(line);
  }
  write_file_atomically(stage / kLines, lines);
  const double silhouette = count > 1 ? discovery::silhouette(clusters.points, clusters.of) : 0;
  write_file_atomically(stage / kSummary, dumped({{"clusters", count},
                                                  {"sizes", sizes},
                                                  {"suggested_by_eigengap", by_eigengap},
                                                  {"silhouette", silhouette},
                                                  {"eigenvalues", clusters.eigenvalues}},
                                                 2));
}

}  // namespace

void read_clusters(const std::filesystem::path& folder, Discovery& found) {
  const auto summary = nlohmann::json::parse(read_file("clusters", folder / kSummary), nullptr, false);
  const auto text = read_file("clusters", folder / kLines);
  std::map<std::string, DiscoveredPhoto*> by_name;
  for (auto& photo : found.photos)
    by_name[photo.name] = &photo;
  try {
    found.clusters = summary.at("clusters").get<int64_t>();
    found.by_eigengap = summary.at("suggested_by_eigengap").get<int64_t>();
    found.silhouette = summary.at("silhouette").get<double>();
    found.sizes.assign(static_cast<size_t>(found.clusters), 0);
    std::istringstream stream(text);
    for (std::string one; std::getline(stream, one);) {
      const auto line = nlohmann::json::parse(one);
      const auto photo = by_name.find(line.at("photo").get<std::string>());
      const auto cluster = line.at("cluster").get<int64_t>();
      if (cluster < 1 || cluster > found.clusters)
        throw DataError("clusters", "{}: cluster {} of {}.", (folder / kLines).string(), cluster, found.clusters);
      ++found.sizes[static_cast<size_t>(cluster - 1)];
      if (photo == by_name.end()) continue;
      photo->second->regions.push_back({.number = line.value("region", int64_t{1}),
                                        .cluster = cluster - 1,
                                        .distance = line.at("distance").get<double>(),
                                        .core = line.at("core").get<bool>()});
    }
  } catch (const nlohmann::json::exception&) {
    throw DataError("clusters", "{} is not what graft wrote. Remove its folder.", folder.string());
  }
}

void cluster_stage(Discovering& run, const CropFeatures& features, StageFolder& stage, Discovery& found) {
  if (run.options.clusters && (*run.options.clusters < 1 || *run.options.clusters > kMostClusters))
    throw ConfigError("clusters", "--clusters {}: expected from 1 to {}.", *run.options.clusters, kMostClusters);
  if (run.options.core <= 0 || run.options.core > 100)
    throw ConfigError("clusters", "--core {}: expected a percentile above 0, at most 100.", run.options.core);
  const bool is_there = stage.is_done();
  if (!is_there) {
    stage.begin("clusters", run.report);
    compute(run, features, stage);
    stage.finish();
  }
  read_clusters(stage.folder(), found);
  run.report.line("clusters",
                  is_there ? fmt::format("{}, all there", found.clusters)
                           : fmt::format("{} by {} of {} crops: {} · silhouette {:.2f} · the eigenvalues suggest {}",
                                         found.clusters, run.options.clustering, features.photos.size(),
                                         fmt::join(found.sizes, " "), found.silhouette, found.by_eigengap));
}

}  // namespace graft::pipelines
