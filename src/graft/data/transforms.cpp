#include "graft/data/transforms.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "graft/core/error.h"
#include "graft/core/shuffle.h"
#include "graft/data/colour.h"
#include "graft/data/photo_changes.h"
#include "graft/data/resize_weights.h"

namespace graft::data {
namespace {

// Python's round(): halves to even, as long as nobody changed the processor's rounding mode.
int round_half_even(double value) {
  return static_cast<int>(std::nearbyint(value));
}

// Where a crop of `wanted` begins in `have` pixels; negative when it must be padded.
int crop_begin(int have, int wanted, CropRounding rounding) {
  const int spare = have - wanted;
  if (rounding == CropRounding::transformers) {
    return spare >= 0 ? spare / 2 : -((1 - spare) / 2);
  }
  return spare >= 0 ? round_half_even(spare / 2.0) : -(-spare / 2);
}

// Both sides so that the shorter one is `length`; the longer is cut to a whole number, as in torchvision.
Size with_shorter_side(Size image, int length) {
  const auto longer = [&](int long_side, int short_side) {
    const double exact = static_cast<double>(std::int64_t{length} * long_side) / short_side;
    return std::max(1, static_cast<int>(exact));
  };
  if (image.width <= image.height) return {longer(image.height, image.width), length};
  return {length, longer(image.width, image.height)};
}

// The part `rect` of the resized image; what lies outside is `fill`.
Image resize_and_crop(ImageView image, Size size, const Preprocessing& p, Rect rect) {
  const int left = std::max(rect.left, 0), top = std::max(rect.top, 0);
  const int right = std::min(rect.left + rect.width, size.width);
  const int bottom = std::min(rect.top + rect.height, size.height);
  Image inside = resize(image, size, p.interpolation, {}, Rect{left, top, right - left, bottom - top});
  if (inside.width == rect.width && inside.height == rect.height) return inside;
  return crop(inside, {rect.left - left, rect.top - top, rect.width, rect.height}, p.fill);
}

Image jitter(Image image, const Augmentation& o, Random& random) {
  std::array<int, 4> order;
  std::iota(order.begin(), order.end(), 0);
  shuffle(order, random);
  const auto factor = [&](double spread) { return random.uniform(std::max(0.0, 1 - spread), 1 + spread); };
  for (const int step : order) {
    if (step == 0 && o.brightness > 0) image = adjust_brightness(std::move(image), factor(o.brightness));
    if (step == 1 && o.contrast > 0) image = adjust_contrast(std::move(image), factor(o.contrast));
    if (step == 2 && o.saturation > 0) image = adjust_saturation(std::move(image), factor(o.saturation));
    if (step == 3 && o.hue > 0) image = adjust_hue(std::move(image), random.uniform(-o.hue, o.hue));
  }
  return image;
}

bool has_jitter(const Augmentation& o) {
  return o.brightness > 0 || o.contrast > 0 || o.saturation > 0 || o.hue > 0;
}

void check(const Preprocessing& p, const Augmentation& o) {
  const Size out = p.output();
  if (p.resize.height < 1 || p.resize.width < 1 || out.height < 1 || out.width < 1) {
    throw ConfigError("transforms", "the model's image size is {} x {}: expected at least one pixel a side.", out.width,
                      out.height);
  }
  if (std::ranges::any_of(p.std, [](float s) { return !(s > 0); })) {
    throw ConfigError("transforms", "the model's std is {}, {}, {}: expected numbers above 0.", p.std[0], p.std[1],
                      p.std[2]);
  }
  if (!(o.min_scale > 0 && o.min_scale <= o.max_scale && o.max_scale <= 1)) {
    throw ConfigError("transforms",
                      "a random crop of {} to {} of the photo (--min-crop): expected 0 < least <= most <= 1.",
                      o.min_scale, o.max_scale);
  }
  if (!(o.min_ratio > 0 && o.min_ratio <= o.max_ratio)) {
    throw ConfigError("transforms", "--min-ratio {} --max-ratio {}: expected 0 < min <= max.", o.min_ratio,
                      o.max_ratio);
  }
  if (o.crop == TrainCrop::random && o.resize < std::max(out.height, out.width)) {
    throw ConfigError("transforms",
                      "a random crop out of photos resized to {}, smaller than the {} x {} that the model reads.",
                      o.resize, out.width, out.height);
  }
  for (const double chance : {o.jitter_chance, o.grey_chance, o.blur_chance, o.erase_chance}) {
    if (!(chance >= 0 && chance <= 1)) throw ConfigError("transforms", "a chance of {}: expected 0 to 1.", chance);
  }
  if (!(o.brightness >= 0 && o.contrast >= 0 && o.saturation >= 0 && o.hue >= 0 && o.hue <= 0.5)) {
    throw ConfigError("transforms", "colour jitter {}, {}, {}, {}: expected 0 or more, and a hue of at most 0.5.",
                      o.brightness, o.contrast, o.saturation, o.hue);
  }
}

}  // namespace

std::vector<std::pair<ResizeMode, std::string>> choices(ResizeMode) {
  return {{ResizeMode::shortest, "shortest"},
          {ResizeMode::squash, "squash"},
          {ResizeMode::longest, "longest"},
          {ResizeMode::none, "none"}};
}

std::vector<std::pair<TrainCrop, std::string>> choices(TrainCrop) {
  return {{TrainCrop::none, "none"}, {TrainCrop::random_resized, "random-resized"}, {TrainCrop::random, "random"}};
}

bool Augmentation::is_random() const {
  return crop != TrainCrop::none || flip || has_jitter(*this) || grey_chance > 0 || blur_chance > 0 ||
         policy != Policy::none || erase_chance > 0;
}

Augmentation Augmentation::random_resized_crop_and_flip() {
  return {.crop = TrainCrop::random_resized, .flip = true};
}

Size resized_size(Size image, const Preprocessing& p) {
  if (p.resize_mode == ResizeMode::none) return image;
  if (p.resize_mode == ResizeMode::squash) return p.resize;
  const bool shortest = p.resize_mode == ResizeMode::shortest;
  if (shortest && p.resize.height == p.resize.width) return with_shorter_side(image, p.resize.height);
  // timm's and open_clip's ResizeKeepRatio
  const double down_height = static_cast<double>(image.height) / p.resize.height;
  const double down_width = static_cast<double>(image.width) / p.resize.width;
  const double ratio = shortest ? std::min(down_height, down_width) : std::max(down_height, down_width);
  return {std::max(1, round_half_even(image.height / ratio)), std::max(1, round_half_even(image.width / ratio))};
}

Rect random_resized_rect(Size image, const Augmentation& o, Random& random) {
  const double area = static_cast<double>(image.height) * image.width;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double target = area * random.uniform(o.min_scale, o.max_scale);
    const double ratio = std::exp(random.uniform(std::log(o.min_ratio), std::log(o.max_ratio)));
    const int width = round_half_even(std::sqrt(target * ratio));
    const int height = round_half_even(std::sqrt(target / ratio));
    if (width > 0 && width <= image.width && height > 0 && height <= image.height) {
      const int top = static_cast<int>(random.below(image.height - height + 1));
      const int left = static_cast<int>(random.below(image.width - width + 1));
      return {left, top, width, height};
    }
  }
  int width = image.width, height = image.height;
  const double ratio = static_cast<double>(width) / height;
  if (ratio < o.min_ratio) {
    height = std::clamp(round_half_even(width / o.min_ratio), 1, image.height);
  } else if (ratio > o.max_ratio) {
    width = std::clamp(round_half_even(height * o.max_ratio), 1, image.width);
  }
  return {(image.width - width) / 2, (image.height - height) / 2, width, height};
}

