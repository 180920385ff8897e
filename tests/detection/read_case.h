// What tests of one format share: a folder, what was found, and a photo of which only the header is there.
#pragma once

#include <gmock/gmock.h>

#include <string>

#include "graft/detection/format.h"
#include "tests/support/temp_folder.h"

namespace graft::detection {

class ReadCase : public ::testing::Test {
 protected:
  std::size_t count(std::string_view kind) const {
    const auto found = findings_.kinds().find(kind);
    return found == findings_.kinds().end() ? 0 : found->second.count;
  }
  std::string example(std::string_view kind) const {
    return count(kind) == 0 ? "none" : findings_.kinds().find(kind)->second.examples.front();
  }
  std::size_t left_out() const { return findings_.total(Severity::left_out); }
  void put_png(const std::string& name, char width, char height) {
    folder_.put(name,
                std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0", 19) + width + std::string("\0\0\0", 3) + height);
  }
  Set read(const std::string& name, const ReadOptions& options = {}) {
    return read_set(name.empty() ? folder_.path() : folder_ / name, findings_, "", options);
  }
  static std::string class_of(const Set& set, std::size_t annotation) {
    return set.categories[set.annotations[annotation].category].name;
  }
  TempFolder folder_;
  Findings findings_;
};

}  // namespace graft::detection
