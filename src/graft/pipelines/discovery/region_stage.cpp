#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/read_file.h"
#include "graft/core/signals.h"
#include "graft/discovery/regions.h"
#include "graft/discovery/saliency/map_file.h"
#include "graft/pipelines/discovery/stages.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLeft = "left_out.json";  // why photos have no region, by name

}  // namespace

LeftPhotos read_left_out(const fs::path& regions) {
  const auto file = regions / kLeft;
  const auto stored = nlohmann::json::parse(read_file("regions", file), nullptr, false);
  if (!stored.is_object()) throw DataError("regions", "{} is no list of reasons. Remove its folder.", file.string());
  return stored.get<LeftPhotos>();
}

LeftPhotos region_stage(Discovering& run, const LeftPhotos& without_object, const StageFolder& saliency,
                        StageFolder& stage) {
  if (stage.is_done()) {
    run.report.line("regions", "all there");
    return read_left_out(stage.folder());
  }
  stage.begin("regions", run.report);
  LeftPhotos left = without_object;
  size_t photos = 0, count = 0;
  for (const auto& name : run.photos.files) {
    stop_if_asked();
    if (without_object.contains(name)) continue;
    const auto found =
        discovery::regions_of(discovery::read_map(stage_picture(saliency.folder(), name)), run.options.region);
    if (found.regions.empty()) {
      left[name] = found.why;
      continue;
    }
    const auto file = stage_picture(stage.folder(), name);
    fs::create_directories(file.parent_path());
    discovery::write_regions(file, found.regions);
    ++photos;
    count += found.regions.size();
  }
  write_file_atomically(stage / kLeft,
                        nlohmann::json(left).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  stage.finish();
  run.report.line("regions",
                  fmt::format("{}{} of {} photos{}", count == photos ? "" : fmt::format("{} in ", count), photos,
                              run.photos.files.size(), left.empty() ? "" : fmt::format(", {} left out", left.size())));
  return left;
}

std::vector<std::string> files_of_stage(const StageFolder& stage) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(stage.folder())) {
    if (entry.is_regular_file() && entry.path().extension() == ".png")
      names.push_back(entry.path().lexically_relative(stage.folder()).replace_extension().string());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace graft::pipelines
