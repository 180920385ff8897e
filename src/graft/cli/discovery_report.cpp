#include "graft/cli/discovery_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "graft/cli/thumbnail.h"
#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/data/resize.h"
#include "graft/discovery/regions.h"
#include "graft/discovery/saliency/map_file.h"
#include "graft/discovery/saliency/saliency.h"
#include "graft/io/image.h"
#include "graft/io/index_png.h"
#include "graft/report/discovery_page.h"

namespace graft::cli {
namespace {

namespace fs = std::filesystem;
using pipelines::DiscoveredPhoto;

constexpr size_t kPhotos = 24, kCrops = 12;

// A report is no place to fail: what cannot be read has no picture.
std::string picture_of(const fs::path& file) {
  return fs::exists(file) ? thumbnail_uri(file) : "";
}

// The photo with everything outside the region faded.
std::string faded(const fs::path& photo, const fs::path& region) try {
  auto image = io::read_image(photo);
  const auto mask = io::read_index_png(region);
  if (mask.width != image.width || mask.height != image.height) return "";
  for (size_t i = 0; i < mask.classes.size(); ++i) {
    if (mask.classes[i] != 0) continue;
    for (size_t channel = 0; channel < 3; ++channel)
      image.rgb[3 * i + channel] = static_cast<std::uint8_t>(200 + image.rgb[3 * i + channel] / 5);
  }
  return thumbnail_uri(image);
} catch (const Error&) {
  return "";
}

std::string crop_of(const DiscoveredPhoto& photo, const fs::path& picture, discovery::RegionParts parts,
                    int64_t number) try {
  const auto image = io::read_image(photo.path);
  const auto region = discovery::RegionPicture(picture, parts).region(number);
  if (!region || region->mask.size(0) != image.height || region->mask.size(1) != image.width) return "";
  return thumbnail_uri(data::crop(image, region->box));
} catch (const Error&) {
  return "";
}

struct Member {  // of a cluster
  const DiscoveredPhoto* photo;
  const pipelines::DiscoveredRegion* region;
};

std::string remark_of(const DiscoveredPhoto& photo) {
  if (!photo.left.empty()) return "left out: " + photo.left;
  std::string text;
  for (const auto& region : photo.regions)
    text += fmt::format("{}cluster {}{}", text.empty() ? "" : "; ", region.cluster + 1,
                        region.core ? "" : ", not of its core");
  return text;
}

// Spread evenly over all, so that the sheet shows what the folder holds.
std::vector<const DiscoveredPhoto*> spread(const std::vector<DiscoveredPhoto>& photos) {
  std::vector<const DiscoveredPhoto*> some;
  const size_t count = std::min(kPhotos, photos.size());
  for (size_t i = 0; i < count; ++i)
    some.push_back(&photos[i * photos.size() / count]);
  return some;
}

}  // namespace

void write_discovery_report(const pipelines::DiscoverOptions& options, const pipelines::Discovery& found,
                            const std::string& command) {
  const fs::path root = options.output;
  const auto at = [&](const char* stage, const std::string& name) {
    return pipelines::stage_picture(root / stage, name);
  };
  report::DiscoveryPage page;
  page.subtitle = fmt::format("{} photos of {} · {}", found.photos.size(), options.images, options.features);
  page.command = command;
  const auto regions = std::ranges::count_if(found.photos, [](const auto& photo) { return photo.left.empty(); });
  page.facts = {{"photos", fmt::format("{}", found.photos.size())},
                {"saliency", options.saliency + ", " + options.refine +
                                 (discovery::saliency_entry(options.saliency).supervised
                                      ? "; supervised: trained on masks that people drew"
                                      : "")},
                {"regions", fmt::format("{}", regions)},
                {"clusters", fmt::format("{} by {}; the eigenvalues suggest {}", found.clusters, options.clustering,
                                         found.by_eigengap)},
                {"silhouette", fmt::format("{:.3f}", found.silhouette)},
                {"pseudo masks", fmt::format("{}", found.masks)}};
  for (const auto* photo : spread(found.photos)) {
    page.photos.push_back({.name = photo->name,
                           .photo = picture_of(photo->path),
                           .saliency = picture_of(at("saliency", photo->name)),
                           .region = faded(photo->path, at("regions", photo->name)),
                           .mask = photo->has_mask() ? picture_of(at("masks", photo->name)) : "",
                           .remark = remark_of(*photo)});
  }
  for (int64_t cluster = 0; cluster < found.clusters; ++cluster) {
    std::vector<Member> members;
    for (const auto& photo : found.photos) {
      for (const auto& region : photo.regions)
        if (region.cluster == cluster) members.push_back({&photo, &region});
    }
    std::ranges::stable_sort(members, {}, [](const Member& member) { return member.region->distance; });
    report::ClusterRow row{
        .name = fmt::format("cluster {}", cluster + 1),
        .remark = fmt::format("{} crops, {} of the core", members.size(),
                              std::ranges::count_if(members, [](const Member& member) { return member.region->core; })),
        .crops = {}};
    for (size_t i = 0; i < std::min(kCrops, members.size()); ++i)
      row.crops.push_back(crop_of(*members[i].photo, at("regions", members[i].photo->name), options.region.parts,
                                  members[i].region->number));
    page.clusters.push_back(std::move(row));
  }
  write_file_atomically(root / "report.html", report::to_html(page));
}

}  // namespace graft::cli
