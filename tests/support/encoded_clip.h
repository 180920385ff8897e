// Small clips of every kind, encoded by FFmpeg's libraries as a test needs them. Each frame is a picture of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace graft {

struct ClipSpec {
  std::string encoder = "libx264";
  std::map<std::string, std::string> options = {};  // of the encoder
  std::map<std::string, std::string> muxer = {};    // of the container, which the file's name tells
  int width = 64;
  int height = 48;
  std::string pixels = "yuv420p";  // or yuvj420p, yuv422p, yuv444p, yuv420p10le
  int frames = 60;
  int rate = 30;
  std::vector<std::int64_t> times = {};  // of each frame, in 1/600 s; empty: by the rate
  std::int64_t shift = 0;                // 1/600 s that every packet is moved by: below 0 an edit list hides the first
  int rotation = 0;                      // clockwise, degrees
  bool mirrored = false;                 // beside the rotation
  int matrix = 2;                        // ISO/IEC 23091-2: 1 BT.709, 2 not said
  bool full_range = false;               // as a tag
  int aspect = 1;                        // width of a pixel by its height
  int skip_first = 0;                    // packets that are left out at the start
};

// Whether FFmpeg here has this encoder.
bool has_encoder(const std::string& name);

void write_clip(const std::filesystem::path& path, const ClipSpec& spec);

// Sound (silence) without a video: m4a. With the picture of a cover, or without.
void write_sound(const std::filesystem::path& path, bool cover);

}  // namespace graft
