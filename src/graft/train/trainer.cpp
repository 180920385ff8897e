#include "graft/train/trainer.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "graft/core/clock.h"
#include "graft/core/error.h"
#include "graft/core/random.h"
#include "graft/core/signals.h"
#include "graft/tensor/finite.h"
#include "graft/train/after_steps.h"

namespace graft::train {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
// From zero weights gradients reach one layer more a step: a linear head, what adds to its features, what that is made
// of. After so many steps with a learning rate, what still had none will never have one.
constexpr int64_t kEnoughSteps = 4, kManySteps = 8;
constexpr size_t kNamed = 10;  // tensors that a message names

constexpr double kSecondsBetweenCheckpoints = 10;  // unless --checkpoint-every says otherwise: short epochs need fewer

nn::NamedTensors copies(const nn::Parameters& parameters) {
  nn::NamedTensors copies;
  for (const auto& [name, parameter] : parameters)
    copies[name] = parameter.detach().clone();
  return copies;
}

// All that steps change.
nn::Parameters changing(const Objective& objective) {
  nn::Parameters all = objective.parameters();
  all.insert(all.end(), objective.statistics().begin(), objective.statistics().end());
  return all;
}

void assign(const nn::Parameters& parameters, const nn::NamedTensors& values) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters) {
    const auto found = values.find(name);
    if (found == values.end() || found->second.sizes() != parameter.sizes()) {
      throw ModelError("checkpoint", "'{}' is missing or has another shape. The checkpoint is of another run.", name);
    }
    parameter.copy_(found->second);
  }
}

OptimizerOptions optimizer_options(const methods::Recipe& recipe, const std::map<std::string, double>& rates) {
  return {.kind = recipe.optimizer,
          .weight_decay = recipe.weight_decay,
          .momentum = recipe.momentum,
          .eps = recipe.eps,
          .rates = rates};
}

}  // namespace

Trainer::Trainer(Objective& objective, Batches& batches, TrainerOptions options, RunFolder* folder, Reporter& report)
    : objective_(objective),
      batches_(batches),
      options_(std::move(options)),
      folder_(folder),
      report_(report),
      optimizer_(objective.parameters(), optimizer_options(options_.recipe, options_.rates)),
      reached_(objective.parameters().size(), false) {
  const auto& recipe = options_.recipe;
  const int64_t steps_per_epoch = (batches_.per_epoch() + options_.grad_accum - 1) / options_.grad_accum;
  schedule_ = {.kind = recipe.schedule,
               .lr = recipe.lr,
               .epochs = recipe.epochs,
               .steps_per_epoch = std::max<int64_t>(1, steps_per_epoch),
               .warmup_epochs = recipe.warmup_epochs,
               .most_steps = recipe.steps};
}

TrainOutcome Trainer::run() {
  const FinishFirst a_step_and_its_checkpoint;
  started_ = last_checkpoint_ = Clock::now();
  if (folder_) resume();
  if (at_.step < schedule_.steps() && !finished_) batches_.seek(at_.epoch, at_.batch);
  while (at_.step < schedule_.steps() && !finished_) {
    take_step();
    if (at_.batch == batches_.per_epoch() || at_.step == schedule_.steps()) end_epoch();
    const int signal = stop_signal();
    if (signal || finished_ || checkpoint_is_due()) checkpoint();
    if (signal && !finished_) {
      outcome_.stopped_by = signal;
      break;
    }
  }
  if (options_.patience > 0 && best_epoch_ >= 0 && outcome_.stopped_by == 0) {
    assign(changing(objective_), best_);
    objective_.parameters_changed();
  }
  outcome_.steps = at_.step;
  outcome_.epochs = at_.epoch;
  outcome_.seconds = seconds_since(started_);
  outcome_.all_seconds = seconds_before_ + outcome_.seconds;
  outcome_.waited = batches_.waited();
  return outcome_;
}

void Trainer::resume() {
  const auto found = load_last_checkpoint(folder_->checkpoints());
  if (!found) return folder_->start_metrics(0, objective_.score_names());
  if (found->identity != options_.identity && found->identity != options_.older_identity) {
    throw ConfigError("resume",
                      "{} was trained with other options, or its model or data have changed since. Start a new "
                      "run.",
                      folder_->path().string());
  }
  assign(changing(objective_), found->parameters);
  objective_.parameters_changed();
  optimizer_.restore(found->optimizer, found->optimizer_steps);
  at_ = {found->step, found->epoch, found->batch};
  loss_sum_ = found->loss_sum;
  weight_sum_ = found->weight_sum;
  best_ = found->best;
  best_score_ = found->best_score;
  best_epoch_ = found->best_epoch;
  seconds_before_ = found->train_seconds;
  const bool early = options_.patience > 0 && best_epoch_ >= 0 && at_.epoch - best_epoch_ >= options_.patience;
  finished_ = found->finished && (early || at_.epoch >= schedule_.epochs);  // there may be more epochs now
  for (size_t i = 0; i < reached_.size(); ++i) {
    const auto& name = objective_.parameters()[i].first;
    for (const auto& suffix : {".momentum", ".mean"}) {
      const auto moved = found->optimizer.find(name + suffix);
      reached_[i] =
          reached_[i] || (moved != found->optimizer.end() && moved->second.count_nonzero().item<int64_t>() > 0);
    }
  }
  folder_->start_metrics(found->metrics_bytes, objective_.score_names());
  outcome_.checkpoint = std::filesystem::path("checkpoints") / checkpoint_name(at_.step);
  report_.line("resume", fmt::format("step {} of {}{}", at_.step, schedule_.steps(),
                                     options_.same_machine ? ", the same bits as if it had not stopped" : ""));
}

