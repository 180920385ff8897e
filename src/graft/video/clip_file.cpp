// Random access that is exact on every container: see clip_index.h for what is known beforehand. A seek is told the
// time of a key frame, never the target's, and its landing is looked at: containers without an index land behind it
// (MPEG-TS always), decoders lose the first frames behind a seek (open groups of pictures). Then the key frame before
// is tried, and the one before, and at last the file is opened anew.
#include "graft/video/clip_file.h"

#include <algorithm>
#include <optional>

#include "graft/video/clip_decoder.h"
#include "graft/video/clip_index.h"
#include "graft/video/clip_remarks.h"
#include "graft/video/frame_colour.h"

namespace graft::video {
namespace {

using Outcome = ClipDecoder::Outcome;

class FileClip : public Clip {
 public:
  FileClip(const std::filesystem::path& path, const ClipOptions& options)
      : options_(options),
        deadline_(options.seconds),
        packets_(path, deadline_, options.max_pixels),
        index_(index_of(packets_)),
        facts_(facts_of(packets_, index_, options.upright)),
        decoder_(packets_, deadline_, options.max_pixels),
        colour_(options.colour) {
    if (index_.packets == 0) throw DataError("video", "{}: its video has no frames. Leave it out.", name());
    at_end_ = true;
    if (index_.timed && index_.pts.empty()) {
      throw DataError("video", "{}: its edit list shows no frame. Leave it out.", name());
    }
  }

  const ClipFacts& facts() const override { return facts_; }

  std::int64_t frames() override {
    if (index_.timed) return static_cast<std::int64_t>(index_.pts.size());
    if (!counted_) {
      deadline_.start();
      count();
    }
    return static_cast<std::int64_t>(times_.size());
  }

  double time(std::int64_t i) override {
    require(i);
    const auto& times = index_.timed ? index_.pts : times_;
    if (index_.timed || times_known_) {
      return seconds_between(times[0], times[i], packets_.stream().time_base);
    }
    return facts_.rate > 0 ? static_cast<double>(i) / facts_.rate : 0;
  }

  std::vector<io::Image> read(std::span<const std::int64_t> indices) override;

 private:
  std::string name() const { return packets_.path().string(); }
  void require(std::int64_t i) {
    if (i < 0 || i >= frames()) throw DataError("video", "{}: frame {} of {} was asked for.", name(), i, frames());
  }
  [[noreturn]] void damaged(double second) const {
    throw DataError("video",
                    "{}: damaged at {:.2f} s: a frame there does not decode whole. Leave it out, or re-encode it.",
                    name(), second);
  }
  double second_of(std::int64_t pts) const {
    return seconds_between(index_.pts.front(), pts, packets_.stream().time_base);
  }

  void restart();
  void count();
  void decode_numbered(std::int64_t target);
  void decode_timed(std::int64_t target);
  bool reach(std::int64_t pts, std::int64_t key_pts, bool from_start);
  bool land(const ClipIndex::Key& key);

  ClipOptions options_;
  Deadline deadline_;
  ClipPackets packets_;
  ClipIndex index_;
  ClipFacts facts_;
  ClipDecoder decoder_;
  FrameColour colour_;

  bool at_end_ = false;           // the decoder must be led somewhere before it gives a frame
  std::int64_t last_time_ = 0;    // timed: of the frame that the decoder gave last
  std::int64_t next_number_ = 0;  // not timed: of the frame that it gives next

