#include "graft/engine/trainer.h"

#include <ATen/CPUGeneratorImpl.h>

#include <chrono>
#include <cmath>
#include <limits>

#include "graft/core/error.h"
#include "graft/core/random.h"
#include "graft/core/signals.h"

namespace graft::engine {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kSecondsBetweenCheckpoints = 10;  // unless --checkpoint-every says otherwise: short epochs need fewer

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

NamedTensors copies(const Parameters& parameters) {
  NamedTensors copies;
  for (const auto& [name, parameter] : parameters)
    copies[name] = parameter.detach().clone();
  return copies;
}

void assign(const Parameters& parameters, const NamedTensors& values) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters) {
    const auto found = values.find(name);
    if (found == values.end() || found->second.sizes() != parameter.sizes()) {
      throw ModelError("checkpoint", "'{}' is missing or has another shape. The checkpoint is of another run.", name);
    }
    parameter.copy_(found->second);
  }
}

OptimizerOptions optimizer_options(const methods::Recipe& recipe) {
  return {
      .kind = recipe.optimizer, .weight_decay = recipe.weight_decay, .momentum = recipe.momentum, .eps = recipe.eps};
}

}  // namespace

Trainer::Trainer(Task& task, Batches& batches, TrainerOptions options, RunFolder* folder, Reporter& report)
    : task_(task),
      batches_(batches),
      options_(std::move(options)),
      folder_(folder),
      report_(report),
      optimizer_(task.parameters(), optimizer_options(options_.recipe)) {
  const auto& recipe = options_.recipe;
  const int64_t steps_per_epoch = (batches_.per_epoch() + options_.grad_accum - 1) / options_.grad_accum;
  schedule_ = {recipe.schedule, recipe.lr, recipe.epochs, std::max<int64_t>(1, steps_per_epoch), recipe.warmup_epochs};
}

TrainOutcome Trainer::run() {
  const FinishFirst a_step_and_its_checkpoint;
  started_ = last_checkpoint_ = Clock::now();
  if (folder_) resume();
  if (at_.step < schedule_.steps() && !finished_) batches_.seek(at_.epoch, at_.batch);
  while (at_.step < schedule_.steps() && !finished_) {
    take_step();
    if (at_.batch == batches_.per_epoch()) end_epoch();
    const int signal = stop_signal();
    if (signal || finished_ || checkpoint_is_due()) checkpoint();
    if (signal && !finished_) {
      outcome_.stopped_by = signal;
      break;
    }
  }
  if (options_.patience > 0 && best_epoch_ >= 0 && outcome_.stopped_by == 0) {
    assign(task_.parameters(), best_);
    task_.parameters_changed();
  }
  outcome_.steps = at_.step;
  outcome_.epochs = at_.epoch;
  outcome_.seconds = seconds_since(started_);
  return outcome_;
}

void Trainer::resume() {
  const auto found = load_last_checkpoint(folder_->checkpoints());
  folder_->start_metrics(found ? found->metrics_bytes : 0);
  if (!found) return;
  if (found->identity != options_.identity) {
    throw ConfigError("resume",
                      "{} was trained with other options, or its model or photos have changed since. Start a new "
                      "run.",
                      folder_->path().string());
  }
  assign(task_.parameters(), found->parameters);
  task_.parameters_changed();
  optimizer_.restore(found->optimizer, found->optimizer_steps);
  at_ = {found->step, found->epoch, found->batch};
  loss_sum_ = found->loss_sum;
  loss_count_ = found->loss_count;
  best_ = found->best;
  best_accuracy_ = found->best_accuracy;
  best_epoch_ = found->best_epoch;
  finished_ = found->finished;
  outcome_.checkpoint = std::filesystem::path("checkpoints") / checkpoint_name(at_.step);
  report_.line("resume",
               fmt::format("step {} of {}, the same bits as if it had not stopped", at_.step, schedule_.steps()));
}

