// Features that somebody made, given on as they are.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graft/data/feature_file.h"
#include "graft/data/source.h"

namespace graft::data {

class FeatureSource final : public SampleSource {
 public:
  FeatureSource(std::shared_ptr<const FeatureRows> rows, std::vector<Sample> samples)
      : SampleSource(std::move(samples)), rows_(std::move(rows)) {}

  Reads reads() const override { return Reads::features; }
  std::string content(std::int64_t i) const override;  // of the row's bits
  std::size_t floats() const override { return static_cast<std::size_t>(rows_->width); }
  void read(std::int64_t i, Random random, Row& row) const override;

 private:
  std::shared_ptr<const FeatureRows> rows_;
};

}  // namespace graft::data
