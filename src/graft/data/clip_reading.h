// Which frames of a clip are read, and how: what a run says of it once and every later use repeats.
#pragma once

#include <cstdint>
#include <optional>

#include "graft/video/clip.h"
#include "graft/video/sampling.h"

namespace graft::data {

struct ClipReading {
  video::SamplingOptions sampling;  // frames, rule, stride; and of a test the views in time
  std::int64_t crops = 1;           // of a test, of each view: the middle, or three along the longer side
  video::Colour colour = video::Colour::stream;

  std::int64_t views() const { return sampling.views * crops; }  // of one example of a test
};

// What somebody asks for; the rest as it was in the run, or usual.
struct ClipOptions {
  std::optional<std::int64_t> frames = {}, stride = {}, views = {}, crops = {};
  std::optional<video::Sampling> sampling = {};
  std::optional<video::Colour> colour = {};
  bool any() const { return frames || stride || views || crops || sampling || colour; }
};
template <class Visitor>
void fields(Visitor& visit, ClipOptions& o) {
  visit("frames", o.frames,
        "clips: frames that are read of one (default: as the run was trained, else the model's own, else 8)");
  visit("sampling", o.sampling,
        "clips: which frames, by a published rule; random in training where --augment is not none, else fixed "
        "(default: as the run was trained, else uniform)");
  visit("stride", o.stride, "clips: frames from one to the next, for the dense rules (default: 4)");
  visit("test-views", o.views, "clips: how many times a test looks at one, at several places in time (default: 1)");
  visit("test-crops", o.crops, "clips: squares that a test looks at in each view, 1 or 3 (default: 1)");
  visit("colour", o.colour,
        "clips: by the matrix and range that the file names, or BT.601 as older readers (default: as the run was "
        "trained, else stream)");
}

// ConfigError for what contradicts itself.
ClipReading reading_of(const ClipOptions& asked);
// `asked` with `otherwise` where it says nothing.
ClipOptions with(const ClipOptions& asked, const ClipOptions& otherwise);

}  // namespace graft::data
