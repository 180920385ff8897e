#include "graft/data/check_clips.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>

#include "graft/core/options.h"

namespace graft::data {
namespace {

template <class Function>
void each_sample(const Dataset& dataset, const std::vector<Split>& splits, const Function& function) {
  for (const Split split : splits) {
    for (const Sample& sample : dataset.split(split))
      function(sample);
  }
}

}  // namespace

std::vector<BadFile> check_clips(const Dataset& dataset, const std::vector<Split>& splits, int threads,
                                 FrameCache& cache) {
  std::map<std::string, std::vector<std::optional<Span>>> spans;
  std::vector<std::string> files;
  each_sample(dataset, splits, [&](const Sample& sample) {
    auto& of_file = spans[sample.input];
    if (of_file.empty()) files.push_back(sample.input);
    of_file.push_back(sample.span);
  });
  return unreadable(dataset.root, files, threads, [&](const std::string& file, const std::filesystem::path& path) {
    for (const auto& span : spans.at(file))
      cache.range(path, span);
  });
}

void report_clips(const Dataset& dataset, const std::vector<Split>& splits, const ClipReading& reading,
                  FrameCache& cache, Reporter& report) {
  const auto needed = video::frames_needed(reading.sampling);
  std::int64_t clips = 0, few = 0;
  std::string first;
  std::map<std::string, std::set<std::string>> remarks;  // and the files
  each_sample(dataset, splits, [&](const Sample& sample) {
    ++clips;
    if (cache.range(dataset.path(sample), sample.span).count < needed && few++ == 0) first = sample.shown();
    for (const auto& remark : cache.seen(dataset.path(sample)).remarks)
      remarks[remark].insert(sample.input);
  });
  if (few > 0) {
    report.note({fmt::format("{} of {} clips have fewer than {} frames ({}): the rule {} {}", few, clips, needed, first,
                             option::print(reading.sampling.rule), video::when_short(reading.sampling.rule))});
  }
  for (const auto& [remark, found] : remarks)
    report.note(
        {fmt::format("{} clip{}: {} ({})", found.size(), found.size() == 1 ? "" : "s", remark, *found.begin())});
}

}  // namespace graft::data