std::optional<Rect> random_erased_rect(Size photo, Random& random) {
  const double area = static_cast<double>(photo.height) * photo.width;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double target = area * random.uniform(0.02, 0.33);
    const double ratio = std::exp(random.uniform(std::log(0.3), std::log(3.3)));
    const int height = round_half_even(std::sqrt(target * ratio)), width = round_half_even(std::sqrt(target / ratio));
    if (height < 1 || width < 1 || height >= photo.height || width >= photo.width) continue;
    const int top = static_cast<int>(random.below(static_cast<std::uint64_t>(photo.height - height + 1)));
    const int left = static_cast<int>(random.below(static_cast<std::uint64_t>(photo.width - width + 1)));
    return Rect{left, top, width, height};
  }
  return {};
}

ImageTransform::ImageTransform(Preprocessing preprocessing, Augmentation augmentation)
    : preprocessing_(preprocessing), augmentation_(augmentation) {
  check(preprocessing_, augmentation_);
  for (int c = 0; c < 3; ++c) {
    for (int v = 0; v < 256; ++v) {
      const auto scaled = static_cast<float>(v * preprocessing_.scale);  // transformers'; torchvision's v / 255.0f too
      normalised_[c][v] = (scaled - preprocessing_.mean[c]) / preprocessing_.std[c];
    }
  }
}

