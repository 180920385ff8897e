#include "graft/pipelines/detection/box_photos.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/core/names.h"
#include "graft/data/image_cache.h"
#include "graft/detection/format.h"
#include "graft/io/image.h"
#include "graft/tensor/on_cpu.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using models::fcos::KnownBoxes;

constexpr double kLeastScale = 0.75, kMostScale = 1.25;
constexpr double kLeastLeft = 0.25;  // of a box's area, for it to be told of a photo that was cut
constexpr size_t kMostFilesNamed = 5;

// The first folder in which the set's first photo lies.
fs::path photo_root(const BoxPhotos::Source& source, const detection::Set& set) {
  if (!source.photos.empty() || set.images.empty()) return source.photos;
  const auto beside = fs::is_directory(source.labels) ? source.labels : source.labels.parent_path();
  for (const auto& folder : {beside, beside / "images", beside.parent_path(), beside.parent_path() / "images"}) {
    std::error_code error;
    if (fs::exists(folder / set.images.front().file, error)) return folder;
  }
  throw DataError("detection",
                  "{}: the photo {} lies neither beside it nor in images/. Name their folder with --images.",
                  source.labels.string(), set.images.front().file);
}

std::vector<detection::Index> chosen_categories(const detection::Set& set, const std::vector<std::string>& names,
                                                const fs::path& labels) {
  std::vector<detection::Index> chosen;
  std::vector<std::string> known;
  for (const auto& category : set.categories)
    known.push_back(category.name);
  if (names.empty()) {
    for (size_t c = 0; c < known.size(); ++c)
      chosen.push_back(static_cast<detection::Index>(c));
  }
  for (const auto& name : names) {
    const auto found = std::ranges::find(known, name);
    if (found == known.end())
      throw DataError("detection", "{}: {}", labels.string(), unknown_name("class", name, known));
    chosen.push_back(static_cast<detection::Index>(found - known.begin()));
  }
  if (chosen.empty()) throw DataError("detection", "{}: it has no classes to tell.", labels.string());
  return chosen;
}

at::Tensor as_boxes(const std::vector<float>& corners) {
  return torch::tensor(corners, tensor::on_cpu()).view({-1, 4});
}

// Boxes within [0, width] x [0, height]; what is left of each must be a pixel each way and enough of what it was.
at::Tensor clipped(const at::Tensor& boxes, double width, double height) {
  const auto x = boxes.slice(1, 0, 4, 2).clamp(0, width), y = boxes.slice(1, 1, 4, 2).clamp(0, height);
  return at::stack({x.select(1, 0), y.select(1, 0), x.select(1, 1), y.select(1, 1)}, 1);
}

KnownBoxes seen_of(const KnownBoxes& known, double width, double height) {
  const auto cut = clipped(known.boxes, width, height);
  const auto left = models::fcos::areas_of(cut), whole = models::fcos::areas_of(known.boxes);
  const auto wide = (cut.select(1, 2) - cut.select(1, 0)).ge(1), high = (cut.select(1, 3) - cut.select(1, 1)).ge(1);
  const auto stay = wide.logical_and(high).logical_and(left.ge(kLeastLeft * whole)).nonzero().squeeze(1);
  return {cut.index_select(0, stay), known.labels.index_select(0, stay), clipped(known.crowds, width, height)};
}

}  // namespace

std::vector<std::pair<Unlooked, std::string>> choices(Unlooked) {
  return {{Unlooked::masked, "masked"}, {Unlooked::background, "background"}};
}

BoxPhotos::BoxPhotos(const Source& source, const std::vector<std::string>& classes, int64_t side, Reporter& report)
    : side_(side) {
  detection::Findings findings;
  set_ = std::make_shared<detection::Set>(detection::read_set(source.labels, findings));
  findings.refuse(source.labels.string());
  for (const auto& [kind, finding] : findings.kinds())
    report.note({fmt::format("{}: {} x {} ({})", source.labels.filename().string(), finding.count, kind,
                             finding.examples.empty() ? "" : finding.examples.front()),
                 finding.severity != detection::Severity::note});
  categories_ = chosen_categories(*set_, classes, source.labels);
  if (set_->images.empty()) throw DataError("detection", "{}: it lists no photos.", source.labels.string());
  root_ = photo_root(source, *set_);
  annotations_.resize(set_->images.size());
  for (size_t a = 0; a < set_->annotations.size(); ++a)
    annotations_[set_->annotations[a].image].push_back(static_cast<detection::Index>(a));
  kept_.resize(set_->images.size());
  std::vector<std::string> missing;
  for (int64_t i = 0; i < size(); ++i) {
    std::error_code error;
    if (!fs::exists(file(i), error)) missing.push_back(set_->images[static_cast<size_t>(i)].file);
  }
  if (!missing.empty()) {
    const auto count = missing.size();
    missing.resize(std::min(count, kMostFilesNamed));
    throw DataError("detection", "{}: {} of {} photos are not in {}: {}{}. Name their folder with --images.",
                    source.labels.string(), count, size(), root_.empty() ? "." : root_.string(),
                    fmt::join(missing, ", "), count > missing.size() ? ", ..." : "");
  }
  labels_hash_ = fs::is_directory(source.labels) ? "" : data::content_of_file(source.labels);
}

std::vector<std::string> BoxPhotos::class_names() const {
  std::vector<std::string> names;
  for (const auto category : categories_)
    names.push_back(set_->categories[category].name);
  return names;
}

