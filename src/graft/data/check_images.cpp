#include "graft/data/check_images.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "graft/data/problems.h"

namespace graft::data {

std::vector<std::pair<OnBadFile, std::string>> choices(OnBadFile) {
  return {{OnBadFile::refuse, "refuse"}, {OnBadFile::skip, "skip"}};
}

std::vector<BadFile> check_images(const Dataset& dataset, const std::vector<Split>& splits, int threads,
                                  ImageCache* cache) {
  std::set<std::string> unique;
  for (const Split split : splits) {
    for (const Sample& sample : dataset.split(split))
      unique.insert(sample.file);
  }
  const std::vector<std::string> files(unique.begin(), unique.end());
  std::vector<BadFile> bad;
  std::mutex mutex;
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < files.size(); i = next++) {
      try {
        const auto path = dataset.root / files[i];
        if (cache != nullptr) {
          cache->read(path);
        } else {
          io::read_image(path);
        }
      } catch (const std::exception& error) {
        const std::lock_guard lock(mutex);
        bad.push_back({files[i], error.what()});
      }
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int i = 1; i < threads; ++i)
      workers.emplace_back(work);
    work();
  }
  std::ranges::sort(bad, {}, &BadFile::file);
  return bad;
}

Dataset without_bad_files(Dataset dataset, const std::vector<BadFile>& bad, OnBadFile policy) {
  if (bad.empty()) return dataset;
  if (policy == OnBadFile::refuse) {
    Problems problems(
        fmt::format("{}: {} photos cannot be read (--on-bad-file skip leaves them out)", dataset.name, bad.size()));
    for (const BadFile& one : bad)
      problems.add("{}: {}", one.file, one.reason);
    problems.throw_if_any();
  }
  std::set<std::string> files;
  for (const BadFile& one : bad)
    files.insert(one.file);
  std::vector<bool> trained(dataset.classes.size()), left(dataset.classes.size());
  for (const Sample& sample : dataset.train)
    trained.at(sample.label) = true;
  for (std::vector<Sample>* samples : {&dataset.train, &dataset.val, &dataset.test}) {
    std::erase_if(*samples, [&](const Sample& sample) { return files.contains(sample.file); });
  }
  for (const Sample& sample : dataset.train)
    left.at(sample.label) = true;
  Problems problems(dataset.name);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (trained[i] && !left[i]) problems.add("no photo of the class '{}' can be read.", dataset.classes[i]);
  }
  problems.throw_if_any();
  return dataset;
}

}  // namespace graft::data