ImageTransform::View ImageTransform::draw(Size whole, Random& random) const {
  const Size out = output();
  const auto& p = preprocessing_;
  const auto& o = augmentation_;
  View view{{0, 0, whole.width, whole.height}, out, {0, 0, out.width, out.height}};
  if (o.crop == TrainCrop::random_resized) {
    view.from = random_resized_rect(whole, o, random);
  } else if (o.crop == TrainCrop::random) {
    view.size = with_shorter_side(whole, static_cast<int>(o.resize));
    view.part.top = static_cast<int>(random.below(view.size.height - out.height + 1));
    view.part.left = static_cast<int>(random.below(view.size.width - out.width + 1));
  } else {
    view.size = resized_size(whole, p);
    view.part.left = crop_begin(view.size.width, out.width, p.crop_rounding);
    view.part.top = crop_begin(view.size.height, out.height, p.crop_rounding);
  }
  view.mirrored = o.flip && random.uniform() < 0.5;
  return view;
}

Image ImageTransform::pixels(const Image& image, Random random) const {
  const auto& o = augmentation_;
  const View view = draw({image.height, image.width}, random);
  Image result = resize_and_crop(ImageView(image, view.from), view.size, preprocessing_, view.part);
  if (view.mirrored) result = flip_horizontally(std::move(result));
  // A chance of all draws nothing, so that what was drawn before there were chances is drawn now.
  const auto happens = [&](double chance) { return chance >= 1 || (chance > 0 && random.uniform() < chance); };
  if (has_jitter(o) && happens(o.jitter_chance)) result = jitter(std::move(result), o, random);
  if (happens(o.grey_chance)) result = to_grey(std::move(result));
  if (happens(o.blur_chance)) result = gaussian_blur(result, random.uniform(0.1, 2.0));  // SimCLR's
  return augmented(std::move(result), o.policy, random);
}

void ImageTransform::write(const Image& image, Random random, std::span<float> out) const {
  normalise(pixels(image, random), out);
  Random erasing = random.fork("erase");
  if (augmentation_.erase_chance == 0 || erasing.uniform() >= augmentation_.erase_chance) return;
  const Size size = output();
  const auto rect = random_erased_rect(size, erasing);
  if (!rect) return;
  // 0 of what is normalised: the mean colour.
  for (int c = 0; c < 3; ++c) {
    for (int y = rect->top; y < rect->top + rect->height; ++y) {
      const auto row = (static_cast<std::size_t>(c) * size.height + y) * size.width;
      std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(row) + rect->left, rect->width, 0.0F);
    }
  }
}

void ImageTransform::write_mask(const io::IndexImage& mask, Random random, std::span<std::uint8_t> out) const {
  const View view = draw({mask.height, mask.width}, random);
  GRAFT_ASSERT(out.size() == static_cast<std::size_t>(view.part.width) * view.part.height);
  // Where Pillow's nearest filter looks for the pixels of a side, from `begin` on; -1 outside.
  const auto sources = [](int begin, int count, int size, int from, int length) {
    std::vector<int> found(static_cast<std::size_t>(count), -1);
    const int first = std::max(begin, 0), end = std::min(begin + count, size);
    if (first >= end) return found;
    const auto inside = nearest_positions(length, 0, static_cast<float>(length), size, first, end);
    for (std::size_t i = 0; i < inside.size(); ++i)
      found[i + static_cast<std::size_t>(first - begin)] = from + inside[i];
    return found;
  };
  auto columns = sources(view.part.left, view.part.width, view.size.width, view.from.left, view.from.width);
  const auto rows = sources(view.part.top, view.part.height, view.size.height, view.from.top, view.from.height);
  if (view.mirrored) std::ranges::reverse(columns);
  auto to = out.begin();
  for (const int row : rows) {
    const auto* pixels = row < 0 ? nullptr : mask.classes.data() + static_cast<std::size_t>(row) * mask.width;
    for (const int column : columns)
      *to++ = pixels == nullptr || column < 0 ? io::kIgnoredClass : pixels[column];
  }
}

void ImageTransform::normalise(const Image& pixels, std::span<float> out) const {
  const std::size_t plane = static_cast<std::size_t>(pixels.width) * pixels.height;
  GRAFT_ASSERT(pixels.rgb.size() == 3 * plane && out.size() == 3 * plane);
  const auto& [red, green, blue] = normalised_;
  const std::uint8_t* rgb = pixels.rgb.data();
  for (std::size_t i = 0; i < plane; ++i, rgb += 3) {
    out[i] = red[rgb[0]];
    out[plane + i] = green[rgb[1]];
    out[2 * plane + i] = blue[rgb[2]];
  }
}

}  // namespace graft::data
