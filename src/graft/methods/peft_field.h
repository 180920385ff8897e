// What becomes of each field of PEFT's configuration of a method. The readers go by these lists, `graft methods NAME`
// and docs/methods.md show them, and a test holds both to PEFT's own list.
#pragma once

#include <string>
#include <vector>

#include "graft/io/json_object.h"

namespace graft::methods {

struct PeftField {
  enum class Kind {
    read,     // by the method's reader, which computes by it
    tensors,  // what it decides is read off the tensors
    idle,     // no number of a saved adapter hangs on it
    refused,  // by name, where it says anything but its default
  };
  const char* name;
  Kind kind;
  const char* note = "";
};
using PeftFields = std::vector<PeftField>;

std::string to_string(PeftField::Kind kind);

// What every configuration of PEFT's has, and those of one method.
PeftFields with_common(PeftFields own);

// Those that need no reading count as asked for.
void ignore_idle(const io::JsonObject& config, const PeftFields& fields);

}  // namespace graft::methods
