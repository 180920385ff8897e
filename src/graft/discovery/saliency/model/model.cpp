#include "graft/discovery/saliency/model/model.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <optional>

#include "graft/core/error.h"

namespace graft::discovery::model {
namespace {

class SupervisedNetwork final : public Saliency {
 public:
  explicit SupervisedNetwork(Options options)
      : options_(std::move(options)), network_(checked(options_).file, options_.photo) {
    notes_ = network_.notes();
    if (options_.activation == Activation::automatic && !network_.gives_shares())
      notes_.push_back(
          {fmt::format("{}: its map comes of {} and no Sigmoid: where it leaves 0 to 1, a sigmoid is laid "
                       "over it",
                       options_.file, network_.maker())});
  }

  bool reads_patches() const override { return false; }
  std::vector<Note> notes() const override { return notes_; }

  std::string content(const std::string&) const override {
    if (!content_) content_ = network_.content();
    return *content_;
  }

  Salient find(const SeenPhoto& photo) const override {
    GRAFT_ASSERT(photo.pixels != nullptr);
    auto map = network_.read(*photo.pixels);
    if (map.size(0) != 1 || !map.is_floating_point())
      throw ModelError("saliency", "{} gives {} maps of a photo: expected one, of how salient each place is.",
                       options_.file, map.size(0));
    if (is_activated(map)) map = map.sigmoid();
    // Smooth between places; where the photo has fewer pixels than the map places, each is a mean of several.
    map = at::_upsample_bilinear2d_aa(map.unsqueeze(0), {photo.size.height, photo.size.width}, false);
    return stretched(map.squeeze(0).squeeze(0), options_.least);
  }

 private:
  static const Options& checked(const Options& options) {
    if (options.file.empty()) throw UsageError("saliency", "which network? Name its file, as in model:u2net.onnx.");
    if (!(options.least >= 0 && options.least < 1))
      throw ConfigError("saliency", "least {}: expected from 0 to below 1.", options.least);
    return options;
  }

  bool is_activated(const at::Tensor& map) const {
    if (options_.activation != Activation::automatic) return options_.activation == Activation::sigmoid;
    return !network_.gives_shares() && (map.min().item<double>() < 0 || map.max().item<double>() > 1);
  }

  Options options_;
  models::onnx::PhotoNetwork network_;
  std::vector<Note> notes_;
  mutable std::optional<std::string> content_;
};

}  // namespace

std::vector<std::pair<Activation, std::string>> choices(Activation) {
  return {{Activation::automatic, "auto"}, {Activation::sigmoid, "sigmoid"}, {Activation::none, "none"}};
}

Salient stretched(const at::Tensor& map, double least) {
  constexpr double kFlat = 1e-4;  // less than a grey level apart from end to end
  const double low = map.min().item<double>(), high = map.max().item<double>();
  if (high < least) return {{}, fmt::format("its network is nowhere surer than {:.3g}", high)};
  if (high - low < kFlat) return {{}, "its map is the same everywhere"};
  return {(map - low) / (high - low)};
}

extern const SaliencyEntry entry = {
    .name = "model",
    .summary = "a network of others in an ONNX file (supervised: trained on masks that people drew)",
    .paper = "",
    .alone = "file",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Saliency> {
      return std::make_unique<SupervisedNetwork>(read_options<Options>("model", values));
    },
    .supervised = true,
};

}  // namespace graft::discovery::model
