#include "graft/models/clip/class_prompts.h"

#include <torch/types.h>

#include <map>
#include <numeric>

#include "graft/core/error.h"
#include "graft/models/in_parts.h"
#include "graft/models/text_side.h"

namespace graft::models {
namespace {

// Prompts that go through the text tower together. Of more, a part's activations are held, not those of all; that costs
// a second forward of each part, so that a thousand classes go as one.
constexpr int64_t kPromptsTogether = 1024, kPromptsOfAPart = 512;

// Whether each class has learned words of its own, which go with all prompts or none.
bool has_words_for_each(Model& model) {
  for (auto* joint : model.joints()) {
    for (const auto& occupant : joint->occupants()) {
      if (joint->site().kind == nn::SiteKind::words && occupant.insert->is_of_its_classes()) return true;
    }
  }
  return false;
}

}  // namespace

ClassPrompts::ClassPrompts(std::shared_ptr<Model> model, std::vector<std::string> names,
                           std::vector<std::string> templates, int64_t learned_words, WordPosition position)
    : Head(model->reader().width(model->reader().last()), static_cast<int64_t>(names.size())),
      model_(std::move(model)),
      names_(std::move(names)) {
  if (learned_words > 0) {
    prompts_.push_back(learned_prompts(names_, learned_words, position, model_->text_reader()));
    return;
  }
  if (templates.empty()) throw ConfigError("prompts", "no template: expected at least one, as 'a photo of a {{}}.'.");
  for (const auto& form : templates)
    prompts_.push_back(filled_prompts(names_, form, model_->text_reader()));
}

int64_t ClassPrompts::cut() const {
  return std::accumulate(prompts_.begin(), prompts_.end(), int64_t{0},
                         [](int64_t sum, const auto& prompts) { return sum + prompts.cut; });
}

std::vector<std::vector<size_t>> ClassPrompts::alike() const {
  std::map<std::vector<int64_t>, std::vector<size_t>> by_ids;
  std::vector<const std::vector<size_t>*> order;
  for (size_t i = 0; i < names_.size(); ++i) {
    std::vector<int64_t> ids;
    for (const auto& prompts : prompts_) {
      const auto row = prompts.ids.x[static_cast<int64_t>(i)].contiguous();
      ids.insert(ids.end(), row.const_data_ptr<int64_t>(), row.const_data_ptr<int64_t>() + row.numel());
    }
    auto& group = by_ids[ids];
    group.push_back(i);
    if (group.size() == 2) order.push_back(&group);
  }
  std::vector<std::vector<size_t>> groups;
  for (const auto* group : order)
    groups.push_back(*group);
  return groups;
}

at::Tensor ClassPrompts::encode(nn::Context& context) const {
  const auto some = [this](int64_t begin, int64_t count, const nn::Context& of) {
    const auto rows = [&](const at::Tensor& all) { return all.defined() ? all.narrow(0, begin, count) : all; };
    std::vector<at::Tensor> each;
    for (const auto& prompts : prompts_) {
      auto inner = of;
      inner.learned = rows(prompts.learned);
      const nn::Value ids{rows(prompts.ids.x), prompts.ids.layout, rows(prompts.ids.present)};
      each.push_back(unit(model_->need(nn::Tower::text).encode(ids, inner)));
    }
    return each.size() == 1 ? each.front() : unit(at::stack(each).mean(0));
  };
  if (outputs() <= kPromptsTogether || has_words_for_each(*model_)) return some(0, outputs(), context);
  // The backward comes when the caller's context is gone.
  const auto part = [some, kept = context](int64_t begin, int64_t count) { return some(begin, count, kept); };
  return in_parts(outputs(), kPromptsOfAPart, part, text_parameters(*model_), context.generator);
}

at::Tensor ClassPrompts::class_weights(nn::Context& context) const {
  const auto parameters = text_parameters(*model_);
  if (any_trains(parameters) && at::GradMode::is_enabled()) return encode(context);
  const auto stamp = stamp_of(parameters);
  const std::lock_guard lock(keeping_);
  if (!kept_.defined() || kept_stamp_ != stamp) {
    const torch::NoGradGuard no_grad;
    kept_ = encode(context);
    kept_stamp_ = stamp;
  }
  return kept_;
}

void ClassPrompts::forget() {
  const std::lock_guard lock(keeping_);
  kept_.reset();
}

double ClassPrompts::scale() const {
  return model_->logit_scale().item<double>();
}

at::Tensor ClassPrompts::frozen(const at::Tensor& features, nn::Context& context) const {
  return model_->logit_scale() * at::linear(unit(features), class_weights(context));
}

}  // namespace graft::models
