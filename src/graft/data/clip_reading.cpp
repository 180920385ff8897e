#include "graft/data/clip_reading.h"

#include "graft/core/error.h"

namespace graft::data {

ClipReading reading_of(const ClipOptions& asked) {
  constexpr std::int64_t kUsualStride = 4, kMostFrames = 1024;
  ClipReading reading;
  reading.sampling.frames = asked.frames.value_or(reading.sampling.frames);
  reading.sampling.rule = asked.sampling.value_or(reading.sampling.rule);
  reading.sampling.stride = asked.stride.value_or(kUsualStride);
  reading.sampling.views = asked.views.value_or(1);
  reading.crops = asked.crops.value_or(1);
  reading.colour = asked.colour.value_or(reading.colour);
  if (reading.sampling.frames < 1 || reading.sampling.frames > kMostFrames)
    throw ConfigError("data", "--frames {}: expected 1 to {}.", reading.sampling.frames, kMostFrames);
  if (reading.sampling.stride < 1)
    throw ConfigError("data", "--stride {}: expected 1 or more.", reading.sampling.stride);
  if (reading.sampling.views < 1)
    throw ConfigError("data", "--test-views {}: expected 1 or more.", reading.sampling.views);
  if (reading.crops != 1 && reading.crops != 3)
    throw ConfigError("data", "--test-crops {}: expected 1 or 3.", reading.crops);
  video::check(reading.sampling);
  return reading;
}

ClipOptions with(const ClipOptions& asked, const ClipOptions& otherwise) {
  const auto first = [](const auto& a, const auto& b) { return a ? a : b; };
  return {.frames = first(asked.frames, otherwise.frames),
          .stride = first(asked.stride, otherwise.stride),
          .views = first(asked.views, otherwise.views),
          .crops = first(asked.crops, otherwise.crops),
          .sampling = first(asked.sampling, otherwise.sampling),
          .colour = first(asked.colour, otherwise.colour)};
}

}  // namespace graft::data
