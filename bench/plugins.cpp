// What is put on top of a baseline, and what it costs: photos a second through the loader with an augmentation or a
// mixing of its batches, and a ResNet's step with a non-local block beside the same step without.
//
// `--what loader --plugin P --photos FOLDER [--kept true]`: P is none, mixup, cutmix, rand-augment, colour-jitter or
// random-erasing, behind a random resized crop and a flip; kept: photos are decoded once. The peer is
// peers/plugins_loader.py.
// `--what block --model FILE`: steps with and without the block in turn, and by themselves the products that the block
// asks for, and those with its softmax, norm and sum, forward and backward.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "graft/data/loader.h"
#include "graft/data/photo_source.h"
#include "graft/engine/adapter_folder.h"
#include "graft/io/model_folder.h"
#include "graft/methods/entry.h"
#include "graft/models/model.h"
#include "graft/plugins/mixing/mixer.h"
#include "graft/tensor/kept_memory.h"
#include "graft/train/optimizer.h"
#include "measure.h"

namespace {

using namespace graft;

struct Options {
  std::string what = "loader";
  std::string plugin = "none";
  std::string photos;
  bool kept = false;
  std::string model;
  int64_t size = 224;
  int64_t batch = 32;
  int64_t threads = 2;
  int64_t seconds = 8;
  int64_t steps = 8;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("what", o.what, "loader or block");
  visit("plugin", o.plugin, "loader: what is put on top");
  visit("photos", o.photos, "loader: a folder of JPEGs");
  visit("kept", o.kept, "loader: decode each photo once");
  visit("model", o.model, "block: a ResNet's file");
  visit("size", o.size, "image side");
  visit("batch", o.batch, "images a batch");
  visit("threads", o.threads, "of the loader, or of the step");
  visit("seconds", o.seconds, "loader: how long");
  visit("steps", o.steps, "block: timed pairs of steps");
}

double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

bool is_mixing(const std::string& plugin) {
  return plugin == "mixup" || plugin == "cutmix";
}

data::Augmentation augmentation(const std::string& plugin) {
  auto o = data::Augmentation::random_resized_crop_and_flip();
  if (plugin == "rand-augment") {
    o.policy = data::Policy::rand_augment;
  } else if (plugin == "colour-jitter") {
    o.brightness = o.contrast = o.saturation = 0.4;
    o.hue = 0.1;
  } else if (plugin == "random-erasing") {
    o.erase_chance = 1;
  } else if (plugin != "none" && !is_mixing(plugin)) {
    throw UsageError("plugins", "no plugin '{}'.", plugin);
  }
  return o;
}

nlohmann::json loader_rate(const Options& o) {
  at::set_num_threads(1);  // the loader has the processors; mixing is done between its batches
  std::vector<data::Sample> samples;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(o.photos)) {
    if (entry.path().extension() == ".jpg") samples.push_back({.input = entry.path().string()});
  }
  std::ranges::sort(samples, {}, &data::Sample::input);
  const int side = static_cast<int>(o.size);
  const data::ImageTransform transform({.resize = {side, side}, .interpolation = data::Filter::bilinear, .crop = {}},
                                       augmentation(o.plugin));
  auto cache = o.kept ? std::make_shared<data::ImageCache>(data::Exif::keep, std::size_t{4} << 30) : nullptr;
  data::Loader loader(
      std::make_shared<data::PhotoSource>("", samples, transform, cache),
      {.batch_size = o.batch, .workers = o.threads, .prefetch = 4, .epochs = 1'000'000, .shuffle = true});
  const auto mixer = is_mixing(o.plugin) ? std::make_unique<plugins::Mixer>(o.plugin + ":alpha=1") : nullptr;
  int64_t number = 0;
  const auto use = [&](data::Batch& batch) {
    if (!mixer) return;
    const std::vector<int64_t> sizes = {batch.size(), 3, o.size, o.size};
    const auto mix = mixer->draw(plugins::MixPlace::input, 1, 0, number++, sizes);
    const auto images = torch::from_blob(batch.images.data(), sizes);
    GRAFT_ASSERT(mix && mix->values(images).size(0) == batch.size());
  };
  while (auto batch = loader.next())  // warms the file cache, or fills the other one
    loader.recycle(std::move(*batch));

  int64_t images = 0;
  const double begin = bench::now(), begun = processor_seconds();
  while (bench::now() - begin < static_cast<double>(o.seconds)) {
    if (auto batch = loader.next()) {
      images += batch->size();
      use(*batch);
      loader.recycle(std::move(*batch));
    }
  }
  const double wall = bench::now() - begin, processor = processor_seconds() - begun;
  const auto count = static_cast<double>(images);
  return {{"images_per_s", count / wall}, {"processor_ms", 1000 * processor / count}};
}

