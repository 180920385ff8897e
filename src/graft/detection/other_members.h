// Members of a JSON file that its reader does not use, in their order, as they stand there: to be written again.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graft/detection/findings.h"
#include "graft/detection/json_pieces.h"

namespace graft::detection {

class OtherMembers {
 public:
  void add(const JsonPieces& piece);
  std::string members() const;  // with commas between, without braces
  // All but COCO's info and licenses.
  void note_unknown(Findings& findings) const;

 private:
  std::vector<std::string> keys_, texts_;
  std::map<std::string, bool> is_list_;
};

}  // namespace graft::detection
