#include "graft/video/frame_folder.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <system_error>

#include "graft/core/error.h"
#include "graft/video/deadline.h"

namespace graft::video {
namespace {

namespace fs = std::filesystem;

constexpr double kRate = 30;  // a folder does not say; extraction is at 30 where it resamples

struct Numbered {
  std::string prefix;
  std::int64_t number = 0;
};

bool is_photo_ending(std::string ending) {
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::string_view kEndings[] = {".jpg", ".jpeg", ".png", ".webp", ".bmp"};
  return std::ranges::find(kEndings, ending) != std::end(kEndings);
}

std::optional<Numbered> numbered(const fs::path& file) {
  if (!is_photo_ending(file.extension().string())) return std::nullopt;
  const std::string stem = file.stem().string();
  const auto digits = stem.find_last_not_of("0123456789") + 1;  // npos + 1 is 0
  Numbered found{.prefix = stem.substr(0, digits)};
  const auto [end, error] = std::from_chars(stem.data() + digits, stem.data() + stem.size(), found.number);
  if (error != std::errc() || digits == stem.size()) return std::nullopt;
  return found;
}

bool is_a_systems_own(const std::string& name) {
  return name.starts_with('.') || name == "Thumbs.db" || name == "desktop.ini" || name == "__MACOSX" ||
         name == "@eaDir";
}

struct Listed {
  std::map<std::string, std::vector<std::pair<std::int64_t, fs::path>>> frames;  // by prefix
  bool flow = false;
  std::optional<std::string> other;  // the name of something that is no numbered photo
};

Listed listed(const fs::path& folder) {
  Listed list;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (is_a_systems_own(name)) continue;
    std::error_code ignored;
    const auto frame = at->is_regular_file(ignored) ? numbered(at->path()) : std::nullopt;
    if (!frame) {
      list.other = name;
    } else if (frame->prefix.starts_with("flow_")) {
      list.flow = true;
    } else {
      list.frames[frame->prefix].emplace_back(frame->number, at->path());
    }
  }
  if (error) throw FileError("video", "{}: cannot be listed: {}.", folder.string(), error.message());
  return list;
}

class FrameFolder : public Clip {
 public:
  FrameFolder(const fs::path& folder, const ClipOptions& options) : folder_(folder), deadline_(options.seconds) {
    auto list = listed(folder);
    if (list.frames.empty()) {
      throw DataError("video", "{}: a folder without numbered frames (img_00001.jpg, ...).", folder.string());
    }
    if (list.frames.size() > 1) {
      throw DataError("video", "{}: frames of one name were expected, got '{}' and '{}'. Give each clip a folder.",
                      folder.string(), list.frames.begin()->second.front().second.filename().string(),
                      list.frames.rbegin()->second.front().second.filename().string());
    }
    auto& frames = list.frames.begin()->second;
    std::ranges::sort(frames);
    for (std::size_t i = 1; i < frames.size(); ++i)
      check_next(frames[i - 1], frames[i]);
    for (auto& [number, path] : frames)
      files_.push_back(std::move(path));

    const auto first = io::read_image(files_.front());
    facts_.width = first.width;
    facts_.height = first.height;
    facts_.codec = "frames";
    facts_.container = "folder";
    facts_.rate = kRate;
    facts_.remarks.push_back(fmt::format("a folder of frames has no times: {} a second are taken", kRate));
    if (list.flow) facts_.remarks.emplace_back("optical flow beside the frames, which is not read");
    if (list.other) facts_.remarks.push_back(fmt::format("'{}' beside the frames, which is not read", *list.other));
  }

  const ClipFacts& facts() const override { return facts_; }
  std::int64_t frames() override { return static_cast<std::int64_t>(files_.size()); }
  double time(std::int64_t i) override { return static_cast<double>(i) / kRate; }

  std::vector<io::Image> read(std::span<const std::int64_t> indices) override {
    deadline_.start();
    std::map<std::int64_t, std::size_t> places;  // of a frame's first copy
    std::vector<io::Image> images(indices.size());
    for (std::size_t place = 0; place < indices.size(); ++place) {
      const auto i = indices[place];
      if (i < 0 || i >= frames()) {
        throw DataError("video", "{}: frame {} of {} was asked for.", folder_.string(), i, frames());
      }
      const auto [known, is_new] = places.emplace(i, place);
      images[place] = is_new ? frame(i) : images[known->second];
      deadline_.check(folder_);
    }
    return images;
  }

 private:
  using Entry = std::pair<std::int64_t, fs::path>;

  void check_next(const Entry& before, const Entry& after) const {
    if (after.first == before.first + 1) return;
    const auto earlier = before.second.filename().string(), later = after.second.filename().string();
    if (after.first == before.first) {
      throw DataError("video", "{}: '{}' and '{}' have one number. Leave one.", folder_.string(), earlier, later);
    }
    throw DataError("video", "{}: frame {} is missing: behind '{}' comes '{}'. Extract the frames again.",
                    folder_.string(), before.first + 1, earlier, later);
  }

  io::Image frame(std::int64_t i) const {
    auto image = io::read_image(files_[i]);
    if (image.width != facts_.width || image.height != facts_.height) {
      throw DataError("video", "{}: frames of one size were expected: '{}' has {} x {}, '{}' {} x {}.",
                      folder_.string(), files_.front().filename().string(), facts_.width, facts_.height,
                      files_[i].filename().string(), image.width, image.height);
    }
    return image;
  }

  fs::path folder_;
  Deadline deadline_;
  std::vector<fs::path> files_;
  ClipFacts facts_;
};

}  // namespace

bool is_frame_folder(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return false;
  const auto list = listed(folder);
  return list.frames.size() == 1 && !list.other;
}

std::unique_ptr<Clip> open_frame_folder(const fs::path& folder, const ClipOptions& options) {
  return std::make_unique<FrameFolder>(folder, options);
}

}  // namespace graft::video
