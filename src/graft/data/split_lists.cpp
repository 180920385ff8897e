#include "graft/data/split_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "graft/data/format.h"

namespace graft::data {

namespace {

// "training" and "validation" among them, as SplitNames has it.
std::string plain_split(const std::string& word) {
  for (const auto& [names, split] : {std::pair{"train training trainlist", "train"},
                                     std::pair{"val valid validation dev development vallist", "val"},
                                     std::pair{"test testing eval evaluation testlist", "test"}}) {
    const std::string all = fmt::format(" {} ", names);
    if (all.find(fmt::format(" {} ", word)) != std::string::npos) return split;
  }
  return "";
}

}  // namespace

std::string split_word(const std::string& stem) {
  std::string word;
  for (const char c : stem + "_") {
    if (std::isalpha(static_cast<unsigned char>(c))) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      continue;
    }
    if (const auto split = plain_split(word); !split.empty()) return split;
    word.clear();
  }
  return "";
}

SplitLists split_lists(const std::vector<std::filesystem::path>& files, const DatasetOptions& options) {
  SplitLists found;
  for (const auto& [own, wanted] : {std::pair{"train", options.train_split}, std::pair{"val", options.val_split},
                                    std::pair{"test", options.test_split}}) {
    std::vector<std::filesystem::path> lists;
    for (const auto& file : files)
      if (file.stem() == wanted) lists.push_back(file);
    for (const auto& file : files)
      if (lists.empty() || lists.front().stem() != wanted)
        if (split_word(file.stem().string()) == plain_split(wanted) && !plain_split(wanted).empty())
          lists.push_back(file);
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