fs::path BoxPhotos::file(int64_t i) const {
  return root_ / set_->images[static_cast<size_t>(i)].file;
}

std::string BoxPhotos::hash() const {
  Hash hash;
  hash.add(labels_hash_);
  for (const auto& annotation : set_->annotations)
    hash.add(fmt::format("{} {} {} {} {} {} {}", annotation.image, annotation.category, annotation.box.x,
                         annotation.box.y, annotation.box.width, annotation.box.height, annotation.crowd));
  for (const auto& name : class_names())
    hash.add(name);
  for (int64_t i = 0; i < size(); ++i)
    hash.add(data::content_of_file(file(i)));
  return hash.hex();
}

const models::fcos::FittedPhoto& BoxPhotos::photo(int64_t i) const {
  auto& kept = kept_[static_cast<size_t>(i)];
  if (kept.pixels.defined()) return kept;
  const auto& image = set_->images[static_cast<size_t>(i)];
  const auto read = io::read_image(file(i));
  if (image.width > 0 && (image.width != read.width || image.height != read.height)) {
    throw DataError("detection",
                    "{}: the labels say {} x {} pixels, and it has {} x {}: its boxes may be of another photo.",
                    file(i).string(), image.width, image.height, read.width, read.height);
  }
  return kept = models::fcos::fitted(read, {side_, side_});
}

BoxPhotos::Example BoxPhotos::example(int64_t i) const {
  const auto& photo = this->photo(i);
  const double wider = static_cast<double>(photo.read.width) / photo.own.width;
  const double higher = static_cast<double>(photo.read.height) / photo.own.height;
  std::vector<float> boxes, crowds;
  std::vector<int64_t> labels;
  for (const auto a : annotations_[static_cast<size_t>(i)]) {
    const auto& annotation = set_->annotations[a];
    const auto place = std::ranges::find(categories_, annotation.category);
    if (place == categories_.end()) continue;
    const auto& box = annotation.box;
    const bool region = annotation.crowd || annotation.group_of;
    auto& corners = region ? crowds : boxes;
    for (const double corner :
         {box.x * wider, box.y * higher, (box.x + box.width) * wider, (box.y + box.height) * higher})
      corners.push_back(static_cast<float>(corner));
    if (!region) labels.push_back(place - categories_.begin());
  }
  const KnownBoxes known{as_boxes(boxes), torch::tensor(labels, tensor::on_cpu(at::kLong)), as_boxes(crowds)};
  const auto edge = static_cast<int>(side_);
  return {models::fcos::in_zeros(photo.pixels, {edge, edge}), seen_of(known, photo.read.width, photo.read.height)};
}

BoxPhotos::Example BoxPhotos::example(int64_t i, const PhotoChanges& changes, Random random) const {
  auto example = this->example(i);
  const auto& read = photo(i).read;
  auto& known = example.known;
  auto pixels = photo(i).pixels;
  double width = read.width, height = read.height;
  if (changes.flip && random.uniform() < 0.5) {
    pixels = pixels.flip({2});
    for (auto* boxes : {&known.boxes, &known.crowds}) {
      const auto& b = *boxes;
      *boxes = at::stack({width - b.select(1, 2), b.select(1, 1), width - b.select(1, 0), b.select(1, 3)}, 1);
    }
  }
  if (changes.scale) {
    const double by = random.uniform(kLeastScale, kMostScale);
    const auto scaled = [&](double side) { return std::max<int64_t>(1, std::llround(side * by)); };
    const int64_t w = scaled(width), h = scaled(height);
    pixels = at::upsample_bilinear2d(pixels.unsqueeze(0), {h, w}, /*align_corners=*/false).squeeze(0);
    const auto cut = [&](int64_t side) {
      return side > side_ ? static_cast<int64_t>(random.below(static_cast<uint64_t>(side - side_ + 1))) : int64_t{0};
    };
    const int64_t left = cut(w), top = cut(h);
    const auto by_axis = torch::tensor({w / width, h / height, w / width, h / height}, tensor::on_cpu());
    const auto from = torch::tensor(
        {static_cast<float>(left), static_cast<float>(top), static_cast<float>(left), static_cast<float>(top)},
        tensor::on_cpu());
    known.boxes = known.boxes * by_axis - from;
    known.crowds = known.crowds * by_axis - from;
    width = static_cast<double>(std::min(w, side_));
    height = static_cast<double>(std::min(h, side_));
    pixels = pixels.narrow(1, top, static_cast<int64_t>(height)).narrow(2, left, static_cast<int64_t>(width));
  }
  const auto edge = static_cast<int>(side_);
  example.pixels = models::fcos::in_zeros(pixels, {edge, edge});
  known = seen_of(known, width, height);
  return example;
}

at::Tensor BoxPhotos::looked_for(int64_t i, Unlooked unlooked) const {
  auto told = torch::ones({static_cast<int64_t>(categories_.size())}, tensor::on_cpu(at::kBool));
  if (unlooked == Unlooked::background) return told;
  const auto& image = set_->images[static_cast<size_t>(i)];
  for (size_t k = 0; k < categories_.size(); ++k) {
    const bool looked =
        set_->class_sets.has(image.known, categories_[k]) && !set_->class_sets.has(image.open, categories_[k]);
    told[static_cast<int64_t>(k)] = looked;
  }
  return told;
}

}  // namespace graft::pipelines
