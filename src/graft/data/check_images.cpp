#include "graft/data/check_images.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "graft/core/threads.h"
#include "graft/data/masks.h"
#include "graft/data/problems.h"

namespace graft::data {
namespace {

// What stands in the way of reading a photo, as the list says it: without the path that stands before.
std::string reason_of(const std::exception& error, const std::filesystem::path& path) {
  std::error_code failed;
  if (std::filesystem::is_symlink(path, failed) && !std::filesystem::exists(path, failed)) {
    return fmt::format("a link to {}, which is not there", std::filesystem::read_symlink(path, failed).string());
  }
  return error.what();
}

}  // namespace

std::vector<std::pair<OnBadFile, std::string>> choices(OnBadFile) {
  return {{OnBadFile::refuse, "refuse"}, {OnBadFile::skip, "skip"}};
}

std::vector<BadFile> unreadable(const std::filesystem::path& root, const std::vector<std::string>& all, int threads,
                                const std::function<void(const std::string&, const std::filesystem::path&)>& read) {
  const std::set<std::string> unique(all.begin(), all.end());
  const std::vector<std::string> files(unique.begin(), unique.end());
  std::vector<BadFile> bad;
  std::mutex mutex;
  for_each_index(files.size(), threads, [&](std::size_t i) {
    const auto path = root / files[i];
    try {
      read(files[i], path);
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex);
      bad.push_back({files[i], reason_of(error, path)});
    }
  });
  std::ranges::sort(bad, {}, &BadFile::file);
  return bad;
}

std::vector<BadFile> check_images(const std::filesystem::path& root, const std::vector<std::string>& files, int threads,
                                  ImageCache* cache) {
  return unreadable(root, files, threads, [&](const std::string&, const std::filesystem::path& path) {
    if (cache == nullptr) {
      io::read_image(path);
    } else if (cache->seen(path) == nullptr) {
      cache->read(path);
    }
  });
}

std::vector<BadFile> check_images(const Dataset& dataset, const std::vector<Split>& splits, int threads,
                                  ImageCache* cache) {
  if (dataset.reads != Reads::photo) return {};  // texts were read when they were listed; clips: check_clips()
  std::vector<std::string> files;
  for (const Split split : splits) {
    for (const Sample& sample : dataset.split(split))
      files.push_back(sample.input);
  }
  if (!dataset.masks) return check_images(dataset.root, files, threads, cache);
  std::map<std::string, const Sample*> masked;
  for (const Split split : splits) {
    for (const Sample& sample : dataset.split(split))
      masked.emplace(sample.input, &sample);
  }
  return unreadable(dataset.root, files, threads, [&](const std::string& file, const std::filesystem::path& path) {
    const auto photo = cache ? cache->read(path) : std::make_shared<const Image>(io::read_image(path));
    dataset.masks->read(*masked.at(file), {photo->height, photo->width});
  });
}

void refuse_bad_files(const std::string& name, const std::vector<BadFile>& bad, Reads reads) {
  if (bad.empty()) return;
  Problems problems(fmt::format("{}: {} {} cannot be read (--on-bad-file skip leaves {} out)", name, bad.size(),
                                bad.size() == 1 ? one_of(reads) : unit_of(reads), bad.size() == 1 ? "it" : "them"));
  for (const BadFile& one : bad)
    problems.add("{}: {}", one.file, one.reason);
  problems.throw_if_any();
}

namespace {

// How many training examples tell each class; none where captions, masks or numbers are told.
std::vector<std::size_t> told_by_class(const Dataset& dataset) {
  std::vector<std::size_t> told(dataset.classes.size());
  for (const Sample& sample : dataset.train) {
    if (dataset.target == Target::label) ++told.at(sample.label);
    if (dataset.target != Target::labels) continue;
    for (std::size_t c = 0; c < told.size(); ++c)
      if (sample.values.at(c) > 0) ++told[c];
  }
  return told;
}

}  // namespace

Dataset without_bad_files(Dataset dataset, const std::vector<BadFile>& bad, OnBadFile policy) {
  if (bad.empty()) return dataset;
  if (policy == OnBadFile::refuse) refuse_bad_files(dataset.name, bad, dataset.reads);
  std::set<std::string> files;
  for (const BadFile& one : bad)
    files.insert(one.file);
  const auto trained = told_by_class(dataset);
  const bool trains = !dataset.train.empty();
  for (std::vector<Sample>* samples : {&dataset.train, &dataset.val, &dataset.test}) {
    std::erase_if(*samples, [&](const Sample& sample) { return files.contains(sample.input); });
  }
  const auto left = told_by_class(dataset);
  Problems problems(dataset.name);
  if (trains && dataset.train.empty() && left.empty())
    problems.add("none of the {} to train on can be read.", unit_of(dataset.reads));
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (trained[i] > 0 && left[i] == 0)
      problems.add("no {} of the class '{}' can be read.", one_of(dataset.reads), dataset.classes[i]);
  }
  problems.throw_if_any();
  return dataset;
}

}  // namespace graft::data
