#include "graft/data/source.h"

namespace graft::data {

std::string SampleSource::name(std::int64_t i) const {
  return at(i).shown();
}

}  // namespace graft::data
