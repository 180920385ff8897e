#include "graft/models/fcos/detector.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/models/fcos/suppression.h"
#include "graft/models/resnet/resnet_reader.h"
#include "graft/models/resnet/resnet_shape.h"
#include "graft/models/unwrap.h"

namespace graft::models::fcos {
namespace {

constexpr const char* kNetwork = "backbone.body.";
constexpr size_t kNetworkStages = 4;
constexpr const char* kHeadStream = "detector";  // of random numbers

struct Network {
  std::shared_ptr<Model> model;
  std::array<nn::Place, kStages> stages;
  std::array<int64_t, kStages> widths;
};

// `prefix`: before the network's names.
Network read_network(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options,
                     const std::string& prefix) {
  const auto shape = resnet::shape_of(CheckpointReader(weights, prefix), weights.name());
  if (shape.depths.size() != kNetworkStages || shape.over_time || shape.cifar) {
    throw ModelError("fcos",
                     "{}: a pyramid reads the last three of a ResNet's four stages, and this is another network.",
                     weights.name());
  }
  Network network;
  network.model = resnet::read_resnet(folder, weights, options,
                                      {.prefix = prefix,
                                       .written_prefix = prefix.empty() ? kNetwork : "",
                                       .ignored = prefix.empty() ? std::vector<std::string>{"fc.*"}
                                                                 : std::vector<std::string>{"backbone.fpn.*", "head.*"},
                                       .family = "resnet",
                                       .described = "FCOS on "});
  nn::Place place = 1;
  for (size_t s = 0; s < kNetworkStages; ++s) {
    place += shape.depths[s];
    if (s == 0) continue;
    network.stages[s - 1] = place;
    network.widths[s - 1] = network.model->reader().width(place);
  }
  return network;
}

// A detector's tensors, or else a ResNet's: one could be taken for the other, which stands in it.
io::Weights opened(const io::ModelFolder& folder) {
  const auto weights = folder.open();
  const auto detector = unwrap(weights, is_detector).weights;
  return is_detector(detector) ? detector : unwrap(weights, resnet::is_resnet).weights;
}

at::Tensor flat(const std::vector<PyramidHead::Level>& levels, at::Tensor PyramidHead::Level::*part) {
  std::vector<at::Tensor> rows;
  for (const auto& level : levels)
    rows.push_back((level.*part).permute({0, 2, 3, 1}).flatten(1, 2));
  return at::cat(rows, 1);
}

}  // namespace

Detector::Detector(std::shared_ptr<Model> network, std::shared_ptr<PyramidHead> head,
                   std::array<nn::Place, kStages> stages, std::vector<Origin> origins)
    : network_(std::move(network)), head_(std::move(head)), stages_(stages), origins_(std::move(origins)) {}

Answers Detector::answer(const at::Tensor& pixels, nn::Context& context) const {
  const auto& tower = network_->reader();
  nn::Value value{pixels};
  nn::Place at = 0;
  std::array<at::Tensor, kStages> maps;
  for (size_t s = 0; s < kStages; ++s) {
    value = tower.run(std::move(value), at, stages_[s], context);
    at = stages_[s];
    maps[s] = tower.map(value, at);
  }
  const auto levels = head_->levels(maps);
  return {flat(levels, &PyramidHead::Level::logits), flat(levels, &PyramidHead::Level::offsets),
          flat(levels, &PyramidHead::Level::centres).squeeze(2)};
}

Told told_of(const Answers& answers, int64_t example, const Places& places, data::Size read, const Telling& telling) {
  const auto scores =
      (at::sigmoid(answers.logits[example]) * at::sigmoid(answers.centres[example]).unsqueeze(1)).sqrt();  // [N, K]
  const auto all = boxes_at(places, answers.offsets[example]);
  const auto classes = scores.size(1);
  std::vector<at::Tensor> boxes, sure, labels;
  int64_t begin = 0;
  for (const auto count : places.counts) {
    const auto of_level = scores.narrow(0, begin, count).flatten();
    const auto candidates = of_level.gt(telling.least_score).nonzero().squeeze(1);
    const auto most = std::min(candidates.size(0), telling.most_a_level);
    const auto [best, which] = of_level.index_select(0, candidates).topk(most);
    const auto chosen = candidates.index_select(0, which);
    boxes.push_back(all.narrow(0, begin, count).index_select(0, chosen.floor_divide(classes)));
    sure.push_back(best);
    labels.push_back(chosen.remainder(classes));
    begin += count;
  }
  auto box = at::cat(boxes);
  const auto x = box.slice(1, 0, 4, 2).clamp(0, read.width), y = box.slice(1, 1, 4, 2).clamp(0, read.height);
  box = at::stack({x.select(1, 0), y.select(1, 0), x.select(1, 1), y.select(1, 1)}, 1);
  const auto score = at::cat(sure), label = at::cat(labels);
  auto kept = suppressed_by_class(box, score, label, telling.overlap);
  kept = kept.narrow(0, 0, std::min(kept.size(0), telling.most));
  return {box.index_select(0, kept), score.index_select(0, kept), label.index_select(0, kept)};
}

Told Detector::tell(const io::Image& photo, const PhotoFit& fit, const Telling& telling) const {
  const torch::NoGradGuard no_grad;
  const auto fitted_photo = fitted(photo, fit);
  const auto size = padded(fitted_photo.read);
  nn::Context context;
  const auto answers = answer(in_zeros(fitted_photo.pixels, size).unsqueeze(0), context);
  auto told = told_of(answers, 0, places_of(size), fitted_photo.read, telling);
  const float wider = static_cast<float>(fitted_photo.own.width) / static_cast<float>(fitted_photo.read.width);
  const float higher = static_cast<float>(fitted_photo.own.height) / static_cast<float>(fitted_photo.read.height);
  told.boxes.slice(1, 0, 4, 2).mul_(wider);
  told.boxes.slice(1, 1, 4, 2).mul_(higher);
  return told;
}

Detector Detector::with_classes(const std::vector<std::optional<int64_t>>& rows, uint64_t seed) const {
  auto shape = head_->shape();
  shape.classes = static_cast<int64_t>(rows.size());
  const auto own = head_->named_parameters();
  const Random random = Random(seed).fork(kHeadStream);
  auto head = std::make_shared<PyramidHead>(
      shape,
      [&](const auto& ours, const auto& theirs, auto of) {
        const auto mine = own[ours].detach();
        if (!of_classes(ours)) return mine.clone();
        auto all = drawn(theirs, of, random);
        for (size_t k = 0; k < rows.size(); ++k)
          if (rows[k]) all[static_cast<int64_t>(k)].copy_(mine[*rows[k]]);
        return all;
      },
      /*old_names=*/false);
  auto origins = origins_;
  for (auto& origin : origins)
    if (of_classes(origin.ours)) origin.shape.front() = origin.rows = shape.classes;
  return {network_, std::move(head), stages_, std::move(origins)};
}

nn::NamedTensors Detector::to_checkpoint() const {
  auto tensors = network_->to_checkpoint();
  nn::NamedTensors own;
  for (const auto& parameter : head_->named_parameters())
    own[parameter.key()] = parameter.value();
  for (auto& [name, tensor] : models::to_checkpoint(origins_, own))
    tensors[name] = tensor;
  return tensors;
}

bool is_detector(const io::Weights& weights) {
  const auto& tensors = weights.tensors();
  return tensors.contains("backbone.body.bn1.weight") && tensors.contains("head.regression_head.bbox_ctrness.weight");
}

Detector read_detector(const io::ModelFolder& folder, const LoadOptions& options) {
  const auto weights = opened(folder);
  if (!is_detector(weights)) {
    throw ModelError("fcos",
                     "{} has none of the names that torchvision's FCOS goes by "
                     "(head.regression_head.bbox_ctrness.weight).",
                     weights.name());
  }
  auto network = read_network(folder, weights, options, kNetwork);
  CheckpointReader reader(weights);
  const bool old_names = has_old_names(reader);
  auto head = std::make_shared<PyramidHead>(
      shape_of(reader, network.widths, old_names),
      [&](const auto& ours, const auto& theirs, auto shape) { return reader.take(ours, theirs, std::move(shape)); },
      old_names);
  reader.ignore({std::string(kNetwork) + "*"});
  return {std::move(network.model), std::move(head), network.stages, reader.finish("FCOS (torchvision)")};
}

Detector new_detector(const io::ModelFolder& folder, const LoadOptions& options, HeadShape shape, uint64_t seed) {
  if (shape.width < 32 || shape.width % 32 != 0)
    throw ConfigError("detect", "--width {}: expected a multiple of 32, the groups of its norms.", shape.width);
  if (shape.convolutions < 0 || shape.convolutions > 8)
    throw ConfigError("detect", "--convolutions {}: expected 0 to 8.", shape.convolutions);
  const auto weights = opened(folder);
  auto network = read_network(folder, weights, options, is_detector(weights) ? kNetwork : "");
  shape.inputs = network.widths;
  CheckpointReader reader(weights);
  const Random random = Random(seed).fork(kHeadStream);
  auto head = std::make_shared<PyramidHead>(
      shape,
      [&](const auto& ours, const auto& theirs, auto of) {
        return reader.make(ours, theirs, drawn(theirs, of, random));
      },
      /*old_names=*/false);
  reader.ignore({"*"});
  return {std::move(network.model), std::move(head), network.stages, reader.finish("FCOS")};
}

}  // namespace graft::models::fcos