// A ResNet that trains whole, perhaps with blocks in it, and its step.
class Trained {
 public:
  Trained(const Options& o, const std::string& block) {
    std::shared_ptr<models::Model> model = models::load_model(io::ModelFolder::at(o.model), {.image_size = o.size});
    engine::AdapterInfo info;
    info.method = "full";
    info.method_options = {{"batch-statistics", "true"}};
    info.block = block;
    for (int i = 0; i < 100; ++i)
      info.classes.push_back(fmt::format("class {}", i));
    adapted_ = engine::build_adapted(model, methods::make_method(info.method, info.method_options), info);
    optimizer_.emplace(
        adapted_.parameters,
        train::OptimizerOptions{.kind = methods::OptimizerKind::sgd, .weight_decay = 1e-4, .momentum = 0.9});
  }

  double step(const nn::Value& images, const at::Tensor& labels) {
    const double begin = bench::now();
    nn::Context context{.training = true, .gathers = true};
    const auto loss = at::cross_entropy_loss(adapted_.answer(images, context), labels);
    optimizer_->clear_gradients();
    loss.backward();
    optimizer_->step(1e-3);
    return bench::now() - begin;
  }

 private:
  methods::Adapted adapted_;
  std::optional<train::Optimizer> optimizer_;
};

// A map [B, N, C] that an embedded-Gaussian block reads, and what it has of its own.
struct Compared {
  at::Tensor x, theta, phi, g, last, scale, shift;

  Compared(int64_t batch, int64_t positions, int64_t width) {
    const auto drawn = [](at::IntArrayRef shape) { return torch::randn(shape).mul_(0.01).requires_grad_(); };
    x = drawn({batch, positions, width});
    theta = drawn({width / 2, width});
    phi = drawn({width / 2, width});
    g = drawn({width / 2, width});
    last = drawn({width, width / 2});
    scale = drawn({width});
    shift = drawn({width});
  }

  // Its products; `whole`: with its softmax, batch norm and sum.
  at::Tensor run(bool whole) const {
    const auto products = at::matmul(at::linear(x, theta), at::linear(x, phi).transpose(1, 2));
    const auto y = at::matmul(whole ? at::softmax(products, -1) : products, at::linear(x, g));
    const auto z = at::linear(y, last);
    if (!whole) return z;
    return x + at::batch_norm(z.flatten(0, 1), scale, shift, {}, {}, true, 0.1, 1e-5, false).view_as(z);
  }
};

double seconds_of(const std::vector<Compared>& blocks, bool whole) {
  std::vector<double> seconds;
  for (int i = 0; i < 12; ++i) {
    const double begin = bench::now();
    for (const auto& block : blocks) {
      const auto out = block.run(whole);
      out.backward(at::ones({1}).expand_as(out));
    }
    if (i >= 2) seconds.push_back(bench::now() - begin);
  }
  return bench::median(seconds);
}

// Behind the second block of the second and of the third stage of a ResNet-18, where `nonlocal` stands by itself.
nlohmann::json block_cost(const Options& o) {
  at::set_num_threads(static_cast<int>(o.threads));
  torch::manual_seed(7);
  const nn::Value images{torch::randn({o.batch, 3, o.size, o.size})};
  const auto labels = torch::randint(0, 100, {o.batch});
  Trained with(o, "nonlocal:at=layer2.1,layer3.1"), without(o, "");
  std::vector<double> plain, extra;
  for (int64_t i = 0; i < o.steps + 2; ++i) {
    const bool first = i % 2 == 0;  // each goes first as often as the other
    const double one = first ? with.step(images, labels) : without.step(images, labels);
    const double other = first ? without.step(images, labels) : with.step(images, labels);
    if (i < 2) continue;
    plain.push_back(first ? other : one);
    extra.push_back(first ? one - other : other - one);
  }
  const auto at = [&](int64_t stride) { return (o.size / stride) * (o.size / stride); };
  std::vector<Compared> blocks;
  blocks.emplace_back(o.batch, at(8), 128);
  blocks.emplace_back(o.batch, at(16), 256);
  return {{"step_ms", 1000 * bench::median(plain)},
          {"block_ms", 1000 * bench::median(extra)},
          {"products_ms", 1000 * seconds_of(blocks, /*whole=*/false)},
          {"arithmetic_ms", 1000 * seconds_of(blocks, /*whole=*/true)}};
}

}  // namespace

int main(int argc, char** argv) {
  tensor::keep_tensor_memory();  // as the program does
  const auto o = bench::parse<Options>("plugins", argc, argv);
  auto row = o.what == "block" ? block_cost(o) : loader_rate(o);
  row["peer"] = "graft";
  row["peak_mb"] = bench::peak_mb();
  fmt::print("{}\n", row.dump());
}