void Trainer::take_step() {
  const int64_t count = std::min(options_.grad_accum, batches_.per_epoch() - at_.batch);
  int64_t photos = 0;
  for (int64_t i = 0; i < count; ++i)
    photos += batches_.size_of(at_.batch + i);

  const double lr = schedule_.at(at_.step);
  optimizer_.clear_gradients();
  const double loss = accumulate(count, photos) / static_cast<double>(photos);
  const double norm = std::isfinite(loss) ? clip_gradients(task_.parameters(), options_.recipe.clip_norm) : kUnknown;
  if (!std::isfinite(loss) || !std::isfinite(norm)) {
    throw DivergenceError("train", "the {} is {} at step {} (epoch {}), lr {:.3g}. {}Try a smaller --lr, or --clip 1.",
                          std::isfinite(loss) ? "gradient's norm" : "loss", std::isfinite(loss) ? norm : loss,
                          at_.step + 1, at_.epoch + 1, lr,
                          outcome_.checkpoint.empty() ? "" : fmt::format("{} is kept. ", outcome_.checkpoint.string()));
  }
  if (at_.step == 0) check_gradients();
  optimizer_.step(lr);
  task_.parameters_changed();

  ++at_.step;
  at_.batch += count;
  loss_sum_ += loss * static_cast<double>(photos);
  loss_count_ += photos;
  ++outcome_.steps_here;
  outcome_.photos_here += photos;
  const double rate = static_cast<double>(outcome_.photos_here) / seconds_since(started_);
  if (folder_) folder_->add({at_.step, at_.epoch + 1, "train", loss, kUnknown, lr, norm, rate, now()});
  report_progress(rate);
}

// The gradient of the mean over `photos`, from sums over parts: it does not depend on how many parts there are.
double Trainer::accumulate(int64_t count, int64_t photos) {
  // One stream a step: what is drawn depends on the seed and the step alone.
  const Random random = Random(options_.seed).fork("dropout").fork(static_cast<uint64_t>(at_.step));
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(random.seed());
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const Batch batch = batches_.next();
    nn::Context context{.training = true, .recompute = options_.recompute, .generator = generator};
    const at::Tensor loss = task_.loss(batch, context);
    sum += loss.item<double>();
    if (!std::isfinite(sum)) return sum;
    (loss / static_cast<double>(photos)).backward();
  }
  return sum;
}

void Trainer::check_gradients() const {
  std::string without;
  for (const auto& [name, parameter] : task_.parameters()) {
    if (!parameter.grad().defined()) without += "\n  " + name;
  }
  if (!without.empty()) {
    throw InternalError("train", "these should train but got no gradient at the first step:{}", without);
  }
}

void Trainer::end_epoch() {
  ++at_.epoch;
  at_.batch = 0;
  epoch_loss_ = loss_sum_ / static_cast<double>(loss_count_);
  loss_sum_ = 0;
  loss_count_ = 0;
  const bool last = at_.epoch == schedule_.epochs;
  const bool due = options_.val_every > 0 && at_.epoch % options_.val_every == 0;
  if (due || last) {
    if (const auto scores = task_.validate()) {
      if (folder_) {
        folder_->add({at_.step, at_.epoch, "val", scores->loss, scores->accuracy, kUnknown, kUnknown, kUnknown, now()});
      }
      outcome_.validation = scores;
      if (options_.patience > 0) keep_best(*scores);
    }
  }
  finished_ = finished_ || last;
  report_progress(static_cast<double>(outcome_.photos_here) / seconds_since(started_));
}

void Trainer::keep_best(const Scores& scores) {
  if (scores.accuracy > best_accuracy_) {
    best_accuracy_ = scores.accuracy;
    best_epoch_ = at_.epoch;
    best_ = copies(task_.parameters());
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
  c.best_accuracy = best_accuracy_;
  c.best_epoch = best_epoch_;
  c.optimizer_steps = optimizer_.steps();
  c.finished = finished_;
  c.loss_sum = loss_sum_;
  c.loss_count = loss_count_;
  for (const auto& [name, parameter] : task_.parameters())
    c.parameters[name] = parameter;
  c.optimizer = optimizer_.state();
  c.best = best_;
  const auto written = save_checkpoint(folder_->checkpoints(), c, options_.keep);
  outcome_.checkpoint = std::filesystem::path("checkpoints") / written.filename();
  last_checkpoint_ = Clock::now();
}

void Trainer::report_progress(double rate) {
  std::string detail = fmt::format("epoch {}/{}", std::min(at_.epoch + 1, schedule_.epochs), schedule_.epochs);
  const double loss = loss_count_ > 0 ? loss_sum_ / static_cast<double>(loss_count_) : epoch_loss_;
  detail += fmt::format("  loss {:.3f}", loss);
  if (outcome_.validation) detail += fmt::format("  val {:.1f} %", 100 * outcome_.validation->accuracy);
  const int64_t photos = batches_.photos();
  const int64_t done = at_.epoch * photos + std::min(photos, at_.batch * batches_.batch_size());
  report_.progress({"train", done, schedule_.epochs * photos, detail, rate, "images"});
}

}  // namespace graft::engine
