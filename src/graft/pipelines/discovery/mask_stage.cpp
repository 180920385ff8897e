#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/io/index_png.h"
#include "graft/pipelines/discovery/stages.h"
#include "graft/pipelines/linked.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;

std::string classes_of(int64_t clusters) {
  std::string text = "background\n";
  for (int64_t cluster = 1; cluster <= clusters; ++cluster)
    text += fmt::format("cluster-{}\n", cluster);
  return text;
}

// What each number of a photo's regions becomes: its cluster's; and nothing that counts where a region that is not of
// its cluster's core lies beside one that is.
std::array<std::uint8_t, 256> classes_of_numbers(const DiscoveredPhoto& photo, bool is_numbered) {
  std::array<std::uint8_t, 256> classes{};
  if (!is_numbered) classes.fill(static_cast<std::uint8_t>(photo.regions[0].cluster + 1));
  for (const auto& region : photo.regions) {
    if (is_numbered)
      classes.at(static_cast<size_t>(region.number)) =
          region.core ? static_cast<std::uint8_t>(region.cluster + 1) : io::kIgnoredClass;
  }
  classes[0] = 0;
  classes[io::kIgnoredClass] = io::kIgnoredClass;
  return classes;
}

}  // namespace

void mask_stage(Discovering& run, const StageFolder& regions, StageFolder& stage, Discovery& found) {
  found.masks = std::ranges::count_if(found.photos, &DiscoveredPhoto::has_mask);
  const bool is_numbered = run.options.region.parts == discovery::RegionParts::each;
  if (stage.is_done()) {
    run.report.line("masks", fmt::format("{}, all there", found.masks));
    return;
  }
  const auto root = stage.folder().parent_path(), images = root / "images";
  if (!stage.change().empty() || stage.has_same_inputs()) {  // else what lies in images/ is not ours
    fs::remove_all(images);
  } else if (fs::exists(images)) {
    throw ConfigError("output", "{} is there, and not of a discovery. Choose another --output.", images.string());
  }
  stage.begin("masks", run.report);
  for (const auto& photo : found.photos) {
    stop_if_asked();
    if (!photo.has_mask()) continue;
    auto mask = io::read_index_png(stage_picture(regions.folder(), photo.name));
    const auto classes = classes_of_numbers(photo, is_numbered);
    for (auto& number : mask.classes)
      number = classes[number];
    mask.palette.clear();
    const auto file = stage_picture(stage.folder(), photo.name);
    fs::create_directories(file.parent_path());
    io::write_index_png(file, mask);
    link_or_copy(photo.path, images / photo.name);
  }
  write_file_atomically(root / "classes.txt", classes_of(found.clusters));
  stage.finish();
  run.report.line("masks",
                  fmt::format("{} in {}, beside images/ and classes.txt", found.masks, stage.folder().string()));
}

}  // namespace graft::pipelines
