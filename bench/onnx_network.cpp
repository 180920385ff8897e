// By hand, of a file of your own: photos a second through a network out of an ONNX file, as it stands: the same file,
// photo and threads as bench/peers/onnx_network.py, and the same JSON. --save keeps what it read and gave, for the peer
// to compare.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "graft/io/image.h"
#include "graft/models/onnx/photo_network.h"
#include "graft/nn/tensor_file.h"
#include "graft/tensor/kept_memory.h"
#include "measure.h"

namespace {

struct Options {
  std::string model, photo, save;
  std::string mean, std;
  int64_t side = 0;
  int64_t steps = 3;
  int64_t warmup = 1;
  int64_t threads = 2;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("model", o.model, "ONNX file");
  visit("photo", o.photo, "photo");
  visit("save", o.save, "safetensors file for input and output");
  visit("mean", o.mean, "of the colours");
  visit("std", o.std, "of the colours");
  visit("side", o.side, "of an input that the file leaves open");
  visit("steps", o.steps, "timed runs");
  visit("warmup", o.warmup, "runs before them");
  visit("threads", o.threads, "threads");
}

}  // namespace

int main(int argc, char** argv) {
  using namespace graft;
  tensor::keep_tensor_memory();  // as the program does
  const auto o = bench::parse<Options>("onnx_network", argc, argv);
  at::set_num_threads(static_cast<int>(o.threads));
  models::onnx::PhotoOptions options;
  options.side = o.side;
  options.mean = o.mean;
  options.std = o.std;
  const models::onnx::PhotoNetwork network(o.model, options);
  const auto input = network.input_of(io::read_image(o.photo));
  std::vector<double> seconds;
  at::Tensor output;
  const double ready = bench::since_start();
  double first = 0;
  for (int64_t i = 0; i < o.warmup + o.steps; ++i) {
    const double begin = bench::now();
    output = network.network().run({input}).front();
    if (i == 0) first = bench::since_start();
    if (i >= o.warmup) seconds.push_back(bench::now() - begin);
  }
  if (!o.save.empty()) nn::write_tensors(o.save, {{"input", input}, {"output", output.contiguous()}});
  auto sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  const nlohmann::json row = {
      {"peer", "graft"},  {"seconds", seconds},    {"images_per_s", 1 / sorted[sorted.size() / 2]},
      {"ready_s", ready}, {"first_step_s", first}, {"peak_mb", bench::peak_mb()}};
  fmt::print("{}\n", row.dump());
}
