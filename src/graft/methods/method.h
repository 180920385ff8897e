// An adaptation method: where it puts inserts, what else trains, how it is trained by default, how it is written down.
// It sees all sites at once and knows no model. One folder a method, listed in methods.def.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/core/options.h"
#include "graft/core/random.h"
#include "graft/methods/recipe.h"
#include "graft/models/classifier.h"
#include "graft/models/model.h"
#include "graft/nn/insert.h"

namespace graft::methods {

// What a method is told before anything is built.
struct Problem {
  std::shared_ptr<models::Model> model;
  std::vector<std::string> classes;
  int64_t shots = 0;        // photos a class; 0: all
  int64_t train_size = 0;
};

enum class ClassifierKind { linear, prompts };
std::vector<std::pair<ClassifierKind, std::string>> choices(ClassifierKind);

// One insert and where it sits; several sites may share it (it counts, saves and steps once).
struct Binding {
  std::shared_ptr<nn::Insert> insert;
  std::vector<std::string> sites;  // paths; a slice as "vision.blocks.0.attn.qkv.q"
};

struct Adaptation {
  std::vector<Binding> bindings;
  std::vector<std::string> trained;  // parameters of the frozen model, or of the head ("head.weight"), that train too
};

// What a method may ask for around the gradient steps.
enum class Split { train, val };
struct FeatureSet {
  at::Tensor features;  // [N, E] float32, frozen, not normalised
  at::Tensor labels;    // [N] int64
};
struct Stage {
  std::shared_ptr<models::Model> model;
  models::Classifier& classifier;
  const Adaptation& adaptation;
  // Frozen features at a place, from the cache where there is one. `views` > 1: that many augmented passes, one after
  // another (views * N rows).
  std::function<FeatureSet(Split, nn::Place, int64_t views)> features;
  Random random;
  Reporter& report;
};

class Method {
 public:
  virtual ~Method() = default;

  // Which classifier it wants where the user does not say: by default class prompts where the model has a text tower.
  virtual ClassifierKind classifier(const models::Model& model) const;
  virtual std::vector<std::string> trained_head() const;  // which head parameters train; default: all of a linear head
  virtual Recipe recipe(const Problem& problem) const = 0;

  // Builds the inserts; does not put them anywhere. Sites that it needs and the model lacks: ModelError that lists what
  // the model offers and which methods fit.
  virtual Adaptation attach(const Problem& problem, models::Classifier& classifier, Random& random) const = 0;

  // Learned words that the class prompts must leave room for (CoOp).
  virtual int64_t learned_words(const Problem&) const { return 0; }
  virtual models::PromptClassifier::Position word_position() const { return models::PromptClassifier::Position::end; }

  // The place whose values the classifier gets (a linear probe may read block 9).
  virtual nn::Place features_at(const models::Model& model) const { return model.projected(); }

  virtual void before_training(Stage&) const {}  // Tip-Adapter fills its keys; logistic regression is solved
  virtual void after_training(Stage&) const {}   // Tip-Adapter searches alpha and beta on the validation split

  // Adapter files: peft_type and its fields for adapter_config.json, and tensors by the names written to disk. The
  // default writes "base_model.model.<checkpoint path of the site>.<method>.<parameter>".
  virtual std::string peft_type() const = 0;
  virtual std::map<std::string, std::string> config() const = 0;  // the resolved options
  virtual std::map<std::string, at::Tensor> to_disk(const models::Model& model, const Adaptation& adaptation) const;
  // Copies tensors into an adaptation that attach() built. All that is missing, unexpected or misshapen: one ModelError.
  virtual void from_disk(const models::Model& model, const std::map<std::string, at::Tensor>& tensors,
                         Adaptation& adaptation) const;
};

// Numbers a method promises; the contract tests hold it to them.
struct Promises {
  bool identity_at_start = false;  // the adapted model's output equals the frozen one's before the first step
  bool folds = false;              // every insert folds into its linear map
  bool trains = true;              // has gradient steps at all (tip-adapter does not)
  bool needs_text = false;
};

struct Entry {
  const char* name;
  const char* summary;
  const char* paper;  // "Hu et al. 2021, arXiv:2106.09685"
  Promises promises;
  std::vector<OptionInfo> (*options)();
  std::unique_ptr<Method> (*parse)(const OptionValues& values);
};

const std::vector<const Entry*>& entries();            // in the order of methods.def
const Entry& find_entry(const std::string& name);      // UsageError with the nearest name

// "lora", or several at once: "lora+vpt". Options of one of several are written "lora.rank".
std::unique_ptr<Method> make_method(const std::string& name, const OptionValues& values);

// Puts the inserts at their sites and freezes everything else. Returns the parameters that train, by the names under
// which a checkpoint keeps them; an insert at several sites appears once.
std::vector<std::pair<std::string, at::Tensor>> install(const Adaptation& adaptation, models::Model& model,
                                                        models::Classifier& classifier);

// The earliest place that the adaptation changes: below it, features may be cached.
nn::Place earliest_change(const Adaptation& adaptation, models::Model& model);
bool text_changes(const Adaptation& adaptation, models::Model& model);

}  // namespace graft::methods
