// A training step of DeepLabv3 on a ResNet-18 at an output stride of 8, batch norms by the batch, SGD with momentum,
// cross-entropy over pixels: the same weights, batch and size as bench/peers/deeplab_step.py, and the same JSON. Run in
// turn by bench/run. Dropout draws other numbers there, so that losses agree only about.
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
#include "graft/tasks/task.h"
#include "graft/tensor/kept_memory.h"
#include "graft/tensor/precision.h"
#include "graft/train/optimizer.h"
#include "measure.h"

namespace {

using namespace graft;

struct Options {
  std::string model;
  int64_t size = 256;
  int64_t batch = 4;
  int64_t steps = 3;
  int64_t warmup = 1;
  int64_t threads = 2;
  int64_t classes = 21;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("model", o.model, "model file");
  visit("size", o.size, "image side");
  visit("batch", o.batch, "images a step");
  visit("steps", o.steps, "timed steps");
  visit("warmup", o.warmup, "steps before them");
  visit("threads", o.threads, "threads");
  visit("classes", o.classes, "of pixels");
}

}  // namespace

int main(int argc, char** argv) {
  tensor::keep_tensor_memory();  // as the program does
  const auto o = bench::parse<Options>("deeplab_step", argc, argv);
  at::set_num_threads(static_cast<int>(o.threads));
  std::shared_ptr<models::Model> model = models::load_model(io::ModelFolder::at(o.model), {.image_size = o.size});

  engine::AdapterInfo info;
  info.method = "full";
  info.method_options = {{"batch-statistics", "true"}};
  info.task = "segmentation";
  for (int i = 0; i < o.classes; ++i)
    info.classes.push_back(fmt::format("class {}", i));
  auto adapted = engine::build_adapted(model, methods::make_method(info.method, info.method_options), info);
  const auto task = tasks::find_task(info.task).make({});
  train::Optimizer optimizer(adapted.parameters,
                             {.kind = methods::OptimizerKind::sgd, .weight_decay = 1e-4, .momentum = 0.9});

  torch::manual_seed(7);
  const nn::Value images{torch::randn({o.batch, 3, o.size, o.size})};
  const auto masks = torch::randint(0, o.classes, {o.batch, o.size, o.size}).to(at::kByte);
  std::vector<double> seconds, losses;
  double first = 0;
  const double ready = bench::since_start();
  for (int64_t i = 0; i < o.warmup + o.steps; ++i) {
    const double begin = bench::now();
    nn::Context context{.training = true,
                        .gathers = true,
                        .generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<uint64_t>(i))};
    const auto loss = task->loss(adapted.answer(images, context), masks) / task->weight(masks);
    optimizer.clear_gradients();
    loss.backward();
    optimizer.step(1e-2);
    losses.push_back(loss.item<double>());
    if (i == 0) first = bench::since_start();
    if (i >= o.warmup) seconds.push_back(bench::now() - begin);
  }
  auto sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  const nlohmann::json row = {{"peer", "graft"},
                              {"size", o.size},
                              {"cpu", tensor::describe_cpu()},
                              {"seconds", seconds},
                              {"images_per_s", static_cast<double>(o.batch) / sorted[sorted.size() / 2]},
                              {"ready_s", ready},
                              {"first_step_s", first},
                              {"losses", losses},
                              {"peak_mb", bench::peak_mb()}};
  fmt::print("{}\n", row.dump());
}
