// The end that a signal asks for, under this room's name.
#pragma once

#include "graft/core/signals.h"

namespace graft::engine {

using graft::Stopped;
using graft::stop_if_asked;

}  // namespace graft::engine
