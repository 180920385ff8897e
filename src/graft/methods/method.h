// An adaptation method: where it puts inserts, what else trains, how it is trained by default, how it is written down.
// It sees all sites at once and knows no model. One folder a method, listed in methods.def.
#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/core/options.h"
#include "graft/core/random.h"
#include "graft/data/dataset.h"
#include "graft/io/json_object.h"
#include "graft/methods/recipe.h"
#include "graft/models/clip/prompts.h"
#include "graft/models/head.h"
#include "graft/models/model.h"
#include "graft/nn/insert.h"

namespace graft::methods {

// What a method is told before anything is built.
struct Problem {
  std::shared_ptr<models::Model> model;
  std::vector<std::string> classes;
  int64_t shots = 0;  // examples a class; 0: all
  int64_t train_size = 0;
  data::Target target = data::Target::label;  // what is known of an example
};

// One insert and where it sits; several sites may share it (it counts, saves and steps once).
struct Binding {
  std::shared_ptr<nn::Insert> insert;
  std::vector<std::string> sites;  // paths; a slice as "vision.blocks.0.attn.qkv.q"; the classifier's is "head"
  std::string method;              // whose it is: "lora"
};

struct Adaptation {
  std::vector<Binding> bindings;
  std::vector<std::string> trained = {};  // parameters of the frozen model that train too; a linear head always does
};

// What a method may ask for around the gradient steps.
enum class Split { train, val };
struct FeatureSet {
  at::Tensor features;  // [N, E] float32, not normalised; at a block what the model pools, before any norm
  at::Tensor labels;    // [N] int64; of several classes or numbers [N, K] float32
};
// Features at a place as the model now gives them, from the cache where there is one. `views` > 1: that many augmented
// passes, one after another (views * N rows). A split without photos gives no rows.
using Features = std::function<FeatureSet(Split, nn::Place, int64_t views)>;
struct Stage {
  std::shared_ptr<models::Model> model;
  models::Head& classifier;
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
  virtual void decide(const Problem&, const Features&, Reporter&) {}

  // Which classifier it wants where the user does not say: by default class prompts where the model has a text tower.
  virtual models::HeadKind classifier(const models::Model& model) const;
  virtual Recipe recipe(const Problem& problem) const = 0;

  // Builds the inserts; does not put them anywhere. Sites that it needs and the model lacks: ModelError that lists what
  // the model offers and which methods fit.
  virtual Adaptation attach(const Problem& problem, models::Head& classifier, Random& random) const = 0;

  // Learned words that the class prompts must leave room for (CoOp).
  virtual int64_t learned_words(const Problem&) const { return 0; }
  virtual models::WordPosition word_position() const { return models::WordPosition::end; }

  // The place whose values the classifier gets (a linear probe may read block 9).
  virtual nn::Place features_at(const models::Model& model) const { return model.reader().last(); }

  virtual void before_training(Stage&) const {}  // Tip-Adapter fills its keys; logistic regression is solved
  virtual void after_training(Stage&) const {}   // Tip-Adapter searches alpha and beta on the validation split

  virtual OptionValues config() const = 0;  // the resolved options: make_method(name(), config()) is this method again

  // What adapter_config.json says in PEFT's words. By default graft's own {"peft_type": "GRAFT_COOP"}.
  virtual nlohmann::json peft_config(models::Model& model, const Adaptation& adaptation) const;

  // Tensors by the names written to disk: all parameters and buffers of the inserts, and what else of the model trains.
  // By default "base_model.model.<checkpoint path of the site>.<method>.<name>" and "base_model.model.<our name>".
  virtual std::map<std::string, at::Tensor> to_disk(models::Model& model, const Adaptation& adaptation) const;
  // Copies tensors into an adaptation that attach() built (and into the model, for what else trains). All that is
  // missing, unexpected or misshapen: one ModelError.
  virtual void from_disk(models::Model& model, const std::map<std::string, at::Tensor>& tensors,
                         Adaptation& adaptation) const;
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

// What a method promises; the contract tests hold it to that.
struct Promises {
  bool identity_at_start = false;  // the adapted model's output equals the frozen one's before the first step
  bool folds = false;              // what is adapted can be written as a plain model: every insert folds
  bool trains = true;              // has something that gradient steps change (tip-adapter does not)
  bool needs_text = false;
  std::optional<nn::SiteKind> site = {};  // the kind of site it needs; none: it trains parameters that are there
};

using NamedTensors = std::map<std::string, at::Tensor>;

// A linear classifier that an adapter of PEFT's brings along; its weight is undefined where there is none.
struct ForeignHead {
  std::string module;  // "classifier"
  at::Tensor weight;   // [C, E]
  at::Tensor bias;     // [C]
};

// What PEFT wrote, for one model. What it changes is read off its tensors.
struct ForeignAdapter {
  std::unique_ptr<Method> method;
  Adaptation adaptation;
  NamedTensors parameters;  // values of the model's own parameters that it holds, by our names
  ForeignHead head;
  std::string headless;  // why a classifier that is there cannot be used with this model
  std::vector<Note> notes;
};

struct Entry {
  const char* name;
  const char* summary;
  const char* paper;  // "Hu et al. 2021, arXiv:2106.09685"
  Promises promises;
  std::vector<OptionInfo> (*options)();
  std::unique_ptr<Method> (*parse)(const OptionValues& values);
  // PEFT's name for it, and how its adapters are read; null where PEFT lacks it.
  const char* peft_type = nullptr;
  ForeignAdapter (*from_peft)(const io::JsonObject& config, const NamedTensors& tensors,
                              models::Model& model) = nullptr;
  ForeignHead (*peft_head)(const io::JsonObject& config, const NamedTensors& tensors) = nullptr;
};

const std::vector<const Entry*>& entries();           // in the order of methods.def
const Entry& find_entry(const std::string& name);     // UsageError with the nearest name
bool fits(const Entry& entry, models::Model& model);  // the model has the sites and towers that it needs

// "lora", or several at once: "lora+vpt". Options of one of several are written "lora.rank".
std::unique_ptr<Method> make_method(const std::string& name, const OptionValues& values);

// Puts the inserts at their sites and freezes everything else. Returns the parameters that train, by the names under
// which a checkpoint keeps them; an insert at several sites appears once.
std::vector<std::pair<std::string, at::Tensor>> install(const Adaptation& adaptation, models::Model& model,
                                                        models::Head& classifier);

// The earliest place that the adaptation changes: below it, features may be cached.
nn::Place earliest_change(const Adaptation& adaptation, models::Model& model);
bool text_changes(const Adaptation& adaptation, models::Model& model);

}  // namespace graft::methods
