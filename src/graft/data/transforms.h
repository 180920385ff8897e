// From a decoded photo to what a model reads: resize, crop, and (x scale - mean) / std as float32 [3, height, width],
// in the order of operations of torchvision's and transformers' own, so that the floats are theirs to the bit. Training
// adds torchvision's random crops, flip and colour jitter.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/random.h"
#include "graft/data/augment_policy.h"
#include "graft/data/resize.h"
#include "graft/io/index_png.h"

namespace graft::data {

enum class ResizeMode {
  shortest,  // the shorter side becomes resize.height; what is longer than the crop is cut
  squash,    // both sides, whatever the shape
  longest,   // the whole photo fits in, the rest is `fill`
  none,      // as it is: the crop alone
};
std::vector<std::pair<ResizeMode, std::string>> choices(ResizeMode);

// Where the two libraries put a crop whose margin is odd: torchvision rounds half to even, transformers down.
enum class CropRounding { torchvision, transformers };

// What a model's files say of its input. transformers' {"size": {"shortest_edge": 256}, "crop_size": 224} is
// resize {256, 256} and crop {224, 224}; timm's crop_pct is resize = floor(size / crop_pct).
struct Preprocessing {
  Size resize = {224, 224};
  ResizeMode resize_mode = ResizeMode::shortest;
  Filter interpolation = Filter::bicubic;
  std::optional<Size> crop = {};          // absent: the size of `resize`
  std::optional<double> crop_share = {};  // timm's crop_pct: `resize` is floor(crop / share), at any size
  CropRounding crop_rounding = CropRounding::torchvision;
  std::array<std::uint8_t, 3> fill = {0, 0, 0};
  double scale = 1.0 / 255;
  std::array<float, 3> mean = {0.48145466f, 0.4578275f, 0.40821073f};  // CLIP's
  std::array<float, 3> std = {0.26862954f, 0.26130258f, 0.27577711f};

  Size output() const { return crop.value_or(resize); }
};

enum class TrainCrop { none, random_resized, random };
std::vector<std::pair<TrainCrop, std::string>> choices(TrainCrop);

struct Augmentation {
  TrainCrop crop = TrainCrop::none;
  double min_scale = 0.08;
  double max_scale = 1.0;
  double min_ratio = 3.0 / 4;
  double max_ratio = 4.0 / 3;
  int64_t resize = 256;
  bool flip = false;
  double brightness = 0, contrast = 0, saturation = 0, hue = 0;
  double jitter_chance = 1;
  double grey_chance = 0;
  double blur_chance = 0;  // by Pillow's Gaussian, of a deviation between 0.1 and 2 pixels
  Policy policy = Policy::none;
  double erase_chance = 0;  // of a box of what the model reads

  bool is_random() const;
  static Augmentation random_resized_crop_and_flip();  // CoOp's, and the usual one
};
template <class Visitor>
void fields(Visitor& visit, Augmentation& o) {
  visit("train-crop", o.crop, "how a training photo is cut: as at test, a random part resized, or a random place");
  visit("min-scale", o.min_scale, "random-resized: smallest share of the photo's area");
  visit("max-scale", o.max_scale, "random-resized: largest share of the photo's area");
  visit("min-ratio", o.min_ratio, "random-resized: narrowest width to height");
  visit("max-ratio", o.max_ratio, "random-resized: widest width to height");
  visit("train-resize", o.resize, "random: shorter side before the crop, in pixels");
  visit("flip", o.flip, "mirror half of the training photos");
  visit("brightness", o.brightness, "colour jitter: factor from 1-x to 1+x");
  visit("contrast", o.contrast, "colour jitter: factor from 1-x to 1+x");
  visit("saturation", o.saturation, "colour jitter: factor from 1-x to 1+x");
  visit("hue", o.hue, "colour jitter: share of the circle, at most 0.5");
  visit("jitter-chance", o.jitter_chance, "share of the photos whose colours are changed");
  visit("grey-chance", o.grey_chance, "share of the photos that lose their colours");
  visit("blur-chance", o.blur_chance, "share of the photos that are blurred");
  visit("policy", o.policy, "changes drawn from a list: rand-augment or trivial-augment");
  visit("erase-chance", o.erase_chance, "share of the photos of which a box is erased");
}

class ImageTransform {
 public:
  explicit ImageTransform(Preprocessing preprocessing, Augmentation augmentation = {});

  // The pixels that will be normalised, [output().height, output().width]. The same `random` gives the same pixels.
  Image pixels(const Image& image, Random random) const;

  // [3, H, W] normalised into `out`, which has 3 * H * W floats.
  void write(const Image& image, Random random, std::span<float> out) const;
  void normalise(const Image& pixels, std::span<float> out) const;

  // The mask of an image, [H, W], as write() moves its pixels for the same `random`, by Pillow's nearest pixel: what
  // lies outside of the image is io::kIgnoredClass. Colours and erased boxes leave it as it is; policies do not go with
  // it.
  void write_mask(const io::IndexImage& mask, Random random, std::span<std::uint8_t> out) const;

  Size output() const { return preprocessing_.output(); }
  bool is_random() const { return augmentation_.is_random(); }
  const Preprocessing& preprocessing() const { return preprocessing_; }

 private:
  // What is shown of an image: its part `from`, resized to `size`, of which `part` is seen, mirrored or not.
  struct View {
    Rect from;
    Size size;
    Rect part;
    bool mirrored = false;
  };
  View draw(Size whole, Random& random) const;

  Preprocessing preprocessing_;
  Augmentation augmentation_;
  std::array<std::array<float, 256>, 3> normalised_;  // a byte of a channel -> its float
};

// torchvision's RandomResizedCrop.get_params: ten tries of an area and a log-uniform ratio, then the largest centre
// crop with a ratio in range. `image` is its whole size.
Rect random_resized_rect(Size image, const Augmentation& augmentation, Random& random);

// torchvision's RandomErasing.get_params with its usual numbers: ten tries of an area of 2 to 33 % and a log-uniform
// ratio of 0.3 to 3.3; nothing where none fits.
std::optional<Rect> random_erased_rect(Size photo, Random& random);

// The size after resizing, before the crop.
Size resized_size(Size image, const Preprocessing& preprocessing);

}  // namespace graft::data
