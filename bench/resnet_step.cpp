// A training step of a whole ResNet, batch norms by the batch, SGD with momentum: the same weights, batch and size as
// bench/peers/resnet_step.py, and the same JSON. Run in turn by bench/run.
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
  int64_t size = 224;
  int64_t batch = 16;
  int64_t steps = 5;
  int64_t warmup = 2;
  int64_t threads = 2;
  int64_t classes = 100;
  bool recompute = false;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("model", o.model, "model file");
  visit("size", o.size, "image side");
  visit("batch", o.batch, "images a step");
  visit("steps", o.steps, "timed steps");
  visit("warmup", o.warmup, "steps before them");
  visit("threads", o.threads, "threads");
  visit("classes", o.classes, "of the classifier");
  visit("recompute", o.recompute, "run blocks a second time in the backward");
}

}  // namespace

int main(int argc, char** argv) {
  tensor::keep_tensor_memory();  // as the program does
  const auto o = bench::parse<Options>("resnet_step", argc, argv);
  at::set_num_threads(static_cast<int>(o.threads));
  std::shared_ptr<models::Model> model = models::load_model(io::ModelFolder::at(o.model), {.image_size = o.size});

  engine::AdapterInfo info;
  info.method = "full";
  info.method_options = {{"batch-statistics", "true"}};
  for (int i = 0; i < o.classes; ++i)
    info.classes.push_back(fmt::format("class {}", i));
  auto adapted = engine::build_adapted(model, methods::make_method(info.method, info.method_options), info);
  train::Optimizer optimizer(adapted.parameters,
                             {.kind = methods::OptimizerKind::sgd, .weight_decay = 1e-4, .momentum = 0.9});

  torch::manual_seed(7);
  const nn::Value images{torch::randn({o.batch, 3, o.size, o.size})};
  const auto labels = torch::randint(0, o.classes, {o.batch});
  std::vector<double> seconds, losses;
  double first = 0;
  const double ready = bench::since_start();
  for (int64_t i = 0; i < o.warmup + o.steps; ++i) {
    const double begin = bench::now();
    nn::Context context{.training = true, .recompute = o.recompute, .gathers = true};
    const auto loss = at::cross_entropy_loss(adapted.answer(images, context), labels);
    optimizer.clear_gradients();
    loss.backward();
    optimizer.step(1e-2);
    losses.push_back(loss.item<double>());
    if (i == 0) first = bench::since_start();
    if (i >= o.warmup) seconds.push_back(bench::now() - begin);
  }
  auto sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  const nlohmann::json row = {
      {"peer", "graft"},          {"size", o.size},
      {"recompute", o.recompute}, {"cpu", tensor::describe_cpu()},
      {"seconds", seconds},       {"images_per_s", static_cast<double>(o.batch) / sorted[sorted.size() / 2]},
      {"ready_s", ready},         {"first_step_s", first},
      {"losses", losses},         {"peak_mb", bench::peak_mb()}};
  fmt::print("{}\n", row.dump());
}
