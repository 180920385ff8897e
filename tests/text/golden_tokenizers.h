// The small tokenisers of tests/golden/tokenizers and the odd strings that they are compared on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/source_dir.h"
#include "tests/text/odd_strings.h"

namespace graft::text {

inline std::filesystem::path golden_folder() {
  return source_dir() / "tests/golden/tokenizers";
}

inline nlohmann::json json_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  return nlohmann::json::parse(in);
}

struct OddTexts {
  std::vector<std::string> texts;
  std::vector<int64_t> lengths;
};

inline constexpr size_t kOddCount = 10000;

inline const OddTexts& odd_texts() {
  static const OddTexts odd = [] {
    OddStrings strings(json_file(golden_folder() / "fragments.json").get<std::vector<std::string>>());
    OddTexts made;
    for (size_t i = 0; i < kOddCount; ++i)
      made.texts.push_back(strings.next());
    for (size_t i = 0; i < kOddCount; ++i)
      made.lengths.push_back(static_cast<int64_t>(6 + strings.below(40)));
    return made;
  }();
  return odd;
}

}  // namespace graft::text
