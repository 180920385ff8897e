// Clips a second through opening, exact counting, decoding, 8 frames spread over the clip (uniform), resizing to a
// shorter side of SIZE, a centre crop and normalising, by THREADS threads, a clip each: `video_frames FOLDER [SIZE]
// [THREADS] [SECONDS]` prints one JSON object. The peers are in peers/video_frames.py.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include "graft/data/transforms.h"
#include "graft/video/clip.h"
#include "graft/video/sampling.h"

int main(int count, char** arguments) {
  using namespace graft;
  const auto number = [&](int place, int otherwise) { return place < count ? std::atoi(arguments[place]) : otherwise; };
  if (count < 2) return 2;
  const int size = number(2, 224), threads = number(3, 2), seconds = number(4, 10);

  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(arguments[1])) {
    if (video::is_clip_name(entry.path())) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  const data::ImageTransform transform(
      data::Preprocessing{.resize = {size, size}, .interpolation = data::Filter::bilinear, .crop = {}});
  const video::SamplingOptions sampling{.frames = 8};

  std::atomic<std::size_t> next = 0, done = 0;
  const auto begin = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  const auto work = [&] {
    const std::size_t floats = std::size_t{3} * size * size;
    std::vector<float> pixels(8 * floats);
    while (elapsed() < seconds) {
      const auto clip = video::open_clip(files[next++ % files.size()]);
      const auto images = clip->read(video::test_frames(sampling, clip->frames()).front());
      for (std::size_t i = 0; i < images.size(); ++i)
        transform.write(images[i], Random(0), std::span(pixels).subspan(i * floats, floats));
      ++done;
    }
  };
  std::vector<std::jthread> workers;
  for (int i = 0; i < threads; ++i)
    workers.emplace_back(work);
  workers.clear();
  fmt::print(
      "{{\"what\": \"video_frames\", \"who\": \"graft\", \"clips\": {}, \"size\": {}, \"threads\": {}, "
      "\"clips_per_s\": {:.2f}}}\n",
      files.size(), size, threads, static_cast<double>(done) / elapsed());
}
