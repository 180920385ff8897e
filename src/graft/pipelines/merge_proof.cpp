#include "graft/pipelines/merge_proof.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "graft/features/encoder.h"
#include "graft/models/clip/class_prompts.h"
#include "graft/tensor/on_cpu.h"
#include "graft/text/tokenizer.h"

namespace graft::pipelines {
namespace {

constexpr int kGenerated = 8;  // images
constexpr size_t kPrompts = 32;

// Waves of three colours, of no pre-processing's own shape.
io::Image generated_image(int index) {
  io::Image image{.width = 97 + 11 * index, .height = 131 - 7 * index, .rgb = {}};
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      for (int channel = 0; channel < 3; ++channel) {
        const double wave = std::sin(0.05 * (index + 1) * x + channel) * std::cos(0.04 * (channel + 1) * y - index);
        image.rgb.push_back(static_cast<std::uint8_t>(127.5 + 127 * wave));
      }
    }
  }
  return image;
}

at::Tensor generated_pixels(const data::Preprocessing& preprocessing) {
  const data::ImageTransform transform(preprocessing);
  const auto size = transform.output();
  auto pixels = torch::empty({kGenerated, 3, size.height, size.width}, tensor::on_cpu());
  for (int i = 0; i < kGenerated; ++i) {
    auto one = pixels[i];
    transform.write(generated_image(i), Random(1), {one.data_ptr<float>(), static_cast<size_t>(one.numel())});
  }
  return pixels;
}

// Ids from all over the vocabulary, in texts of several lengths.
nn::Value generated_texts(const models::Tower& tower) {
  const auto length = std::min<int64_t>(tower.context_length(), 24);
  const auto words = tower.tokenizer() ? tower.tokenizer()->vocabulary_size() : 100;
  nn::Value value{torch::empty({kGenerated, length}, tensor::on_cpu(at::kLong))};
  for (int64_t i = 0; i < kGenerated * length; ++i)
    value.x.data_ptr<int64_t>()[i] = (i * i * 31 + i * 7 + 5) % words;
  value.present = torch::arange(length, value.x.options()).unsqueeze(0) <
                  length - torch::arange(kGenerated, value.x.options()).unsqueeze(1);
  return value;
}

nn::Value generated_value(const models::Model& model) {
  const auto& tower = model.reader();
  if (tower.name() == nn::Tower::text) return generated_texts(tower);
  return {generated_pixels(model.info().preprocessing)};
}

template <class T>
void compare(std::vector<std::string>& lines, const char* what, const T& used, const T& read) {
  if (used != read) lines.push_back(fmt::format("{}: {} was used, {} is read", what, used, read));
}

void compare_towers(std::vector<std::string>& lines, const std::string& tower, const models::TowerReading& used,
                    const models::TowerReading& read) {
  compare(lines, (tower + " heads").c_str(), used.heads, read.heads);
  if (used.activation != read.activation) lines.push_back(tower + " activation");
  compare(lines, (tower + " eps").c_str(), used.eps, read.eps);
}

const char* rounding(const data::Preprocessing& preprocessing) {
  return preprocessing.crop_rounding == data::CropRounding::transformers ? "down" : "half to even";
}

std::string colour(const data::Preprocessing& preprocessing) {
  return fmt::format("{}", fmt::join(preprocessing.fill, ", "));
}

std::string sides_of(data::Size size) {
  return fmt::format("{} x {}", size.height, size.width);
}

}  // namespace

Outputs outputs_of(const std::shared_ptr<models::Model>& model, const engine::AdapterInfo& info,
                   const std::vector<std::filesystem::path>& photos, const std::shared_ptr<data::ImageCache>& images,
                   Reporter& report) {
  features::Encoder encoder(model, images, {});
  Outputs outputs;
  const auto last = model->reader().last();
  outputs.images = photos.empty() ? encoder.run(generated_value(*model), 0, last).x
                                  : encoder.compute(encoder.photos(photos), last, report);
  if (info.classifier == models::HeadKind::prompts && !info.classes.empty() && model->has_prompts()) {
    const torch::NoGradGuard no_grad;
    std::vector<std::string> names(info.classes.begin(),
                                   info.classes.begin() + std::min(info.classes.size(), kPrompts));
    for (auto& name : names)
      name = data::prompt_name(name);
    models::ClassPrompts prompts(model, names, info.templates);
    nn::Context context;
    outputs.prompts = prompts.class_weights(context).detach().clone();
  }
  return outputs;
}

double deviation(const at::Tensor& wanted, const at::Tensor& got) {
  if (!wanted.defined() || wanted.numel() == 0) return 0;
  if (wanted.sizes() != got.sizes()) return std::numeric_limits<double>::infinity();
  return ((got - wanted).abs().max() / wanted.abs().max()).item<double>();
}

double deviation(const Outputs& wanted, const Outputs& got) {
  const double images = deviation(wanted.images, got.images), prompts = deviation(wanted.prompts, got.prompts);
  return std::isnan(images) || std::isnan(prompts) ? std::nan("") : std::max(images, prompts);
}

std::vector<std::string> differences(const models::ModelInfo& used, const models::ModelInfo& read) {
  std::vector<std::string> lines;
  compare_towers(lines, "image tower:", used.vision, read.vision);
  if (used.text && read.text) compare_towers(lines, "text tower:", *used.text, *read.text);
  compare(lines, "pooling", used.pooling, read.pooling);
  const auto &u = used.preprocessing, &r = read.preprocessing;
  compare(lines, "image size", sides_of(u.output()), sides_of(r.output()));
  if (u.resize_mode != data::ResizeMode::none) compare(lines, "resize", sides_of(u.resize), sides_of(r.resize));
  compare(lines, "resize mode", option::print(u.resize_mode), option::print(r.resize_mode));
  compare(lines, "interpolation", option::print(u.interpolation), option::print(r.interpolation));
  const auto channels = [](const std::array<float, 3>& of) { return fmt::format("{}", fmt::join(of, ", ")); };
  compare(lines, "crop rounding", rounding(u), rounding(r));
  compare(lines, "scale", u.scale, r.scale);
  if (u.resize_mode == data::ResizeMode::longest) compare(lines, "fill", colour(u), colour(r));
  compare(lines, "mean", channels(u.mean), channels(r.mean));
  compare(lines, "std", channels(u.std), channels(r.std));
  if (used.no_text.empty() != read.no_text.empty()) {
    lines.push_back(fmt::format("texts: {}", used.no_text.empty() ? read.no_text : "read, and were not"));
  }
  return lines;
}

}  // namespace graft::pipelines
