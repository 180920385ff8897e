// Who knows more of the training examples than the data says, or knows them from another side: a run, a model or a file
// of features. It is asked once of each example as it is, without the random changes that training makes. A teacher
// that reads texts is asked with the captions of photos, and so a text tower teaches an image tower; one that sees
// photos may teach the text tower of a run on pairs.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/core/random.h"
#include "graft/data/dataset.h"
#include "graft/engine/options.h"
#include "graft/engine/session.h"
#include "graft/io/hub.h"
#include "graft/nn/parameters.h"
#include "graft/plugins/distillation/distillation.h"

namespace graft::engine {

// What a run learns of its teacher.
struct Teaching {
  std::shared_ptr<const plugins::Distillation> by = nullptr;  // null: nobody teaches
  at::Tensor rows = {};            // [N, C] logits or [N, E] features in float32, of each training example
  nn::Parameters parameters = {};  // that train besides, so that both can be compared
  bool of_captions = false;        // the rows that captions become are taught, and not those of photos
};

// What a teacher is asked about.
struct Lesson {
  const data::Dataset& dataset;
  std::vector<std::string> templates;  // of class prompts
  plugins::Compared what = plugins::Compared::answers;
};

// Rows of the training examples in their order: logits of the data set's classes, or features. ModelError for a teacher
// that reads something else, does not know a class or tells none; DataError for a file without a row for each example.
at::Tensor ask_teacher(const TeacherOptions& options, const Lesson& lesson, const Session& session, Reporter& report);

// Each row in the place of another, in a random order.
at::Tensor shuffled(const at::Tensor& rows, Random random);

// A hash of all that its rows hang on beside the examples, wherever it lies.
std::string teacher_content(const std::string& teacher, const io::Environment& environment);

}  // namespace graft::engine
