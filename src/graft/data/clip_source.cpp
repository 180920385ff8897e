#include "graft/data/clip_source.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/video/view_crops.h"

namespace graft::data {
namespace {

// A sample for each of its views.
std::vector<Sample> with_views(std::vector<Sample> samples, std::int64_t views) {
  if (views == 1) return samples;
  std::vector<Sample> all;
  for (const Sample& sample : samples)
    all.insert(all.end(), static_cast<std::size_t>(views), sample);
  return all;
}

// What training cuts from: the usual 256 pixels for a model that reads 224 (mmaction2's Resize(-1, 256)).
int side_to_cut_from(Size output) {
  return static_cast<int>(std::lround(std::max(output.height, output.width) * 256.0 / 224));
}

Image with_shorter_side(Image frame, int side, Filter filter) {
  if (std::min(frame.width, frame.height) <= side) return frame;
  Preprocessing p;
  p.resize = {side, side};
  const Size size = resized_size({frame.height, frame.width}, p);
  return resize(frame, size, filter);
}

}  // namespace

ClipSource::ClipSource(std::filesystem::path root, std::vector<Sample> samples, ImageTransform transform,
                       ClipReading reading, std::shared_ptr<FrameCache> cache)
    : SampleSource(with_views(std::move(samples), transform.is_random() ? 1 : reading.views())),
      root_(std::move(root)),
      transform_(std::move(transform)),
      reading_(reading),
      cache_(std::move(cache)),
      floats_(static_cast<std::size_t>(reading.sampling.frames) * 3 * transform_.output().height *
              transform_.output().width) {
  GRAFT_ASSERT(cache_);
  if (reading_.crops > 1 && transform_.preprocessing().resize_mode != ResizeMode::shortest) {
    throw ConfigError(
        "data", "--test-crops {}: the model squashes frames to its own shape, and nothing is left to cut. Expected 1.",
        reading_.crops);
  }
}

std::vector<std::int64_t> ClipSource::frames_of(std::int64_t i) const {
  const auto range = cache_->range(file(i), at(i).span);
  auto frames = video::test_frames(reading_.sampling,
                                   range.count)[static_cast<std::size_t>(i % views() % reading_.sampling.views)];
  for (std::int64_t& frame : frames)
    frame += range.begin;
  return frames;
}

std::vector<Image> ClipSource::images(std::int64_t i) const {
  const FrameCache::Preparation small{
      "short-96", [](Image frame) { return with_shorter_side(std::move(frame), 96, Filter::bicubic); }};
  std::vector<Image> images;
  for (const auto& image : cache_->read(file(i), frames_of(i), small))
    images.push_back(*image);
  return images;
}

std::vector<std::int64_t> ClipSource::random_frames(std::int64_t i, Random& random) const {
  const auto range = cache_->range(file(i), at(i).span);
  auto frames = video::train_frames(reading_.sampling, range.count, random);
  for (std::int64_t& frame : frames)
    frame += range.begin;
  return frames;
}

std::string ClipSource::content(std::int64_t i) const {
  Hash hash;
  hash.add(cache_->content(file(i)));
  const auto frames = frames_of(i);
  hash.add(std::as_bytes(std::span(frames)));
  hash.add(fmt::format("{} of {} · {}", i % views() / reading_.sampling.views, reading_.crops,
                       reading_.colour == video::Colour::stream ? "stream" : "bt601"));
  return hash.hex();
}

Image ClipSource::cut(const Image& frame, std::int64_t crop_number) const {
  const Size out = transform_.output();
  const auto offsets = video::crop_offsets(frame.width, frame.height, out.height, static_cast<int>(reading_.crops));
  const auto& at = offsets[static_cast<std::size_t>(crop_number)];
  return crop(frame, {at.left, at.top, out.width, out.height}, transform_.preprocessing().fill);
}

void ClipSource::read(std::int64_t i, Random random, Row& row) const {
  const Size out = transform_.output();
  const auto& p = transform_.preprocessing();
  const bool is_random = transform_.is_random();
  const auto crop_number = i % views() / reading_.sampling.views;
  FrameCache::Preparation preparation;
  if (is_random) {
    const int side = side_to_cut_from(out);
    preparation = {fmt::format("short-{}", side),
                   [&](Image frame) { return with_shorter_side(std::move(frame), side, p.interpolation); }};
  } else if (reading_.crops > 1) {
    preparation = {fmt::format("whole-{}x{}", p.resize.height, p.resize.width), [&](Image frame) {
                     return resize(frame, resized_size({frame.height, frame.width}, p), p.interpolation);
                   }};
  } else {
    preparation = {fmt::format("read-{}x{}-of-{}x{}", out.height, out.width, p.resize.height, p.resize.width),
                   [&](Image frame) { return transform_.pixels(frame, Random(0)); }};
  }
  Random of_frames = random.fork("frames");
  const auto frames = is_random ? random_frames(i, of_frames) : frames_of(i);
  const auto images = cache_->read(file(i), frames, preparation);
  const auto plane = floats_ / images.size();
  for (std::size_t t = 0; t < images.size(); ++t) {
    const auto pixels = row.pixels.subspan(t * plane, plane);
    if (is_random) {
      transform_.write(*images[t], random, pixels);
    } else if (reading_.crops > 1) {
      transform_.normalise(cut(*images[t], crop_number), pixels);
    } else {
      transform_.normalise(*images[t], pixels);
    }
  }
}

}  // namespace graft::data
