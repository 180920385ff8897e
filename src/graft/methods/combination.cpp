#include "graft/methods/combination.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

#include "graft/methods/entry.h"

namespace graft::methods {
namespace {

class Combination final : public Method {
 public:
  Combination(std::string name, std::vector<std::unique_ptr<Method>> parts)
      : name_(std::move(name)), parts_(std::move(parts)) {}

  std::string name() const override { return name_; }

  void decide(const Setting& setting, const Features& features, Reporter& report) override {
    for (const auto& part : parts_)
      part->decide(setting, features, report);
  }

  // The first that wishes for a kind of head gets it: lora+linear-probe has a linear one on a CLIP. How it starts is
  // the first's, as the recipe is; it reads the earliest place of all.
  HeadWish head(const Setting& setting) const override {
    HeadWish all;
    all.init = parts_.front()->head(setting).init;
    for (const auto& part : parts_) {
      const auto wish = part->head(setting);
      if (all.kind == models::HeadKind::own) all.kind = wish.kind;
      all.learned_words = std::max(all.learned_words, wish.learned_words);
      if (all.word_position == models::WordPosition::end) all.word_position = wish.word_position;
      if (!all.make) all.make = wish.make;
      if (!all.projected) all.projected = wish.projected;
      if (wish.at) all.at = std::min(*wish.at, all.at.value_or(*wish.at));
    }
    return all;
  }

  Recipe recipe(const Setting& setting) const override { return parts_.front()->recipe(setting); }

  Adaptation attach(const Setting& setting, models::Head& head, Random& random) const override {
    Adaptation all;
    for (const auto& part : parts_) {
      Random own = random.fork(part->name());
      Adaptation one = part->attach(setting, head, own);
      all.bindings.insert(all.bindings.end(), one.bindings.begin(), one.bindings.end());
      for (auto& name : one.trained) {
        if (std::find(all.trained.begin(), all.trained.end(), name) == all.trained.end()) {
          all.trained.push_back(std::move(name));
        }
      }
      all.by_batch.insert(all.by_batch.end(), one.by_batch.begin(), one.by_batch.end());
      all.rates.merge(one.rates);
    }
    check_names(*setting.model, all);
    return all;
  }

  void before_training(Stage& stage) const override {
    each_stage(stage, [](const Method& part, Stage& own) { part.before_training(own); });
  }
  void after_training(Stage& stage) const override {
    each_stage(stage, [](const Method& part, Stage& own) { part.after_training(own); });
  }

  OptionValues config() const override {
    OptionValues all;
    for (const auto& part : parts_) {
      for (const auto& [key, value] : part->config())
        all[part->name() + "." + key] = value;
    }
    return all;
  }

  nn::NamedTensors to_disk(models::Model& model, const Adaptation& adaptation) const override {
    nn::NamedTensors all;
    for (const auto& part : parts_)
      all.merge(part->to_disk(model, share(adaptation, *part)));
    return all;
  }

  // A tensor is a part's where the part would itself write one of that name; the rest goes to the first, which refuses
  // it.
  void from_disk(models::Model& model, const nn::NamedTensors& tensors, Adaptation& adaptation) const override {
    auto rest = tensors;
    std::vector<nn::NamedTensors> shares(parts_.size());
    for (size_t i = 0; i < parts_.size(); ++i) {
      for (const auto& [name, unused] : parts_[i]->to_disk(model, share(adaptation, *parts_[i]))) {
        if (auto found = rest.extract(name)) shares[i].insert(std::move(found));
      }
    }
    shares.front().merge(rest);
    for (size_t i = 0; i < parts_.size(); ++i) {
      Adaptation own = share(adaptation, *parts_[i]);
      parts_[i]->from_disk(model, shares[i], own);
    }
  }

 private:
  // What is written must be told apart when it is read.
  void check_names(models::Model& model, const Adaptation& adaptation) const {
    std::map<std::string, std::string> writers;
    for (const auto& part : parts_) {
      auto own = share(adaptation, *part);
      own.trained.clear();
      own.by_batch.clear();
      for (const auto& [tensor, unused] : part->to_disk(model, own)) {
        const auto [found, fresh] = writers.emplace(tensor, part->name());
        if (!fresh) {
          throw ConfigError("methods", "{} and {} both keep a tensor {}, so that no file can hold both.", found->second,
                            part->name(), tensor);
        }
      }
    }
  }

  // What one part put in. Parameters of the model that train are the business of the first part alone: two parts that
  // both train the norms save them once.
  Adaptation share(const Adaptation& adaptation, const Method& part) const {
    Adaptation own;
    for (const auto& binding : adaptation.bindings) {
      if (binding.method == part.name()) own.bindings.push_back(binding);
    }
    if (&part == keeper()) {
      own.trained = adaptation.trained;
      own.by_batch = adaptation.by_batch;
    }
    return own;
  }

  // Who writes the trained parameters: a part that has no format of its own (LoRA's is PEFT's, without room for them).
  const Method* keeper() const {
    for (const auto& part : parts_) {
      if (!find_entry(part->name()).peft_type) return part.get();
    }
    return parts_.front().get();
  }

  template <class Step>
  void each_stage(Stage& stage, Step step) const {
    for (const auto& part : parts_) {
      const Adaptation own = share(stage.adaptation, *part);
      Stage of_part{stage.model,  stage.head,  own, stage.features, stage.random.fork(part->name()),
                    stage.report, stage.target};
      step(*part, of_part);
    }
  }

  std::string name_;
  std::vector<std::unique_ptr<Method>> parts_;
};

}  // namespace

std::vector<std::string> parts_of(const std::string& names) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= names.size();) {
    const size_t end = std::min(names.find('+', begin), names.size());
    parts.push_back(names.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::unique_ptr<Method> combine(const std::string& names, const OptionValues& values) {
  const auto parts = parts_of(names);
  std::vector<std::unique_ptr<Method>> methods;
  OptionValues unclaimed = values;
  for (const auto& part : parts) {
    if (std::count(parts.begin(), parts.end(), part) > 1) {
      throw UsageError("methods", "'{}' names {} twice. Name each method once.", names, part);
    }
    OptionValues own;
    const std::string prefix = part + ".";
    for (const auto& [key, value] : values) {
      if (!key.starts_with(prefix)) continue;
      own[key.substr(prefix.size())] = value;
      unclaimed.erase(key);
    }
    methods.push_back(find_entry(part).parse(own));
  }
  if (!unclaimed.empty()) {
    const auto& stray = unclaimed.begin()->first;
    throw ConfigError("methods", "--{}: with several methods at once an option says whose it is, as in --{}.{}.", stray,
                      parts.front(), stray);
  }
  return std::make_unique<Combination>(names, std::move(methods));
}

}  // namespace graft::methods
