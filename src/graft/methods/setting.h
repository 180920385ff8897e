// What a method is told before anything is built.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graft/data/dataset.h"
#include "graft/models/model.h"

namespace graft::methods {

struct Setting {
  std::shared_ptr<models::Model> model;
  std::vector<std::string> classes = {};
  int64_t shots = 0;  // examples a class; 0: all
  int64_t train_size = 0;
  data::Target target = data::Target::label;  // what is known of an example
  int64_t outputs = 0;                        // numbers that a head gives for an example; 0: one a class
  int64_t frames = 1;                         // of an example: more than one of a clip
  std::vector<std::string> templates = {};    // of class prompts, with {} for the name
  std::string loss = {};  // what training makes small, as it was asked for: a head may hold what of it trains

  int64_t head_outputs() const { return outputs > 0 ? outputs : static_cast<int64_t>(classes.size()); }
};

}  // namespace graft::methods
