// A piece of a network of maps that is one of its blocks: maps in, maps out, channels second.
#pragma once

#include <cstdint>

#include "graft/nn/rerunnable.h"

namespace graft::models {

class MapBlock : public nn::Rerunnable {
 public:
  virtual int64_t outputs() const = 0;  // channels
};

}  // namespace graft::models
