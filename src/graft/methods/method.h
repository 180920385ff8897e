// An adaptation method: where it puts inserts, what else trains, how it is trained by default, how it is written down.
// It sees all sites at once and knows no model. One folder a method, listed in methods.def.
#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "graft/core/log.h"
#include "graft/core/options.h"
#include "graft/core/random.h"
#include "graft/data/dataset.h"
#include "graft/methods/adaptation.h"
#include "graft/methods/heads.h"
#include "graft/methods/recipe.h"
#include "graft/methods/setting.h"
#include "graft/models/head.h"
#include "graft/models/model.h"
#include "graft/nn/parameters.h"
#include "graft/nn/site.h"

namespace graft::methods {

// What a method may ask for around the gradient steps.
struct FeatureSet {
  at::Tensor features;  // [N, E] float32, not normalised; at a block what the model pools, before any norm
  at::Tensor labels;    // [N] int64; of several classes or numbers [N, K] float32
};
// Features at a place as the model now gives them, from the cache where there is one. `views` > 1: that many augmented
// passes, one after another (views * N rows). A split without photos gives no rows.
using Features = std::function<FeatureSet(data::Split, nn::Place, int64_t views)>;
struct Stage {
  std::shared_ptr<models::Model> model;
  models::Head& head;
  const Adaptation& adaptation;
  Features features;
  Random random;
  Reporter& report;
  data::Target target = data::Target::label;
};

class Method {
 public:
  virtual ~Method() = default;
  virtual std::string name() const = 0;  // as typed: "lora"

  // Choices that need data (a probe's best block), made before anything is built and from then on part of config().
  virtual void decide(const Setting&, const Features&, Reporter&) {}

  // Which head it wants, where the user does not say.
  virtual HeadWish head(const Setting&) const { return {}; }
  virtual Recipe recipe(const Setting& setting) const = 0;

  // Builds the inserts; does not put them anywhere. Sites that it needs and the model lacks: ModelError that lists what
  // the model offers and which methods fit.
  virtual Adaptation attach(const Setting& setting, models::Head& head, Random& random) const = 0;

  virtual void before_training(Stage&) const {}  // Tip-Adapter fills its keys; logistic regression is solved
  virtual void after_training(Stage&) const {}   // Tip-Adapter searches alpha and beta on the validation split

  virtual OptionValues config() const = 0;  // the resolved options: make_method(name(), config()) is this method again

  // What adapter_config.json says in PEFT's words. By default graft's own {"peft_type": "GRAFT_COOP"}.
  virtual nlohmann::json peft_config(models::Model& model, const Adaptation& adaptation) const;

  // Tensors by the names written to disk: all parameters and buffers of the inserts, and what else of the model trains.
  // By default "base_model.model.<checkpoint path of the site>.<method>.<name>" and "base_model.model.<our name>".
  virtual nn::NamedTensors to_disk(models::Model& model, const Adaptation& adaptation) const;
  // Copies tensors into an adaptation that attach() built (and into the model, for what else trains). All that is
  // missing, unexpected or misshapen: one ModelError.
  virtual void from_disk(models::Model& model, const nn::NamedTensors& tensors, Adaptation& adaptation) const;
};

// A method whose options are a struct with `fields`.
template <class Options>
class MethodWith : public Method {
 public:
  explicit MethodWith(Options options) : options_(std::move(options)) {}
  OptionValues config() const override { return write_options(options_); }

 protected:
  Options options_;
};

}  // namespace graft::methods
