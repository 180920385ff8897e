// tests/golden/prompting.json, which tests/golden/make/prompting.py made.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/source_dir.h"

namespace graft::prompting {

inline const nlohmann::json& golden() {
  static const auto kGolden =
      nlohmann::json::parse(std::ifstream(source_dir() / "tests" / "golden" / "prompting.json"));
  return kGolden;
}

}  // namespace graft::prompting