void Trainer::take_step() {
  const int64_t count = std::min(options_.grad_accum, batches_.per_epoch() - at_.batch);
  std::vector<Batch> batches;  // a step's weight is known once all its batches are
  double weight = 0;
  for (int64_t i = 0; i < count; ++i) {
    batches.push_back(batches_.next());
    weight += objective_.weight_of(batches.back());
    outcome_.examples_here += batches.back().input.examples();
  }
  if (weight == 0) weight = 1;  // nothing that was asked weighs anything: the sum is 0 as well

  const double lr = schedule_.at(at_.step);
  optimizer_.clear_gradients();
  const double loss = accumulate(batches, weight) / weight;
  if (!std::isfinite(loss)) refuse_not_finite(loss, kUnknown, lr);
  const auto norms = clip_gradients(objective_.parameters(), options_.recipe.clip_norm);
  const double norm = norms.all;
  if (!std::isfinite(norm)) refuse_not_finite(loss, norm, lr);
  if (at_.step == 0) check_gradients();
  look_for_silence(norms, loss, lr);
  optimizer_.step(lr);
  objective_.parameters_changed();

  ++at_.step;
  at_.batch += count;
  loss_sum_ += loss * weight;
  weight_sum_ += weight;
  ++outcome_.steps_here;
  const double rate = static_cast<double>(outcome_.examples_here) / seconds_since(started_);
  if (folder_) folder_->add({at_.step, at_.epoch + 1, "train", loss, {}, lr, norm, rate, unix_seconds()});
  report_progress(rate);
}

void Trainer::refuse_not_finite(double loss, double norm, double lr) const {
  const bool of_loss = !std::isfinite(loss);
  const std::string what =
      fmt::format("the {} is {} at step {}", of_loss ? "loss" : "gradient's norm", of_loss ? loss : norm, at_.step + 1);
  if (at_.step == 0) {  // nothing has been changed yet: a learning rate has no part in it
    throw DivergenceError("train", "{}, before anything was trained. {}", what,
                          options_.precision == "fp32"
                              ? "The weights, or an option of the method or the loss, make numbers too large."
                              : fmt::format("The weights are held in {}: try --precision fp32.", options_.precision));
  }
  throw DivergenceError("train", "{} (epoch {}), lr {:.3g}. {}Try a smaller --lr, or --clip 1.", what, at_.epoch + 1,
                        lr,
                        outcome_.checkpoint.empty() ? "" : fmt::format("{} is kept. ", outcome_.checkpoint.string()));
}

// A gradient that is there but zero at every step trains nothing.
void Trainer::look_for_silence(const GradientNorms& norms, double loss, double lr) {
  if (std::find(reached_.begin(), reached_.end(), false) == reached_.end()) return;
  const auto& parameters = objective_.parameters();
  bool none = true, none_of_method = true, has_method = false;
  for (size_t i = 0; i < reached_.size(); ++i) {
    // A norm squares what it sums: a tiny gradient's is zero too.
    reached_[i] = reached_[i] || norms.each[i] > 0 || parameters[i].second.grad().count_nonzero().item<int64_t>() > 0;
    const bool of_head = parameters[i].first.starts_with("head.weight") || parameters[i].first.starts_with("head.bias");
    has_method = has_method || !of_head;
    none = none && !reached_[i];
    none_of_method = none_of_method && (of_head || !reached_[i]);
  }
  if (loss > 0 && lr > 0) ++telling_steps_;  // what is right to the last bit has no gradient either
  const bool last = at_.step + 1 == schedule_.steps();
  const int64_t in_epoch = (batches_.per_epoch() + options_.grad_accum - 1) / options_.grad_accum;
  const auto after = [&](int64_t least, int64_t most) {
    return telling_steps_ >= most || (telling_steps_ >= least && (last || at_.step + 1 >= in_epoch));
  };
  if (none && after(1, kEnoughSteps)) refuse_silence(true);
  if (none_of_method && has_method && after(2, kEnoughSteps)) refuse_silence(false);
  if (after(kEnoughSteps, kManySteps)) refuse_silence(false);
}

