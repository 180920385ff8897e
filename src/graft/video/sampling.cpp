#include "graft/video/sampling.h"

#include <algorithm>
#include <cmath>

#include "graft/core/error.h"

namespace graft::video {
namespace {

using Frames = std::vector<std::int64_t>;

constexpr std::int64_t kDenseRange = 64;  // frames that dense_range spreads over: TSM's, and mmaction2's sample_range

// Half to even, as numpy and Python round: std::round would move frames.
std::int64_t nearest_even(double value) {
  return static_cast<std::int64_t>(std::nearbyint(value));
}

std::int64_t window(const SamplingOptions& o) {
  return (o.frames - 1) * o.stride + 1;
}  // first to last frame

Frames looped(std::int64_t start, std::int64_t step, std::int64_t count, std::int64_t n) {
  Frames frames(count);
  for (std::int64_t k = 0; k < count; ++k)
    frames[k] = (start + k * step) % n;
  return frames;
}

Frames ending_on_the_last(std::int64_t start, std::int64_t step, std::int64_t count, std::int64_t n) {
  Frames frames(count);
  for (std::int64_t k = 0; k < count; ++k)
    frames[k] = std::min(start + k * step, n - 1);
  return frames;
}

// The T + 1 points of `uniform`.
Frames uniform_points(std::int64_t count, std::int64_t n) {
  const double segment = static_cast<double>(n - 1) / static_cast<double>(count);
  Frames points(count + 1);
  for (std::int64_t i = 0; i <= count; ++i)
    points[i] = nearest_even(static_cast<double>(i) * segment);
  return points;
}

Frames segments_train(std::int64_t count, std::int64_t n, const Below& below) {
  const std::int64_t part = n / count;
  Frames frames(count);
  if (part > 0) {
    for (std::int64_t i = 0; i < count; ++i)
      frames[i] = i * part + below(part);
  } else {  // n < T
    const double step = static_cast<double>(n) / static_cast<double>(count);
    for (std::int64_t i = 0; i < count; ++i)
      frames[i] = std::min(nearest_even(static_cast<double>(i) * step), n - 1);
  }
  return frames;
}

// The middle of each part, in doubles as published: exact fractions differ in 2 % of the cases.
Frames segments_test(std::int64_t count, std::int64_t n) {
  const double part = static_cast<double>(n) / static_cast<double>(count);
  Frames frames(count);
  for (std::int64_t i = 0; i < count; ++i)
    frames[i] = static_cast<std::int64_t>(static_cast<double>(i) * part + part / 2);
  return frames;
}

// One view: the middle between two points. Several: view k at (k + 1) / (views + 1) of a part, as mmaction2 1.x has it.
Frames uniform_test(const SamplingOptions& o, std::int64_t n, std::int64_t view) {
  const Frames points = uniform_points(o.frames, n);
  const double segment = static_cast<double>(n - 1) / static_cast<double>(o.frames);
  Frames frames(o.frames);
  for (std::int64_t i = 0; i < o.frames; ++i) {
    frames[i] = o.views == 1 ? (points[i] + points[i + 1]) / 2
                             : points[i] + static_cast<std::int64_t>(segment / static_cast<double>(o.views + 1) *
                                                                     static_cast<double>(view + 1));
  }
  return frames;
}

std::int64_t dense_start(const SamplingOptions& o, std::int64_t n, std::int64_t view) {
  const std::int64_t length = o.frames * o.stride;
  if (n < length) return 0;
  const double part = static_cast<double>(n - length + 1) / static_cast<double>(o.views);
  return static_cast<std::int64_t>(static_cast<double>(view) * part + part / 2);
}

// From the first possible start to the last one. `margin`: how far a window can move.
std::int64_t spread_start(std::int64_t margin, std::int64_t views, std::int64_t view) {
  if (views == 1) return margin / 2;
  return nearest_even(static_cast<double>(view * margin) / static_cast<double>(views - 1));
}

Frames dense_new_test(const SamplingOptions& o, std::int64_t n, std::int64_t view) {
  if (o.frames == 1) {
    const auto views = static_cast<double>(o.views);
    const double start = static_cast<double>(view * n) / views + static_cast<double>(n) / (2 * views);
    return looped(static_cast<std::int64_t>(start), 1, 1, n);
  }
  return looped(spread_start(std::max<std::int64_t>(n - window(o), 0), o.views, view), o.stride, o.frames, n);
}

// numpy's linspace(0, last, views), cut to whole numbers.
std::int64_t dense_range_start(std::int64_t last, std::int64_t views, std::int64_t view) {
  if (views == 1) return 0;
  if (view == views - 1) return last;
  return static_cast<std::int64_t>(static_cast<double>(view) *
                                   (static_cast<double>(last) / static_cast<double>(views - 1)));
}

Frames test_view(const SamplingOptions& o, std::int64_t n, std::int64_t view) {
  switch (o.rule) {
    case Sampling::segments:
      return segments_test(o.frames, n);
    case Sampling::uniform:
      return uniform_test(o, n, view);
    case Sampling::dense:
      return looped(dense_start(o, n, view), o.stride, o.frames, n);
    case Sampling::dense_new:
      return dense_new_test(o, n, view);
    case Sampling::dense_last:
      return ending_on_the_last(spread_start(std::max<std::int64_t>(n - window(o), 0), o.views, view), o.stride,
                                o.frames, n);
    case Sampling::dense_range:
      return looped(dense_range_start(std::max<std::int64_t>(n - kDenseRange, 0), o.views, view),
                    kDenseRange / o.frames, o.frames, n);
  }
  throw InternalError("video", "no such sampling");
}

}  // namespace

std::vector<std::pair<Sampling, std::string>> choices(Sampling) {
  return {{Sampling::segments, "segments"},     {Sampling::uniform, "uniform"},
          {Sampling::dense, "dense"},           {Sampling::dense_new, "dense-new"},
          {Sampling::dense_last, "dense-last"}, {Sampling::dense_range, "dense-range"}};
}

void check(const SamplingOptions& o) {
  if (o.frames < 1) throw ConfigError("video", "frames: expected 1 or more, got {}.", o.frames);
  if (o.stride < 1) throw ConfigError("video", "stride: expected 1 or more, got {}.", o.stride);
  if (o.views < 1) throw ConfigError("video", "views: expected 1 or more, got {}.", o.views);
  if (o.rule == Sampling::segments && o.views != 1) {
    throw ConfigError("video", "segments has one view, of any number of frames: expected views 1, got {}.", o.views);
  }
  if (o.rule == Sampling::dense_range && o.frames > kDenseRange) {
    throw ConfigError("video", "dense-range spreads its frames over {}: expected no more, got {}.", kDenseRange,
                      o.frames);
  }
}

std::vector<std::int64_t> train_frames(const SamplingOptions& o, std::int64_t n, Random& random) {
  return train_frames(
      o, n, [&](std::int64_t m) { return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(m))); });
}

