// A training step on a frozen text encoder (LoRA r 8 on q and v, bottleneck adapters), or feature extraction: the same
// batch as bench/peers/text_step.py, and the same JSON. With --save the trained adapter is left for PEFT to open,
// beside the ids and the features that it gives (tests/golden/make/peft_texts.py).
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "graft/engine/adapter_folder.h"
#include "graft/io/model_folder.h"
#include "graft/methods/entry.h"
#include "graft/models/model.h"
#include "graft/nn/tensor_file.h"
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
  std::string target = "q,v";
  std::string save;
  int64_t batch = 16;
  int64_t tokens = 128;
  bool padded = false;
  int64_t steps = 5;
  int64_t warmup = 2;
  int64_t threads = 2;
  int64_t classes = 2;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("model", o.model, "model folder");
  visit("work", o.work, "lora, adapter or features");
  visit("precision", o.precision, "of the frozen weights");
  visit("target", o.target, "of lora");
  visit("save", o.save, "folder for the adapter, its ids and its features");
  visit("batch", o.batch, "texts a step");
  visit("tokens", o.tokens, "of the longest text");
  visit("padded", o.padded, "texts of every length up to that; else all of it");
  visit("steps", o.steps, "timed steps");
  visit("warmup", o.warmup, "steps before them");
  visit("threads", o.threads, "threads");
  visit("classes", o.classes, "of the classifier");
}

nn::Value texts(const Options& o) {
  torch::manual_seed(7);
  nn::Value value{torch::randint(5, 30, {o.batch, o.tokens})};
  if (!o.padded) return value;
  const auto lengths = (torch::arange(1, o.batch + 1) * o.tokens / o.batch).to(at::kLong).clamp_min(1);
  value.present = torch::arange(o.tokens).unsqueeze(0) < lengths.unsqueeze(1);
  return value;
}

void save(const Options& o, methods::Adapted& adapted, const engine::AdapterInfo& info, const nn::Value& value) {
  const torch::NoGradGuard no_grad;
  std::filesystem::create_directories(o.save);
  engine::save_adapter(o.save, adapted, info);
  const auto mask = value.present.defined() ? value.present.to(at::kLong) : at::ones_like(value.x);
  nn::write_tensors(std::filesystem::path(o.save) / "texts.safetensors",
                    {{"ids", value.x}, {"mask", mask}, {"features", adapted.model->reader().encode(value, {})}});
}

}  // namespace

int main(int argc, char** argv) {
  tensor::keep_tensor_memory();  // as the program does
  const auto o = bench::parse<Options>("text_step", argc, argv);
  at::set_num_threads(static_cast<int>(o.threads));
  std::shared_ptr<models::Model> model =
      models::load_model(io::ModelFolder::find(o.model, {}), {.precision = tensor::parse_precision(o.precision)});

  engine::AdapterInfo info;
  info.method = o.work == "features" ? "linear-probe" : o.work;
  if (o.work == "lora") info.method_options = {{"target", o.target}};
  for (int i = 0; i < o.classes; ++i)
    info.classes.push_back(fmt::format("class {}", i));
  auto adapted = engine::build_adapted(model, methods::make_method(info.method, info.method_options), info);
  train::Optimizer optimizer(adapted.parameters, {.weight_decay = 0.01});

  const auto value = texts(o);
  const auto labels = torch::randint(0, o.classes, {o.batch});
  std::vector<double> seconds, losses;
  const double ready = bench::since_start();
  double first = 0;
  for (int64_t i = 0; i < o.warmup + o.steps; ++i) {
    const double begin = bench::now();
    nn::Context context{.training = o.work != "features"};
    if (o.work == "features") {
      const c10::InferenceMode no_graph;
      losses.push_back(model->reader().encode(value, context).abs().mean().item<double>());
    } else {
      const auto logits = adapted.head->forward(model->reader().encode(value, context), context);
      const auto loss = torch::cross_entropy_loss(logits, labels);
      optimizer.clear_gradients();
      loss.backward();
      optimizer.step(1e-3);
      losses.push_back(loss.item<double>());
    }
    if (i == 0) first = bench::since_start();
    if (i >= o.warmup) seconds.push_back(bench::now() - begin);
  }
  if (!o.save.empty()) save(o, adapted, info, value);
  auto sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  const nlohmann::json row = {
      {"peer", "graft"},          {"work", o.work},
      {"precision", o.precision}, {"cpu", tensor::describe_cpu()},
      {"seconds", seconds},       {"texts_per_s", static_cast<double>(o.batch) / sorted[sorted.size() / 2]},
      {"ready_s", ready},         {"first_step_s", first},
      {"losses", losses},         {"peak_mb", bench::peak_mb()}};
  fmt::print("{}\n", row.dump());
}
