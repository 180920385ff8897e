// What a teacher adds to a task's loss: of the same examples its answers or its features, which a student's are to be
// like. Named on the command line with its options: "kl", "relational:angle=0". The teacher's numbers are constants.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/options.h"
#include "graft/core/random.h"
#include "graft/nn/parameters.h"

namespace graft::plugins {

// What of teacher and student is compared.
enum class Compared {
  answers,   // over the classes, as logits [B, C]
  features,  // that a head reads, [B, E] of the one and [B, E'] of the other
};

class Distillation {
 public:
  virtual ~Distillation() = default;
  virtual Compared compares() const = 0;

  // student, teacher: rows of the same examples -> a scalar: the sum over the batch.
  virtual at::Tensor sum(const at::Tensor& student, const at::Tensor& teacher) const = 0;

  virtual double share_of_task() const { return 1; }  // what the task's own loss counts beside it
  virtual int64_t least_batch() const { return 1; }   // examples that it compares with each other

  // What has to train with the student so that rows of so many numbers can be compared; nothing unless it says so.
  virtual nn::Parameters prepare(int64_t /*student*/, int64_t /*teacher*/, Random) { return {}; }
};

struct DistillationEntry {
  const char* name;
  const char* summary;
  const char* paper;
  std::vector<OptionInfo> (*options)();
  std::unique_ptr<Distillation> (*parse)(const OptionValues& values);
};

const std::vector<const DistillationEntry*>& distillations();  // in the order of distillation.def

// UsageError for a name that none has, with the nearest; ConfigError for an option that it lacks or refuses.
std::unique_ptr<Distillation> make_distillation(const std::string& text);

// A weight of a part of a loss. ConfigError by the plug-in's name unless it is 0 or more.
void check_weight(const char* distillation, const char* option, double weight);

// Rows in the type that a loss is computed in: bf16 as float32.
at::Tensor in_float(const at::Tensor& rows);

}  // namespace graft::plugins
