#include "graft/data/split_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "graft/data/format.h"

namespace graft::data {

std::string split_of_list(const std::string& stem) {
  std::string words = stem;
  if (const auto at = words.find("list"); at != std::string::npos) words.replace(at, 4, "_");
  return split_word(words);
}

SplitLists split_lists(const std::vector<std::filesystem::path>& files, const DatasetOptions& options) {
  SplitLists found;
  for (const auto& [own, wanted] : {std::pair{"train", options.train_split}, std::pair{"val", options.val_split},
                                    std::pair{"test", options.test_split}}) {
    std::vector<std::filesystem::path> lists;
    const auto take = [&](const auto& is_meant) {
      if (lists.empty()) std::ranges::copy_if(files, std::back_inserter(lists), is_meant);
    };
    take([&](const auto& file) { return file.stem() == wanted; });
    if (is_usual_split(wanted)) {
      take([&](const auto& file) { return split_of_list(file.stem().string()) == split_word(wanted); });
    }
    if (lists.empty()) continue;
    // One that serves two splits under one name is read once.
    const bool read = std::ranges::any_of(
        found.lists, [&](const SplitList& list) { return list.file == lists.front() && list.split == wanted; });
    if (!read) found.lists.push_back({lists.front(), wanted});
    if (lists.size() > 1) {
      found.notes.push_back(fmt::format("of {} lists for {} the first is read, {}: --{}-split {} names another",
                                        lists.size(), own, lists.front().filename().string(), own,
                                        lists[1].stem().string()));
    }
  }
  return found;
}

}  // namespace graft::data
