// Photos a second through decoding, Pillow-exact resizing (shorter side), cropping to SIZE and normalising, by the
// loader's threads: `decode_resize FOLDER [SIZE] [THREADS] [SECONDS]` prints one JSON object. The peer is
// peers/decode_resize.py.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "graft/data/loader.h"
#include "graft/data/photo_source.h"

int main(int count, char** arguments) {
  using namespace graft::data;
  const auto number = [&](int place, int otherwise) { return place < count ? std::atoi(arguments[place]) : otherwise; };
  if (count < 2) return 2;
  const int size = number(2, 224), threads = number(3, 2), seconds = number(4, 10);

  std::vector<Sample> samples;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(arguments[1])) {
    if (entry.path().extension() == ".jpg") samples.push_back({.input = entry.path().string()});
  }
  std::ranges::sort(samples, {}, &Sample::input);
  const ImageTransform transform(Preprocessing{.resize = {size, size}, .crop = {}});
  Loader loader(std::make_shared<PhotoSource>("", samples, transform),
                {.batch_size = 32, .workers = threads, .prefetch = 4, .epochs = 1'000'000});
  while (auto batch = loader.next())
    loader.recycle(std::move(*batch));  // warms the file cache

  std::int64_t images = 0;
  const auto begin = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  while (elapsed() < seconds) {
    if (auto batch = loader.next()) {
      images += batch->size();
      loader.recycle(std::move(*batch));
    }
  }
  fmt::print(
      "{{\"what\": \"decode_resize\", \"who\": \"graft\", \"photos\": {}, \"size\": {}, \"threads\": {}, "
      "\"images_per_s\": {:.1f}}}\n",
      samples.size(), size, threads, static_cast<double>(images) / elapsed());
}
