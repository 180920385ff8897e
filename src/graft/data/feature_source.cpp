#include "graft/data/feature_source.h"

#include <algorithm>

#include "graft/core/hash.h"

namespace graft::data {

std::string FeatureSource::content(std::int64_t i) const {
  return Hash().add(std::as_bytes(rows_->row(at(i).row))).hex();
}

void FeatureSource::read(std::int64_t i, Random, Row& row) const {
  std::ranges::copy(rows_->row(at(i).row), row.pixels.begin());
}

}  // namespace graft::data
