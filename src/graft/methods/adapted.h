// A method put on a model under a head: the one way there is, for training, for reading an adapter, and for tests.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graft/methods/adaptation.h"
#include "graft/methods/heads.h"
#include "graft/methods/method.h"
#include "graft/methods/setting.h"
#include "graft/models/head.h"
#include "graft/models/model.h"
#include "graft/nn/insert.h"
#include "graft/nn/parameters.h"
#include "graft/nn/value.h"

namespace graft::methods {

// What is trained, in memory: a method's inserts and a head, installed on a model.
struct Adapted {
  std::shared_ptr<models::Model> model;
  std::unique_ptr<Method> method;
  std::shared_ptr<models::Head> head;
  nn::Place head_at = 0;  // the place whose values the head reads
  Adaptation adaptation;
  std::vector<Binding> blocks = {};  // of plug-ins, beside the method's
  nn::Parameters parameters;         // that train, by the names of a checkpoint
  nn::Parameters statistics;         // that training gathers, likewise
  Setting setting;
  std::string headless;  // why the head that an adapter of PEFT's has cannot be used here; empty: it can

  // What the model reads, through the tower and the head: of rows [B, C].
  at::Tensor answer(nn::Value read, nn::Context& context) const;
  Adaptation whole() const;            // the method's and the blocks
  void install();                      // again, for whoever changed the adaptation
  int64_t trained_parameters() const;  // how many numbers
};

struct BuildOptions {
  MakeHead make_head = head_of_examples;      // the task's
  std::optional<models::HeadKind> head = {};  // what is asked for in place of the method's wish
  uint64_t seed = 1;
  std::function<std::vector<Binding>(models::Model&)> blocks = nullptr;  // of plug-ins, beside the method's
  std::function<void(const Adaptation&)> attached = {};  // told what will train before the model is touched
};

// Builds the head and the inserts, puts them in place and freezes the rest. The same setting, options and seed give the
// same start, bit for bit.
Adapted build_adapted(Setting setting, std::unique_ptr<Method> method, const BuildOptions& options = {});

// The same of inserts that are there: an adapter of PEFT's.
Adapted assemble(Setting setting, std::unique_ptr<Method> method, std::shared_ptr<models::Head> head,
                 Adaptation adaptation, std::vector<Binding> blocks = {});

// Class prompts for other names in place of its own, around what was learned. For class prompts and inserts that do not
// belong to classes.
void serve_classes(Adapted& adapted, std::vector<std::string> classes, const MakeHead& make_head);

}  // namespace graft::methods
