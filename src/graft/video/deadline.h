// When a call must be over. FFmpeg asks it while it reads; what decodes asks it itself.
#pragma once

#include <filesystem>

#include "graft/core/clock.h"
#include "graft/core/error.h"

namespace graft::video {

class Deadline {
 public:
  explicit Deadline(double seconds) : seconds_(seconds) {}

  void start() { begin_ = Clock::now(); }
  bool passed() const { return seconds_since(begin_) > seconds_; }
  void check(const std::filesystem::path& path) const {
    if (passed()) {
      throw DataError("video",
                      "{}: not read within {} s. Is it damaged, or on a slow disk? Leave it out, or re-encode it.",
                      path.string(), seconds_);
    }
  }

 private:
  double seconds_;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace graft::video
