#include "graft/cli/segmentation_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include "graft/cli/painted_masks.h"
#include "graft/cli/thumbnail.h"
#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/data/mask_classes.h"
#include "graft/data/resize.h"
#include "graft/discovery/regions.h"
#include "graft/discovery/saliency/saliency.h"
#include "graft/io/image.h"
#include "graft/io/index_png.h"
#include "graft/io/yaml_options.h"
#include "graft/pipelines/cluster_purity.h"
#include "graft/pipelines/segment_train.h"
#include "graft/pipelines/stored_discovery.h"
#include "graft/report/segmentation_page.h"
#include "graft/train/run_folder.h"

namespace graft::cli {
namespace {

namespace fs = std::filesystem;
using pipelines::DiscoveredPhoto;
using pipelines::SegmentEvaluation;

constexpr size_t kPhotosOnSheet = 24, kCropsInRow = 12;

// --- what lies in the folder

// The masks that rounds of training began with: the run's data, as it was named then.
fs::path data_of_rounds(const std::vector<fs::path>& rounds) {
  const auto config = io::read_yaml_options(rounds.front() / "config.yaml");
  const auto data = config.find("data");
  return data == config.end() ? fs::path() : fs::path(data->second);
}

// A folder's own masks lie in its masks/, else in itself.
fs::path own_masks(const fs::path& folder) {
  std::error_code error;
  return fs::is_directory(folder / "masks", error) ? folder / "masks" : folder;
}

struct Found {
  std::optional<pipelines::StoredDiscovery> discovery;
  std::vector<fs::path> rounds;
  fs::path pseudo;      // masks that the rounds began with, or the discovery gave; empty: there are none
  fs::path told;        // masks by a segmenter; empty: there are none
  fs::path photos;      // folder with the photos of those; may be gone
  std::string told_by;  // what the column is called
};

Found found_in(const fs::path& folder) {
  Found found;
  found.rounds = pipelines::rounds_below(folder);
  std::error_code error;
  const bool is_discovery = pipelines::is_discovery(folder);
  const auto began = is_discovery || found.rounds.empty() ? folder : data_of_rounds(found.rounds);
  if (pipelines::is_discovery(began)) found.discovery = pipelines::read_discovery(began);
  if (found.discovery || !found.rounds.empty()) found.pseudo = began / "masks";
  if (!found.rounds.empty()) {
    const auto told = found.rounds.front().parent_path() / "masks";
    if (fs::is_directory(told, error)) found.told = told;
    found.told_by = fmt::format("told by round {}", found.rounds.size());
  } else if (!found.discovery) {
    found.told = own_masks(folder);
    found.told_by = "told";
  }
  found.photos = began / "images";
  return found;
}

// --- the photos

struct SheetPhoto {
  std::string name;  // of its pictures, as x.png
  fs::path path;     // of the photo; empty: it is not known
  const DiscoveredPhoto* discovered = nullptr;
};

fs::path photo_beside(const fs::path& folder, const std::string& mask) {
  for (const char* ending : {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".JPG", ".JPEG", ".PNG"}) {
    std::error_code error;
    const auto file = (folder / mask).replace_extension(ending);
    if (fs::is_regular_file(file, error)) return file;
  }
  return {};
}

std::vector<SheetPhoto> photos_of(const Found& found, const SegmentationStory& story) {
  std::vector<SheetPhoto> photos;
  if (found.discovery) {
    for (const auto& photo : found.discovery->found.photos)
      photos.push_back({pipelines::stage_picture("", photo.name).string(), photo.path, &photo});
  } else {
    const auto masks = found.told.empty() ? found.pseudo : found.told;
    for (const auto& name : data::walk_photos(masks).files)
      photos.push_back({name, photo_beside(found.photos, name), nullptr});
  }
  if (story.scored) {  // those whose truth is known say more
    std::vector<SheetPhoto> known;
    std::ranges::copy_if(photos, std::back_inserter(known), [&](const SheetPhoto& photo) {
      return std::ranges::binary_search(story.scored->names, photo.name);
    });
    if (!known.empty()) photos = std::move(known);
  }
  return photos;
}

std::string remark_of(const DiscoveredPhoto& photo) {
  if (!photo.left.empty()) return "left out: " + photo.left;
  std::string text;
  for (const auto& region : photo.regions)
    text += fmt::format("{}cluster {}{}", text.empty() ? "" : "; ", region.cluster + 1,
                        region.core ? "" : ", not of its core");
  return text;
}

// --- pictures; a report is no place to fail: what cannot be read has none

std::string picture_of(const fs::path& file) {
  std::error_code error;
  return !file.empty() && fs::exists(file, error) ? thumbnail_uri(file) : "";
}

std::optional<data::Mask> mask_at(const fs::path& file) try {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return {};
  return io::read_index_png(file);
} catch (const Error&) {
  return {};
}

// The photo with everything outside the region faded.
std::string faded(const io::Image* photo, const fs::path& region) {
  const auto mask = mask_at(region);
  if (!photo || !mask || mask->width != photo->width || mask->height != photo->height) return "";
  auto image = *photo;
  for (size_t i = 0; i < mask->classes.size(); ++i) {
    if (mask->classes[i] != 0) continue;
    for (size_t channel = 0; channel < 3; ++channel)
      image.rgb[3 * i + channel] = static_cast<std::uint8_t>(200 + image.rgb[3 * i + channel] / 5);
  }
  return thumbnail_uri(image);
}

std::string painted(const io::Image* photo, const std::optional<data::Mask>& mask, const MaskColours& colours) {
  return mask ? painted_uri(photo, *mask, colours) : "";
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

// --- colours: where the truth is known a cluster has the colour of the class that it was matched with

struct Colours {
  MaskColours told, truth;
  std::vector<report::Swatch> legend;
};

std::vector<std::string> classes_beside(const fs::path& masks) {
  for (const auto& folder : {masks, masks.parent_path()}) {
    const auto file = folder / data::kMaskClassesFile;
    std::error_code error;
    if (!fs::is_regular_file(file, error)) continue;
    data::Problems problems(file.string());
    return data::mask_classes(data::read_lines(file), file.string(), problems).names;
  }
  return {};
}

Colours colours_for(const Found& found, const SegmentEvaluation* scored) {
  if (!scored) {
    const auto classes = classes_beside(found.told.empty() ? found.pseudo : found.told);
    return {.told = colours_of(classes), .truth = {}, .legend = legend_of(classes)};
  }
  Colours colours{.told = {}, .truth = colours_of(scored->classes), .legend = legend_of(scored->classes)};
  const auto& class_of = scored->matched.front().class_of;
  for (size_t number = 0; number < class_of.size(); ++number) {
    if (number == io::kIgnoredClass) continue;
    colours.told[number] = class_of[number] < 0 ? kNoClass : colours.truth[static_cast<size_t>(class_of[number])];
  }
  if (std::ranges::any_of(class_of, [](int64_t place) { return place < 0; }))
    colours.legend.push_back({"matched with no class", kNoClass});
  return colours;
}

// --- the parts of the page

report::ContactSheet sheet_of(const Found& found, const SegmentationStory& story, const Colours& colours) {
  report::ContactSheet sheet{.columns = {"photo", "saliency", "region", "pseudo mask", found.told_by, "truth"},
                             .legend = colours.legend,
                             .photos = {}};
  const auto photos = photos_of(found, story);
  const size_t count = std::min(kPhotosOnSheet, photos.size());
  for (size_t i = 0; i < count; ++i) {  // spread evenly over all, so that the sheet shows what the folder holds
    const auto& photo = photos[i * photos.size() / count];
    const auto image = photo.path.empty() ? std::optional<io::Image>() : readable_photo(photo.path);
    const auto* pixels = image ? &*image : nullptr;
    const auto stage = [&](const char* name) {
      return found.discovery ? found.discovery->folder / name / photo.name : fs::path();
    };
    const bool has_mask = !found.pseudo.empty() && (!photo.discovered || photo.discovered->has_mask());
    sheet.photos.push_back(
        {.name = photo.discovered ? photo.discovered->name : photo.name,
         .remark = photo.discovered ? remark_of(*photo.discovered) : "",
         .pictures = {picture_of(photo.path), picture_of(stage("saliency")), faded(pixels, stage("regions")),
                      has_mask ? painted(pixels, mask_at(found.pseudo / photo.name), colours.told) : "",
                      found.told.empty() ? "" : painted(pixels, mask_at(found.told / photo.name), colours.told),
                      story.scored ? painted(pixels, story.scored->true_mask(photo.name), colours.truth) : ""}});
  }
  return sheet;
}

struct Member {  // of a cluster
  const DiscoveredPhoto* photo;
  const pipelines::DiscoveredRegion* region;
};

std::vector<Member> members_of(const pipelines::Discovery& found, int64_t cluster) {
  std::vector<Member> members;
  for (const auto& photo : found.photos) {
    for (const auto& region : photo.regions)
      if (region.cluster == cluster) members.push_back({&photo, &region});
  }
  std::ranges::stable_sort(members, {}, [](const Member& member) { return member.region->distance; });
  return members;
}

std::vector<report::ClusterRow> clusters_of(const pipelines::StoredDiscovery& stored, const SegmentEvaluation* scored,
                                            const Colours& colours) {
  const auto purities = scored ? pipelines::purity_of(stored, *scored) : std::vector<pipelines::ClusterPurity>();
  std::vector<report::ClusterRow> rows;
  for (int64_t cluster = 0; cluster < stored.found.clusters; ++cluster) {
    const auto members = members_of(stored.found, cluster);
    const auto core = std::ranges::count_if(members, [](const Member& member) { return member.region->core; });
    auto& row = rows.emplace_back();
    row.name = fmt::format("cluster {}", cluster + 1);
    row.colour = colours.told[static_cast<size_t>(cluster + 1)].value_or(kNoClass);
    row.remark = fmt::format("{} {}, {} of the core", members.size(), members.size() == 1 ? "crop" : "crops", core);
    if (!purities.empty()) {
      const auto& purity = purities[static_cast<size_t>(cluster)];
      row.purity =
          report::Purity{.of_class = purity.of_class < 0 ? "" : scored->classes[static_cast<size_t>(purity.of_class)],
                         .of_most = purity.of_most,
                         .known = purity.known};
    }
    for (size_t i = 0; i < std::min(kCropsInRow, members.size()); ++i)
      row.crops.push_back(crop_of(*members[i].photo,
                                  pipelines::stage_picture(stored.folder / "regions", members[i].photo->name),
                                  stored.options.region.parts, members[i].region->number));
  }
  return rows;
}

// Of each round: the loss that it trained by, and how well it tells the masks that it was given.
std::vector<report::LineChart> curves_of(const std::vector<fs::path>& rounds) {
  report::LineChart loss{"training loss", "step", {}, false};
  report::LineChart miou{"mIoU of the masks that a round was given, validation", "step", {}, true};
  for (size_t i = 0; i < rounds.size(); ++i) {
    const auto name = fmt::format("round {}", i + 1);
    report::Series by_loss{name, {}}, by_miou{name, {}};
    for (const auto& metric : train::read_metrics(rounds[i] / "metrics.jsonl")) {
      if (metric.split == "train" && std::isfinite(metric.loss)) by_loss.points.emplace_back(metric.step, metric.loss);
      const double score = metric.score("miou");
      if (metric.split == "val" && std::isfinite(score)) by_miou.points.emplace_back(metric.step, score);
    }
    loss.series.push_back(std::move(by_loss));
    miou.series.push_back(std::move(by_miou));
  }
  return {loss, miou};
}

// Pixels of each class by the class that their cluster was matched with; the last column is none.
report::ConfusionMatrix confusion_of(const SegmentEvaluation& scored) {
  const auto& class_of = scored.matched.front().class_of;
  const auto classes = scored.classes.size(), width = classes + 1;
  report::ConfusionMatrix matrix{.truth = scored.classes,
                                 .told = scored.classes,
                                 .counts = std::vector<int64_t>(classes * width, 0),
                                 .unit = "pixels",
                                 .in_percent = true};
  matrix.told.emplace_back("no class");
  for (size_t cluster = 0; cluster < class_of.size(); ++cluster) {
    const auto told = class_of[cluster] < 0 ? classes : static_cast<size_t>(class_of[cluster]);
    for (size_t c = 0; c < classes; ++c)
      matrix.counts[c * width + told] += scored.table.at(static_cast<int64_t>(cluster), static_cast<int64_t>(c));
  }
  return matrix;
}

void describe_discovery(const pipelines::StoredDiscovery& stored, report::Facts& facts) {
  const auto& [folder, options, found] = stored;
  const auto regions = std::ranges::count_if(found.photos, [](const auto& photo) { return photo.left.empty(); });
  const bool supervised = discovery::saliency_entry(options.saliency).supervised;
  facts = {{"photos", fmt::format("{}", found.photos.size())},
           {"features", options.features},
           {"saliency", options.saliency + ", " + options.refine +
                            (supervised ? "; supervised: trained on masks that people drew" : "")},
           {"regions", fmt::format("{}", regions)},
           {"clusters",
            fmt::format("{} by {}; the eigenvalues suggest {}", found.clusters, options.clustering, found.by_eigengap)},
           {"silhouette", fmt::format("{:.3f}", found.silhouette)},
           {"pseudo masks", fmt::format("{}", found.masks)}};
}

void describe_rounds(const std::vector<fs::path>& rounds, report::Facts& facts) {
  const auto config = io::read_yaml_options(rounds.front() / "config.yaml");
  for (const char* name : {"model", "method", "decoder", "epochs", "lr", "seed"}) {
    const auto value = config.find(name);
    if (value != config.end() && !value->second.empty()) facts.emplace_back(name, value->second);
  }
  facts.emplace_back("rounds", fmt::format("{}", rounds.size()));
}

void describe_scores(const SegmentationStory& story, report::SegmentationPage& page) {
  const auto& scored = *story.scored;
  const auto& best = scored.matched.front();
  const auto percent = [](double share) { return fmt::format("{:.1f} %", 100 * share); };
  const auto range = [](const Interval& i) { return fmt::format("{:.1f} to {:.1f}", 100 * i.low, 100 * i.high); };
  page.headline = percent(best.scores.miou);
  page.said = fmt::format("mIoU of {} photos, {}, {} with 95 % · pixel accuracy {}", scored.photos, best.matching,
                          range(best.intervals[0]), percent(best.scores.accuracy));
  page.scores = {.title = "mIoU of the masks, 95 % over photos", .rows = story.stages, .percent = true};
  for (size_t c = 0; c < scored.classes.size(); ++c)
    if (std::isfinite(best.scores.iou[c])) page.classes.push_back({scored.classes[c], best.scores.iou[c]});
  page.confusion = confusion_of(scored);
  page.facts.emplace_back("truth", story.truth);
  for (const auto& each : scored.matched) {
    if (!each.halves.iou.empty())
      page.facts.emplace_back(each.matching, fmt::format("mIoU {}, matched on one half and scored on the other {}",
                                                         percent(each.scores.miou), percent(each.halves.miou)));
  }
}

}  // namespace

std::vector<std::pair<std::string, fs::path>> mask_stages_of(const fs::path& folder) {
  const auto found = found_in(folder);
  std::vector<std::pair<std::string, fs::path>> stages;
  std::error_code error;
  if (!found.pseudo.empty() && fs::is_directory(found.pseudo, error))
    stages.emplace_back("pseudo masks", found.pseudo.parent_path());
  for (size_t i = 1; i < found.rounds.size(); ++i) {
    const auto masks = found.rounds[i].parent_path() / fmt::format("masks-{}", i + 1);
    if (fs::is_directory(masks, error)) stages.emplace_back(fmt::format("told by round {}", i), masks);
  }
  if (!found.told.empty())
    stages.emplace_back(found.told_by, found.rounds.empty() ? folder : found.rounds.front().parent_path());
  return stages;
}

void write_segmentation_report(const fs::path& file, const SegmentationStory& story) {
  const auto found = found_in(story.folder);
  const auto colours = colours_for(found, story.scored);
  report::SegmentationPage page{.title = story.title, .subtitle = "", .command = story.command};
  page.subtitle = story.folder.string();
  if (found.discovery) {
    const auto& [folder, options, discovered] = *found.discovery;
    page.subtitle = fmt::format("{} photos of {} · {}", discovered.photos.size(), options.images, options.features);
    describe_discovery(*found.discovery, page.facts);
    page.clusters = clusters_of(*found.discovery, story.scored, colours);
  }
  if (!found.rounds.empty()) {
    page.rounds = curves_of(found.rounds);
    describe_rounds(found.rounds, page.facts);
  }
  if (story.scored) describe_scores(story, page);
  page.photos = sheet_of(found, story, colours);
  write_file_atomically(file, report::to_html(page));
}

}  // namespace graft::cli
