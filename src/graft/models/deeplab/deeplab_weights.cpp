// torchvision's DeepLabv3 on a ResNet: backbone.*, classifier.0 to .2 (the pyramid), classifier.4 (its classes), and
// what is left aside, aux_classifier.*, a second classifier that only training knows. Photos are squashed to 520
// pixels, as torchvision resizes their shorter side, where --image-size says nothing.
#include "graft/models/deeplab/deeplab.h"

#include "graft/core/error.h"
#include "graft/models/deeplab/atrous_pyramid.h"
#include "graft/models/resnet/resnet_reader.h"

namespace graft::models::deeplab {
namespace {

constexpr int64_t kPixels = 520, kOutputStride = 8;  // torchvision's
constexpr const char* kClasses = "classifier.4.";

bool recognises(const io::ModelFolder&, const io::Weights& weights) {
  const auto& tensors = weights.tensors();
  return tensors.contains("backbone.bn1.weight") && tensors.contains("backbone.layer1.0.bn1.weight") &&
         tensors.contains("classifier.0.convs.0.1.weight");
}

std::unique_ptr<Model> load(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options) {
  if (options.told.decoder) {
    throw ConfigError("model", "--decoder {}: {} has one. Leave it out.", option::print(*options.told.decoder),
                      folder.path.string());
  }
  const auto stride = resnet::checked_output_stride(options.told.output_stride.value_or(kOutputStride));
  auto model = resnet::read_resnet(
      folder, weights, options,
      {.prefix = "backbone.",
       .output_stride = stride,
       .behind = [&](CheckpointReader& reader, const std::string& ours, int64_t inputs) -> std::shared_ptr<MapBlock> {
         return read_pyramid(reader, ours, "classifier.", inputs, stride);
       },
       .ignored = {std::string(kClasses) + "*", "aux_classifier.*"},
       .family = family.name,
       .described = "DeepLabv3 ",
       .pixels = kPixels});
  const std::string weight = std::string(kClasses) + "weight", bias = std::string(kClasses) + "bias";
  if (const auto* own = weights.find(weight); own && weights.find(bias)) {
    const auto classes = to_float(*own);
    model->give(Model::PixelClasses{classes.flatten(1), to_float(*weights.find(bias))});
  }
  return model;
}

}  // namespace

std::unique_ptr<Model> behind_resnet(const io::ModelFolder& folder, const io::Weights& weights,
                                     const LoadOptions& options) {
  const auto stride = resnet::checked_output_stride(options.told.output_stride.value_or(kOutputStride));
  auto model = resnet::read_resnet(
      folder, weights, options,
      {.output_stride = stride,
       .behind = [&](CheckpointReader& reader, const std::string& ours, int64_t inputs) -> std::shared_ptr<MapBlock> {
         return new_pyramid(reader, ours, "classifier.", inputs, stride);
       },
       .written_prefix = "backbone.",
       .family = "resnet",
       .described = "DeepLabv3 "});
  model->add_notes({{"the context module of DeepLabv3 is new: --method full trains it"}});
  return model;
}

extern const Family family = {"deeplab", "images alone, for masks: DeepLabv3 on a ResNet", "torchvision", recognises,
                              load};

}  // namespace graft::models::deeplab
