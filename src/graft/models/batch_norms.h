// Batch norms out of a checkpoint, and what the families that have them say alike.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/io/json_object.h"
#include "graft/models/checkpoint.h"
#include "graft/nn/batch_norm.h"
#include "graft/tensor/precision.h"

namespace graft::models {

std::shared_ptr<nn::BatchNorm> read_batch_norm(CheckpointReader& reader, const std::string& ours,
                                               const std::string& theirs, int64_t width, double eps);

// Of weights that are known by their tensors alone, a JSON file beside them: ModelError.
void refuse_description(const char* family, const std::optional<io::JsonObject>& file);

// What of the checkpoint is no part of the model, and that a precision other than fp32 is not used.
void note_what_is_left(const CheckpointReader& reader, tensor::Precision asked, std::vector<Note>& notes);

}  // namespace graft::models
