// What a lone checkpoint does not say of itself and its user knows: `--activation quick_gelu --mean 0.5`. It fills
// gaps: where a file beside the weights says otherwise it is refused.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/options.h"
#include "graft/data/dataset.h"
#include "graft/data/transforms.h"
#include "graft/models/text_pooling.h"
#include "graft/tensor/activation_names.h"

namespace graft::models {

// What an image model is made into before it is used.
enum class Inflate {
  i3d,          // its convolutions get a temporal extent (Carreira & Zisserman 2017, arXiv:1705.07750)
  timesformer,  // its blocks get an attention over time (Bertasius et al. 2021, arXiv:2102.05095)
};
std::vector<std::pair<Inflate, std::string>> choices(Inflate);

// What is put behind the maps of a model of photos, with weights of its own that are to be trained.
enum class Decoder { deeplabv3 };  // Chen et al. 2017, arXiv:1706.05587
std::vector<std::pair<Decoder, std::string>> choices(Decoder);
inline constexpr const char* kRandomAttention = "random";

struct Told {
  std::optional<tensor::Activation> activation = {};
  std::optional<int64_t> heads = {};
  std::optional<int64_t> text_heads = {};
  std::string mean = {};  // three numbers, or one for all channels
  std::string std = {};
  std::optional<data::Filter> interpolation = {};
  std::optional<TextPooling> pooling = {};
  std::optional<bool> truncate = {};  // of texts
  std::optional<data::Reads> reads = {};
  std::optional<Inflate> inflate = {};
  std::optional<int64_t> inflate_frames = {};  // of a clip
  std::optional<Decoder> decoder = {};
  std::optional<int64_t> output_stride = {};  // of a ResNet's last maps
  std::string attention_from = {};            // a model, or kRandomAttention; empty: its own
};
template <class Visitor>
void fields(Visitor& visit, Told& o) {
  visit("activation", o.activation,
        "of the blocks, where the files do not say it: a lone CLIP of OpenAI's has quick_gelu");
  visit(
      "heads", o.heads,
      "attention heads of the image tower, or of a text encoder, where the files do not say it (default: width / 64)");
  visit("text-heads", o.text_heads, "attention heads of the text tower, likewise");
  visit("mean", o.mean, "r,g,b that pixels from 0 to 1 are centred by, where the files do not say it");
  visit("std", o.std, "r,g,b that they are then divided by, likewise");
  visit("interpolation", o.interpolation, "how photos are resized, where the files do not say it");
  visit("pooling", o.pooling, "how a text's tokens become one row, where the files do not say it");
  visit("truncate", o.truncate, "cut class prompts that are too long for the text tower, instead of an error");
  visit("reads", o.reads,
        "what a model of two towers reads: photo, or text with its text tower alone (default: photo)");
  visit("inflate", o.inflate,
        "make a network of clips of a model of photos: i3d of a ResNet, timesformer of a ViT (default: as it is)");
  visit("inflate-frames", o.inflate_frames, "frames of a clip that a timesformer is made for (default: 8)");
  visit("decoder", o.decoder, "put a new module behind a ResNet's maps, for masks: deeplabv3 (default: none)");
  visit("output-stride", o.output_stride,
        "of a ResNet, pixels of a photo to one of its last maps: 32, or dilated to 16 or 8 (default: the model's own; "
        "8 of "
        "deeplabv3)");
  visit("attention-from", o.attention_from,
        "give the blocks the attention of another model, of a CLIP its text tower's: a folder, a file or org/name of "
        "the same width and heads; random: drawn numbers (default: its own)");
}

// Three numbers, or one for all channels; ConfigError for anything else.
std::array<float, 3> parse_channels(const std::string& option, const std::string& text);

// What one tower computes beside its tensors, as its files say, as it had to be assumed, or as the user said.
struct TowerReading {
  int64_t heads = 0;
  tensor::Activation activation = tensor::Activation::gelu;
  double eps = 1e-6;          // of its norms
  int64_t output_stride = 0;  // of a ResNet's maps, where it is dilated; 0: it is not
};

// `reading` with what was told. `file` says it already (empty: none does); ConfigError if it says otherwise.
TowerReading with_told(TowerReading reading, const Told& told, const std::optional<int64_t>& heads,
                       const std::string& file);
data::Preprocessing with_told(data::Preprocessing preprocessing, const Told& told, const std::string& file);

}  // namespace graft::models
