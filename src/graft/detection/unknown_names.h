// Names in foreign files that a reader does not look at - keys, elements, attributes, columns - with how often each is
// there, so that a note a name can be given at the end.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "graft/detection/findings.h"

namespace graft::detection {

class UnknownNames {
 public:
  // `of` is where names stand: "annotations[].", "<object>"; empty at the top of a file.
  void see(std::string_view of, std::string_view name);
  // "annotations[].score is carried and changes nothing (120 times)", for `fate` "is carried and changes nothing".
  void note(Findings& findings, std::string_view kind, std::string_view fate) const;

 private:
  std::map<std::string, std::map<std::string, std::size_t, std::less<>>, std::less<>> counts_;
};

}  // namespace graft::detection
