// The names of files that are half written, so that a process that a signal ends at once leaves none behind.
#pragma once

#include <cstddef>

namespace graft {

class PartialName {
 public:
  explicit PartialName(const char* path);  // kept where there is room: a name left out only stays behind
  ~PartialName();
  PartialName(const PartialName&) = delete;
  PartialName& operator=(const PartialName&) = delete;

 private:
  int slot_ = -1;
};

void remove_partial_files() noexcept;  // may be called from a signal handler

}  // namespace graft
