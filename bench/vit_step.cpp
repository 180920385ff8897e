// A training step on a frozen ViT (LoRA r 8 on q and v, bottleneck adapters, VPT-deep), or feature extraction: the same
// weights, images, labels and batch as bench/peers/vit_step.py, and the same JSON. Peers are run in turn by bench/run.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <torch/types.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "graft/core/options.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/optimizer.h"
#include "graft/io/model_folder.h"
#include "graft/models/model.h"
#include "graft/tensor/kept_memory.h"

namespace {

using namespace graft;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string model;
  std::string work = "lora";
  std::string precision = "bf16";
  int64_t batch = 16;
  int64_t steps = 5;
  int64_t warmup = 2;
  int64_t threads = 2;
  int64_t size = 224;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("model", o.model, "model folder");
  visit("work", o.work, "lora, adapter, vpt or features");
  visit("precision", o.precision, "of the frozen weights");
  visit("batch", o.batch, "images a step");
  visit("steps", o.steps, "timed steps");
  visit("warmup", o.warmup, "steps before them");
  visit("threads", o.threads, "threads");
  visit("size", o.size, "image side");
}

Options parse(int argc, char** argv) {
  OptionValues values;
  for (int i = 1; i + 1 < argc; i += 2)
    values[std::string(argv[i]).substr(2)] = argv[i + 1];
  return read_options<Options>("vit_step", values);
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
  const auto start = Clock::now();
  tensor::keep_tensor_memory();  // as the program does
  const Options o = parse(argc, argv);
  at::set_num_threads(static_cast<int>(o.threads));
  std::shared_ptr<models::Model> model =
      models::load_model(io::ModelFolder::find(o.model, {}), {.precision = tensor::parse_precision(o.precision)});

  engine::AdapterInfo info;
  info.method = o.work == "features" ? "linear-probe" : o.work;
  if (o.work == "vpt") info.method_options = {{"tokens", "50"}};
  for (int i = 0; i < 100; ++i)
    info.classes.push_back(fmt::format("class {}", i));
  auto adapted = engine::build_adapted(model, methods::make_method(info.method, info.method_options), info);
  engine::Optimizer optimizer(adapted.parameters, {.weight_decay = 0.01});

  // Timing needs images, not the same ones as Python draws: the work does not depend on the values.
  torch::manual_seed(7);
  const auto images = torch::randn({o.batch, 3, o.size, o.size});
  const auto labels = torch::randint(0, 100, {o.batch});
  std::vector<double> seconds, losses;
  double first = 0;
  for (int64_t i = 0; i < o.warmup + o.steps; ++i) {
    const auto begin = Clock::now();
    nn::Context context{.training = o.work != "features"};
    if (o.work == "features") {
      const c10::InferenceMode no_graph;
      losses.push_back(model->encode_images(images, context).abs().mean().item<double>());
    } else {
      const auto logits = adapted.classifier->forward(model->encode_images(images, context), context);
      const auto loss = torch::cross_entropy_loss(logits, labels);
      optimizer.clear_gradients();
      loss.backward();
      optimizer.step(1e-3);
      losses.push_back(loss.item<double>());
    }
    if (i == 0) first = seconds_since(start);
    if (i >= o.warmup) seconds.push_back(seconds_since(begin));
  }
  auto sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const nlohmann::json row = {{"peer", "graft"},
                              {"work", o.work},
                              {"precision", o.precision},
                              {"seconds", seconds},
                              {"images_per_s", static_cast<double>(o.batch) / sorted[sorted.size() / 2]},
                              {"first_step_s", first},
                              {"losses", losses},
                              {"peak_mb", static_cast<double>(usage.ru_maxrss) / 1024}};
  fmt::print("{}\n", row.dump());
}