std::vector<std::int64_t> train_frames(const SamplingOptions& o, std::int64_t n, const Below& below) {
  check(o);
  GRAFT_ASSERT(n > 0);
  switch (o.rule) {
    case Sampling::segments:
      return segments_train(o.frames, n, below);
    case Sampling::uniform: {
      const Frames points = uniform_points(o.frames, n);
      Frames frames(o.frames);
      for (std::int64_t i = 0; i < o.frames; ++i)
        frames[i] = points[i] + below(points[i + 1] - points[i] + 1);
      return frames;
    }
    case Sampling::dense:
    case Sampling::dense_new: {
      const std::int64_t starts = n - o.frames * o.stride + 1;
      return looped(starts > 0 ? below(starts) : 0, o.stride, o.frames, n);
    }
    case Sampling::dense_last: {
      const std::int64_t starts = n - o.stride * (o.frames - 1);
      if (starts > 1) return looped(below(starts), o.stride, o.frames, n);
      Frames frames(o.frames);  // in training the last frame is the last multiple of the stride, in a test n - 1
      for (std::int64_t k = 0; k < o.frames; ++k)
        frames[k] = std::min(k, (n - 1) / o.stride) * o.stride;
      return frames;
    }
    case Sampling::dense_range: {
      const std::int64_t last = std::max<std::int64_t>(n - kDenseRange, 0);  // which is never drawn, as published
      return looped(last > 0 ? below(last) : 0, kDenseRange / o.frames, o.frames, n);
    }
  }
  throw InternalError("video", "no such sampling");
}

std::vector<std::vector<std::int64_t>> test_frames(const SamplingOptions& o, std::int64_t n) {
  check(o);
  GRAFT_ASSERT(n > 0);
  std::vector<Frames> views(o.views);
  for (std::int64_t view = 0; view < o.views; ++view)
    views[view] = test_view(o, n, view);
  return views;
}

std::int64_t frames_needed(const SamplingOptions& o) {
  switch (o.rule) {
    case Sampling::segments:
      return o.frames;
    case Sampling::uniform:
      return o.frames + 1;  // of T frames the test has the middle one twice, and never the last
    case Sampling::dense:
    case Sampling::dense_new:
    case Sampling::dense_last:
      return window(o);
    case Sampling::dense_range:
      return (o.frames - 1) * (kDenseRange / o.frames) + 1;
  }
  throw InternalError("video", "no such sampling");
}

std::string_view when_short(Sampling rule) {
  switch (rule) {
    case Sampling::segments:
    case Sampling::uniform:
      return "repeats frames, spread over the clip";
    case Sampling::dense:
    case Sampling::dense_new:
    case Sampling::dense_range:
      return "loops: behind the last frame comes the first";
    case Sampling::dense_last:
      return "repeats the last frame";
  }
  throw InternalError("video", "no such sampling");
}

}  // namespace graft::video
