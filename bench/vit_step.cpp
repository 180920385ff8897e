// A training step on a frozen ViT (LoRA r 8 on q and v, bottleneck adapters, VPT-deep, AIM on clips), or feature
// extraction: the same weights, images, labels and batch as bench/peers/vit_step.py, and the same JSON. Peers are run
// in turn by bench/run.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "graft/engine/adapter_folder.h"
#include "graft/io/model_folder.h"
#include "graft/methods/entry.h"
#include "graft/models/model.h"
#include "graft/tensor/kept_memory.h"
#include "graft/tensor/precision.h"
#include "graft/train/optimizer.h"
#include "measure.h"

namespace {

using namespace graft;

struct Options {
  std::string model;
  std::string work = "lora";
  std::string precision = "bf16";
  int64_t batch = 16;
  int64_t steps = 5;
  int64_t warmup = 2;
  int64_t threads = 2;
  int64_t size = 0;
  int64_t frames = 1;
  int64_t classes = 100;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("model", o.model, "model folder");
  visit("work", o.work, "lora, adapter, vpt, aim or features");
  visit("precision", o.precision, "of the frozen weights");
  visit("batch", o.batch, "images a step, or clips");
  visit("steps", o.steps, "timed steps");
  visit("warmup", o.warmup, "steps before them");
  visit("threads", o.threads, "threads");
  visit("size", o.size, "image side; 0: the model's own");
  visit("frames", o.frames, "of a clip");
  visit("classes", o.classes, "of the classifier");
}

}  // namespace

int main(int argc, char** argv) {
  tensor::keep_tensor_memory();  // as the program does
  const auto o = bench::parse<Options>("vit_step", argc, argv);
  at::set_num_threads(static_cast<int>(o.threads));
  std::shared_ptr<models::Model> model = models::load_model(
      io::ModelFolder::find(o.model, {}), {.precision = tensor::parse_precision(o.precision),
                                           .image_size = o.size > 0 ? std::optional(o.size) : std::nullopt});
  const auto pixels = model->info().preprocessing.output();

  engine::AdapterInfo info;
  info.method = o.work == "features" ? "linear-probe" : o.work;
  info.frames = o.frames;
  if (o.work == "vpt") info.method_options = {{"tokens", "50"}};
  if (o.work == "aim") info.method_options = {{"random-base", "true"}};  // its weights are drawn
  for (int i = 0; i < o.classes; ++i)
    info.classes.push_back(fmt::format("class {}", i));
  auto adapted = engine::build_adapted(model, methods::make_method(info.method, info.method_options), info);
  train::Optimizer optimizer(adapted.parameters, {.weight_decay = 0.01});

  // Timing needs images, not the same ones as Python draws: the work does not depend on the values.
  torch::manual_seed(7);
  nn::Value images{torch::randn({o.batch * o.frames, 3, pixels.height, pixels.width})};
  images.layout.frames = o.frames;
  const auto labels = torch::randint(0, o.classes, {o.batch});
  std::vector<double> seconds, losses;
  double first = 0;
  int64_t fresh = 0;
  const double ready = bench::since_start();
  for (int64_t i = 0; i < o.warmup + o.steps; ++i) {
    if (i == o.warmup) fresh = tensor::kept_memory().fresh;
    const double begin = bench::now();
    nn::Context context{.training = o.work != "features", .generator = at::make_generator<at::CPUGeneratorImpl>(i + 1)};
    if (o.work == "features") {
      const c10::InferenceMode no_graph;
      losses.push_back(model->reader().encode(images, context).abs().mean().item<double>());
    } else {
      const auto logits = adapted.answer(images, context);
      const auto loss = torch::cross_entropy_loss(logits, labels);
      optimizer.clear_gradients();
      loss.backward();
      optimizer.step(1e-3);
      losses.push_back(loss.item<double>());
    }
    if (i == 0) first = bench::since_start();
    if (i >= o.warmup) seconds.push_back(bench::now() - begin);
  }
  fresh = tensor::kept_memory().fresh - fresh;
  auto sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  const nlohmann::json row = {
      {"peer", "graft"},
      {"work", o.work},
      {"precision", o.precision},
      {"cpu", tensor::describe_cpu()},
      {"seconds", seconds},
      {"images_per_s", static_cast<double>(o.batch) / sorted[sorted.size() / 2]},
      {"ready_s", ready},
      {"first_step_s", first},
      {"losses", losses},
      {"peak_mb", bench::peak_mb()},
      {"fresh_mb_a_step", static_cast<double>(fresh) / static_cast<double>(1 << 20) / static_cast<double>(o.steps)}};
  fmt::print("{}\n", row.dump());
}
