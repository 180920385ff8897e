// The registry of methods: what each says of itself, and making one from its name and options.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/options.h"
#include "graft/data/dataset.h"
#include "graft/io/json_object.h"
#include "graft/methods/peft_field.h"
#include "graft/models/model.h"
#include "graft/nn/parameters.h"
#include "graft/nn/site.h"

namespace graft::methods {

class Method;
struct ForeignAdapter;
struct ForeignHead;
struct Algebra;
struct WeightedAdapter;
struct CombinedAdapter;

// What a method promises; the contract tests hold it to that.
struct Promises {
  bool identity_at_start = false;  // the adapted model's output equals the frozen one's before the first step
  bool folds = false;              // what is adapted can be written as a plain model: every insert folds
  bool trains = true;              // has something that gradient steps change (tip-adapter does not)
};

// What must be there for it. With no sites it trains parameters of the model.
struct Needs {
  std::vector<nn::SiteKind> sites = {};    // of each kind one at least,
  bool any_site = false;                   // or of one kind of them,
  std::optional<nn::Tower> tower = {};     // in this tower; absent: in any
  bool prompts = false;                    // class names can be laid beside what is read
  bool clips = false;                      // clips, and a model that reads their frames one by one
  std::vector<data::Target> targets = {};  // what is told of an example; none: whatever it is
};

struct Entry {
  const char* name;
  const char* summary;
  const char* paper;  // "Hu et al. 2021, arXiv:2106.09685"
  Promises promises = {};
  Needs needs = {};
  std::vector<OptionInfo> (*options)();
  std::unique_ptr<Method> (*parse)(const OptionValues& values);
  const char* size_option = nullptr;  // the one that sets how many parameters it trains; null: they are given
  // PEFT's name for it, and how its adapters are read; null where PEFT lacks it.
  const char* peft_type = nullptr;
  ForeignAdapter (*from_peft)(const io::JsonObject& config, const nn::NamedTensors& tensors,
                              models::Model& model) = nullptr;
  const PeftFields& (*peft_fields)() = nullptr;  // what becomes of each field of its configuration
  ForeignHead (*peft_head)(const io::JsonObject& config, const nn::NamedTensors& tensors) = nullptr;
  // Several adapters of it as one (algebra.h); null where they do not add.
  CombinedAdapter (*combine)(const std::vector<WeightedAdapter>& adapters, const Algebra& how,
                             models::Model& model) = nullptr;
};

const std::vector<const Entry*>& entries();        // in the order of methods.def
const Entry& find_entry(const std::string& name);  // UsageError with the nearest name
// The model, and examples of so many frames, have what it needs.
bool fits(const Entry& entry, models::Model& model, int64_t frames = 1);
// It learns from what is told of the examples.
bool serves(const Entry& entry, data::Target target);

// "lora", or several at once: "lora+vpt". Options of one of several are written "lora.rank".
std::unique_ptr<Method> make_method(const std::string& name, const OptionValues& values);

}  // namespace graft::methods