  // Not timed: what counting found.
  bool counted_ = false;
  bool times_known_ = true;
  std::vector<std::int64_t> times_;
};

void FileClip::restart() {
  packets_.rewind();
  decoder_.flush();
  at_end_ = false;
  next_number_ = 0;
}

// Decodes all. Nothing else tells how many frames packets without times give.
void FileClip::count() {
  restart();
  times_.clear();
  for (;;) {
    const auto outcome = decoder_.next();
    if (outcome == Outcome::end) break;
    if (outcome == Outcome::damage) {
      if (!decoder_.has_frame() && times_.empty() && index_.leading > 0) continue;
      damaged(facts_.rate > 0 ? static_cast<double>(times_.size()) / facts_.rate : 0);
    }
    const std::int64_t time = decoder_.time();
    if (time == AV_NOPTS_VALUE || (!times_.empty() && time <= times_.back())) times_known_ = false;
    times_.push_back(time);
  }
  at_end_ = true;
  if (times_.empty()) throw DataError("video", "{}: no frame of it decodes. Leave it out, or re-encode it.", name());
  counted_ = true;
}

// To the frame of this number, by going through all before it.
void FileClip::decode_numbered(std::int64_t target) {
  if (at_end_ || next_number_ > target) restart();
  while (next_number_ <= target) {
    const auto outcome = decoder_.next();
    if (outcome == Outcome::damage && !decoder_.has_frame() && next_number_ == 0 && index_.leading > 0) continue;
    if (outcome != Outcome::frame) damaged(time(next_number_));
    ++next_number_;
  }
}

// Whether decoding on from here gives the frame of this time. Damage counts from `key_pts` on: what is shown before the
// key frame that a seek went to may refer to frames that were not read.
bool FileClip::reach(std::int64_t pts, std::int64_t key_pts, bool from_start) {
  for (;;) {
    const auto outcome = decoder_.next();
    if (outcome == Outcome::end) {
      at_end_ = true;
      return false;
    }
    if (outcome == Outcome::damage) {
      if (from_start)
        damaged(decoder_.has_frame() ? second_of(decoder_.time()) : second_of(std::max(last_time_, key_pts)));
      if (!decoder_.has_frame() || decoder_.time() >= key_pts) return false;
    }
    last_time_ = decoder_.time();
    if (last_time_ == pts) return true;
    if (last_time_ == AV_NOPTS_VALUE || last_time_ > pts) return false;
  }
}

// To a key frame, if the container can.
bool FileClip::land(const ClipIndex::Key& key) {
  decoder_.flush();
  at_end_ = false;
  last_time_ = INT64_MIN;
  return packets_.seek(key.pts, key.dts);
}

// To the frame of this number, by its time.
void FileClip::decode_timed(std::int64_t target) {
  constexpr std::int64_t kNear = 4;  // frames that are decoded sooner than sought past
  const std::int64_t pts = index_.pts[target];
  const auto behind = std::ranges::upper_bound(index_.keys, pts, {}, &ClipIndex::Key::pts);
  auto key = behind - index_.keys.begin() - 1;  // -1: decoding begins before every key that is known
  const std::int64_t key_pts = key >= 0 ? index_.keys[key].pts : pts;
  if (!at_end_ && last_time_ < pts) {
    const auto next = std::ranges::upper_bound(index_.pts, last_time_) - index_.pts.begin();
    if ((key_pts <= last_time_ || target - next < kNear) && reach(pts, INT64_MIN, false)) return;
  }
  for (; key >= 0; --key) {
    if (land(index_.keys[key]) && reach(pts, index_.keys[key].pts, false)) return;
    deadline_.check(packets_.path());
  }
  restart();
  last_time_ = INT64_MIN;
  if (!reach(pts, INT64_MIN, true)) damaged(second_of(pts));
}

std::vector<io::Image> FileClip::read(std::span<const std::int64_t> indices) {
  deadline_.start();
  for (const auto i : indices)
    require(i);
  std::vector<std::int64_t> wanted(indices.begin(), indices.end());
  std::ranges::sort(wanted);
  wanted.erase(std::ranges::unique(wanted).begin(), wanted.end());

  std::vector<io::Image> images(indices.size());
  std::vector<std::int64_t> times;
  for (const auto number : wanted) {
    if (index_.timed) times.push_back(index_.pts[number]);
  }
  decoder_.want(std::move(times));
  for (const auto number : wanted) {
    if (index_.timed) {
      decode_timed(number);
    } else {
      decode_numbered(number);
    }
    auto image = colour_.rgb(decoder_.frame(), facts_.rotation, packets_.path());
    std::optional<std::size_t> first;
    for (std::size_t place = 0; place < indices.size(); ++place) {
      if (indices[place] != number) continue;
      if (first) {
        images[place] = images[*first];
      } else {
        images[place] = std::move(image);
        first = place;
      }
    }
  }
  return images;
}

}  // namespace

std::unique_ptr<Clip> open_clip_file(const std::filesystem::path& path, const ClipOptions& options) {
  return std::make_unique<FileClip>(path, options);
}

}  // namespace graft::video
