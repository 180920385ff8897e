// A decoder made of its settings and tensors.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "graft/models/checkpoint.h"
#include "graft/models/decoder/decoder.h"
#include "graft/models/decoder/stored_tensors.h"
#include "graft/tensor/precision.h"

namespace graft::models::decoder {

class DecoderReader {
 public:
  // Makes a tensor that is not among them.
  using Maker = std::function<StoredTensor(const std::string& name, const std::vector<int64_t>& shape)>;
  // `file` is what messages call the tensors' file. Without a maker a tensor that is absent is an error.
  DecoderReader(StoredTensors tensors, Settings settings, tensor::Precision precision, std::string file,
                Maker make = {});

  // All that is missing, unexpected or misshapen is one ModelError.
  DecoderParts read();
  std::vector<Origin> origins() const { return origins_; }

 private:
  struct Map;
  const StoredTensor* find(const std::string& theirs, const std::vector<int64_t>& shape);  // null: noted as wrong
  at::Tensor take(const std::string& ours, const std::string& theirs, int64_t count);
  at::Tensor take_matrix(const std::string& ours, const std::vector<std::string>& theirs,
                         const std::vector<int64_t>& rows, int64_t columns);
  at::Tensor take_table(const std::string& ours, const std::string& theirs, int64_t rows, int64_t columns);
  at::Tensor take_biases(const std::string& ours, const std::vector<std::string>& theirs,
                         const std::vector<int64_t>& rows);
  std::shared_ptr<nn::RmsNorm> norm(const std::string& ours, const std::string& theirs, int64_t width);
  std::shared_ptr<nn::Linear> linear(const nn::Site& block, const Map& map);
  std::shared_ptr<nn::DecoderBlock> block(int64_t index);
  void finish();

  StoredTensors tensors_;
  Settings settings_;
  tensor::Precision precision_;
  std::string file_, prefix_;
  Maker make_;
  std::set<std::string> taken_;
  std::vector<std::string> wrong_;
  std::vector<Origin> origins_;
};

}  // namespace graft::models::decoder
