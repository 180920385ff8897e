// What a method puts into a model and what else it trains; putting that in place, and asking what it changes.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graft/models/head.h"
#include "graft/models/model.h"
#include "graft/nn/insert.h"
#include "graft/nn/parameters.h"
#include "graft/nn/site.h"

namespace graft::methods {

// One insert and where it sits; several sites may share it (it counts, saves and steps once).
struct Binding {
  std::shared_ptr<nn::Insert> insert;
  std::vector<std::string> sites;  // paths; a slice as "vision.blocks.0.attn.qkv.q"; the head's is "head"
  std::string method;              // whose it is: "lora"
};

struct Adaptation {
  std::vector<Binding> bindings;
  std::vector<std::string> trained = {};   // parameters of the frozen model that train too; a head's always do
  std::vector<std::string> by_batch = {};  // its batch norms that go by the batch while training, by path
  // Ends of parameters' names, and of how many learning rates those steps are.
  std::map<std::string, double> rates = {};
};

// Puts the inserts at their sites and freezes everything else. Returns the parameters that train, by the names under
// which a checkpoint keeps them; an insert at several sites appears once.
nn::Parameters install(const Adaptation& adaptation, models::Model& model, models::Head& head);

// The means and variances of the model's batch norms that go by the batch while training, by path and name.
nn::Parameters model_statistics(const Adaptation& adaptation, const models::Model& model);

// What training changes without a gradient, by the names under which a checkpoint keeps it: the means and variances
// that batch norms gather, the model's and those of inserts.
nn::Parameters statistics(const Adaptation& adaptation, const models::Model& model);

// The earliest place that the adaptation changes: below it, features may be cached.
nn::Place earliest_change(const Adaptation& adaptation, models::Model& model);
bool text_changes(const Adaptation& adaptation, models::Model& model);

}  // namespace graft::methods
