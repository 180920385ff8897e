#include "graft/engine/model_objective.h"

#include <torch/types.h>

#include <algorithm>
#include <utility>

#include "graft/data/batch.h"
#include "graft/models/sources.h"
#include "graft/tensor/on_cpu.h"

namespace graft::engine {

ModelObjective::ModelObjective(methods::Adapted& adapted, features::Encoder& encoder, Options options,
                               std::shared_ptr<const data::Source> validation, Reporter& report)
    : adapted_(adapted),
      encoder_(encoder),
      options_(std::move(options)),
      parameters_(adapted.parameters),
      statistics_(adapted.statistics),
      validation_(std::move(validation)),
      report_(report),
      text_trains_(methods::text_changes(adapted.whole(), *adapted.model)) {
  const auto& besides = options_.teaching.parameters;
  parameters_.insert(parameters_.end(), besides.begin(), besides.end());
  if (const auto& auxiliary = options_.auxiliary.head) {
    for (auto& parameter : auxiliary->trained())
      parameters_.push_back(std::move(parameter));
    for (auto& statistic : auxiliary->statistics())
      statistics_.push_back(std::move(statistic));
  }
  if (const auto& groups = options_.groups.weights) statistics_.emplace_back("groups.weights", groups->weights());
}

std::optional<std::pair<plugins::Mix, nn::Place>> ModelObjective::mixing_of(const train::Batch& batch) const {
  const auto& mixing = options_.mixing;
  if (auto mix = mixing.draw(plugins::MixPlace::features, batch.epoch, batch.number, batch.input))
    return std::pair(std::move(*mix), options_.place);
  auto mix = mixing.draw(plugins::MixPlace::random, batch.epoch, batch.number, batch.input);
  if (!mix) return {};
  return std::pair(std::move(*mix), mixing.place(batch.epoch, batch.number, options_.place, adapted_.head_at));
}

at::Tensor ModelObjective::loss(const train::Batch& batch, nn::Context& context) {
  auto& tower = adapted_.model->reader();
  auto value = batch.input;
  auto target = batch.target;
  auto place = options_.place;
  if (const auto mixed = mixing_of(batch)) {
    const auto& [mix, at] = *mixed;
    if (place < at) value = tower.run(std::move(value), place, at, context);
    place = at;
    mix_values(value, mix);
    target = options_.mixing.targets(target, mix);
  }
  const auto& auxiliary = options_.auxiliary;
  at::Tensor beside;  // logits of the second classifier
  if (auxiliary.head) {
    if (place < auxiliary.place) value = tower.run(std::move(value), place, auxiliary.place, context);
    place = auxiliary.place;
    beside = auxiliary.head->forward(tower.map(value, place), context);
  }
  if (place < adapted_.head_at) value = tower.run(std::move(value), place, adapted_.head_at, context);
  const auto& head = *adapted_.head;
  if (head.has_own_loss()) return head.own_loss(tower, value, target, context);
  const auto answers = head.answer(tower, value, context);
  const auto truth = head.truth(target, context);
  auto own = options_.groups.weights ? loss_by_groups(answers, truth, batch, context)
                                     : options_.task->loss(answers, truth, batch.epoch);
  if (beside.defined()) own = own + auxiliary.weight * options_.task->loss(beside, truth, batch.epoch);
  const auto& teaching = options_.teaching;
  if (!teaching.by) return own;
  const bool of_answers = teaching.by->compares() == plugins::Compared::answers;
  return with_teaching(own, batch, of_answers ? answers : teaching.of_captions ? truth : tower.rows(value));
}

at::Tensor ModelObjective::loss_by_groups(const at::Tensor& answers, const at::Tensor& truth, const train::Batch& batch,
                                          const nn::Context& context) {
  auto& groups = *options_.groups.weights;
  const auto of_example = options_.groups.of_example.index_select(0, batch.examples);
  const auto losses = at::zeros({groups.size()}, tensor::on_cpu(at::kDouble));
  std::vector<std::pair<int64_t, at::Tensor>> means;
  for (int64_t g = 0; g < groups.size(); ++g) {
    const auto rows = of_example.eq(g).nonzero().squeeze(1);
    if (rows.numel() == 0) continue;
    const auto target = truth.index_select(0, rows);
    const auto sum = options_.task->loss(answers.index_select(0, rows), target, batch.epoch);
    means.emplace_back(g, sum / options_.task->weight(target, batch.epoch));
    losses[g].copy_(means.back().second.detach());
  }
  if (context.gathers) groups.follow(losses);  // a step's, and not one that only measures
  at::Tensor loss;
  for (const auto& [g, mean] : means) {
    const auto part = groups.weights()[g].item<double>() * mean;
    loss = loss.defined() ? loss + part : part;
  }
  return weight_of(batch) * loss;
}

at::Tensor ModelObjective::with_teaching(const at::Tensor& own, const train::Batch& batch,
                                         const at::Tensor& student) const {
  const auto& by = *options_.teaching.by;
  const auto taught = by.sum(student, options_.teaching.rows.index_select(0, batch.examples));
  // The task's mean may be over something else than examples.
  const double each = weight_of(batch) / static_cast<double>(batch.examples.numel());
  return by.share_of_task() * own + each * taught;
}

double ModelObjective::weight_of(const train::Batch& batch) const {
  const auto mixed = mixing_of(batch);
  return options_.task->weight(mixed ? options_.mixing.targets(batch.target, mixed->first) : batch.target, batch.epoch);
}

void ModelObjective::parameters_changed() {
  if (text_trains_) adapted_.head->forget();
}

std::optional<tasks::Scores> ModelObjective::validate() {
  if (!validation_ || validation_->size() == 0) return {};
  return options_.task->score(predict(*validation_), /*intervals=*/false);
}

tasks::Predictions ModelObjective::predict(const data::Source& source,
                                           const std::function<void(const at::Tensor&)>& seen) {
  const torch::NoGradGuard no_grad;
  parameters_changed();  // class prompts encoded with gradients are not kept for use without, nor the other way round
  const at::Tensor chosen = torch::tensor(options_.choices, tensor::on_cpu(at::kLong));
  std::vector<int64_t> firsts;  // of each thing the first view
  for (int64_t i = 0; i < source.size(); i += source.views())
    firsts.push_back(i);
  const data::Selection things(source, firsts);
  tasks::PredictionRows predictions(things, options_.target,
                                    options_.choices.empty() ? adapted_.head->outputs() : chosen.numel());
  predictions.on_mask(options_.masks);
  std::vector<at::Tensor> of_views;
  const auto add = [&](const at::Tensor& all) {
    const auto outputs = options_.choices.empty() ? all : all.index_select(1, chosen);
    if (source.views() == 1) {
      predictions.add(outputs);
    } else {
      of_views.push_back(outputs);
    }
  };
  if (adapted_.head->reads_rows()) {
    const at::Tensor all = rows_of(source);
    if (seen) seen(all);
    features::Encoder::each_pass(all, [&](const at::Tensor& rows, int64_t count) {
      nn::Context context;
      add(adapted_.head->forward(rows, context).narrow(0, 0, count));
    });
  } else {
    each_value(source, [&](const nn::Value& value) {
      nn::Context context;
      add(adapted_.head->answer(adapted_.model->reader(), value, context));
    });
  }
  if (!of_views.empty()) predictions.add(tasks::mean_of_views(at::cat(of_views), source.views()));
  if (source.size() > 0 && !source.caption(0).empty()) {
    nn::Context context;
    predictions.tell(adapted_.head->truth(models::targets_of(source, options_.target), context));
  }
  parameters_changed();
  return predictions.take();
}

at::Tensor ModelObjective::rows_of(const data::Source& source) {
  if (options_.place == 0 || !options_.cached) return encoder_.rows(source, adapted_.head_at, report_);
  const auto kept = adapted_.model->reader().kept(encoder_.features(source, options_.place, report_), options_.place);
  return encoder_.run_to_rows(kept, options_.place, adapted_.head_at);
}

void ModelObjective::each_value(const data::Source& source, const std::function<void(const nn::Value&)>& function) {
  const bool keeps = options_.place > 0 && options_.cached && source.size() > 0;
  if (!keeps) return encoder_.each_value(source, adapted_.head_at, function);
  const auto kept = adapted_.model->reader().kept(encoder_.features(source, options_.place, report_), options_.place);
  const auto frames = kept.layout.frames, pass = features::examples_a_pass(source.frames());
  for (int64_t begin = 0; begin < source.size(); begin += pass) {
    const auto count = std::min(pass, source.size() - begin);
    const nn::Value part{kept.x.narrow(0, begin * frames, count * frames), kept.layout};
    function(encoder_.run(part, options_.place, adapted_.head_at));
  }
}

}  // namespace graft::engine