void Trainer::refuse_silence(bool all) const {
  std::vector<std::string> names;
  for (size_t i = 0; i < reached_.size(); ++i) {
    if (!reached_[i]) names.push_back(objective_.parameters()[i].first);
  }
  if (names.empty()) return;
  std::string list;
  for (size_t i = 0; i < std::min(names.size(), kNamed); ++i)
    list += "\n  " + names[i];
  if (names.size() > kNamed) list += fmt::format("\n  and {} more", names.size() - kNamed);
  throw ConfigError("train", "{}: {} trained tensors had no gradient but zero in {}.{}{}",
                    all ? "nothing can train" : "these cannot train",
                    all ? "all" : fmt::format("{} of {}", names.size(), reached_.size()),
                    at_.step == 0 ? "the first step" : fmt::format("{} steps", at_.step + 1),
                    options_.at_zero.empty() ? "" : fmt::format(" It was asked for {}.", options_.at_zero), list);
}

// The gradient of the mean over `weight` answers, from sums over parts: it does not depend on how many parts there are.
double Trainer::accumulate(const std::vector<Batch>& batches, double weight) {
  // One stream a step: what is drawn depends on the seed and the step alone.
  const Random random = Random(options_.seed).fork("dropout").fork(static_cast<uint64_t>(at_.step));
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(random.seed());
  double sum = 0;
  for (const auto& batch : batches) {
    nn::Context context{.training = true, .recompute = options_.recompute, .gathers = true, .generator = generator};
    const at::Tensor loss = objective_.loss(batch, context);
    sum += loss.item<double>();
    if (!std::isfinite(sum)) return sum;
    (loss / weight).backward();
  }
  return sum;
}

void Trainer::check_gradients() const {
  std::string without;
  for (const auto& [name, parameter] : objective_.parameters()) {
    if (!parameter.grad().defined()) without += "\n  " + name;
  }
  if (!without.empty()) {
    throw InternalError("train", "these should train but got no gradient at the first step:{}", without);
  }
}

void Trainer::end_epoch() {
  ++at_.epoch;
  at_.batch = 0;
  epoch_loss_ = loss_sum_ / weight_sum_;
  loss_sum_ = 0;
  weight_sum_ = 0;
  const bool last = at_.epoch == schedule_.epochs;
  const bool due = options_.val_every > 0 && at_.epoch % options_.val_every == 0;
  if (due || last) {
    if (const auto scores = after_steps(at_.step, [&] { return objective_.validate(); })) {
      if (folder_) {
        folder_->add({at_.step, at_.epoch, "val", scores->loss, named_scores(*scores), kUnknown, kUnknown, kUnknown,
                      unix_seconds()});
      }
      outcome_.validation = scores;
      if (options_.patience > 0) keep_best(scores->first());
    }
  }
  finished_ = finished_ || last;
  report_progress(static_cast<double>(outcome_.examples_here) / seconds_since(started_));
}

void Trainer::keep_best(const tasks::Score& score) {
  const bool better = score.more_is_better ? score.value > best_score_ : score.value < best_score_;
  if (better || best_epoch_ < 0) {
    best_score_ = score.value;
    best_epoch_ = at_.epoch;
    best_ = copies(changing(objective_));
  } else if (at_.epoch - best_epoch_ >= options_.patience) {
    finished_ = true;
    outcome_.early = true;
  }
}

bool Trainer::checkpoint_is_due() const {
  if (!folder_) return false;
  if (options_.checkpoint_every > 0) return at_.step % options_.checkpoint_every == 0;
  return at_.batch == 0 && seconds_since(last_checkpoint_) >= kSecondsBetweenCheckpoints;
}

void Trainer::checkpoint() {
  if (!folder_) return;
  Checkpoint c;
  c.identity = options_.identity;
  c.step = at_.step;
  c.epoch = at_.epoch;
  c.batch = at_.batch;
  c.metrics_bytes = folder_->sync_metrics();
  c.best_score = best_score_;
  c.best_epoch = best_epoch_;
  c.optimizer_steps = optimizer_.steps();
  c.finished = finished_;
  c.loss_sum = loss_sum_;
  c.weight_sum = weight_sum_;
  c.train_seconds = seconds_before_ + seconds_since(started_);
  for (const auto& [name, parameter] : changing(objective_))
    c.parameters[name] = parameter;
  c.optimizer = optimizer_.state();
  c.best = best_;
  const auto written = save_checkpoint(folder_->checkpoints(), c, options_.keep);
  outcome_.checkpoint = std::filesystem::path("checkpoints") / written.filename();
  last_checkpoint_ = Clock::now();
}

void Trainer::report_progress(double rate) {
  std::string detail = fmt::format("epoch {}/{}", std::min(at_.epoch + 1, schedule_.epochs), schedule_.epochs);
  const double loss = weight_sum_ > 0 ? loss_sum_ / weight_sum_ : epoch_loss_;
  detail += fmt::format("  loss {:.3f}", loss);
  if (outcome_.validation) detail += "  val " + tasks::format_value(outcome_.validation->first());
  const int64_t examples = batches_.examples();
  const int64_t done = at_.epoch * examples + std::min(examples, at_.batch * batches_.batch_size());
  report_.progress({"train", done, schedule_.epochs * examples, detail, rate, options_.unit});
}

}  // namespace graft::train
