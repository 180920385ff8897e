// Which frames of a clip a model sees, by the rules that published models were trained and tested with. Numbers of
// frames only: nothing here reads a clip.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graft/core/random.h"

namespace graft::video {

enum class Sampling {
  segments,     // one of each of T equal parts (TSN, Wang et al. 2016, arXiv:1608.00859, as mmaction2 has it)
  uniform,      // between T + 1 rounded points of the whole clip (TimeSformer on SSv2, Video Swin's and AIM's
                // UniformSample)
  dense,        // T frames, each a stride apart, in a window; test windows by mmaction2 up to 0.24 (AIM, Video Swin)
  dense_new,    // the same; test windows by mmaction2 1.x: from the first to the last possible one
  dense_last,   // the same windows for a clip long enough; a shorter one ends on its last frame (ST-Adapter)
  dense_range,  // T frames spread over 64 (TSM, Lin et al. 2019, arXiv:1811.08383; the stride is 64 / T)
};
std::vector<std::pair<Sampling, std::string>> choices(Sampling);

struct SamplingOptions {
  Sampling rule = Sampling::uniform;
  std::int64_t frames = 8;  // T, of one view
  std::int64_t stride = 1;  // frames from one to the next: the dense rules but dense_range
  std::int64_t views = 1;   // clips of a test
};

// Uniform in [0, n), n > 0.
using Below = std::function<std::int64_t(std::int64_t)>;

// The frames of one training clip: T numbers in [0, n). n > 0.
std::vector<std::int64_t> train_frames(const SamplingOptions& options, std::int64_t n, Random& random);
std::vector<std::int64_t> train_frames(const SamplingOptions& options, std::int64_t n, const Below& below);

// The frames of a test: `views` clips of T numbers.
std::vector<std::vector<std::int64_t>> test_frames(const SamplingOptions& options, std::int64_t n);

// How many frames a clip needs for the rule to repeat none.
std::int64_t frames_needed(const SamplingOptions& options);
// What the rule does with fewer: "loops over the clip", ...
std::string_view when_short(Sampling rule);

// ConfigError for options that contradict: segments with several views, no frames.
void check(const SamplingOptions& options);

}  // namespace graft::video
