// A network out of an ONNX file that reads one photo and gives a map of it: a number, or a class's score, a place. A
// file says how large its input is, at most; how a photo becomes that input is told by options, and what is taken for
// granted is a note.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/log.h"
#include "graft/data/resize.h"
#include "graft/models/onnx/network.h"

namespace graft::models::onnx {

enum class Fit {
  stretch,  // the photo becomes the input's size, whatever its shape
  pad,      // it fits in, as large as it may be and in the middle; black lies around it
};
std::vector<std::pair<Fit, std::string>> choices(Fit);

struct PhotoOptions {
  int64_t side = 0;
  Fit fit = Fit::stretch;
  std::string mean, std;
  std::string map;
};
template <class Visitor>
void fields(Visitor& visit, PhotoOptions& o) {
  visit("side", o.side, "height and width of what the network reads, in pixels; 0: as its file says");
  visit("fit", o.fit, "how a photo becomes that: stretch both sides, or pad what is left around it");
  visit("mean", o.mean,
        "taken from colours of 0 to 1: one number, or red:green:blue (default: ImageNet's 0.485:0.456:0.406)");
  visit("std", o.std, "what they are divided by then (default: ImageNet's 0.229:0.224:0.225)");
  visit("map", o.map, "name of the graph's output that is the map (default: its first)");
}

class PhotoNetwork {
 public:
  // Beside Network's own errors: ConfigError for options that are none or do not suit the file, ModelError for a graph
  // that reads more than one photo [1, 3, height, width].
  PhotoNetwork(const std::filesystem::path& file, PhotoOptions options);

  // [C, h, w]: over the whole photo, on the network's own grid. float32; or int64 where the graph gives classes.
  // ModelError for an output of another shape and for numbers that are not finite.
  at::Tensor read(const data::Image& photo) const;
  // [1, 3, height, width] float32: what the network reads of a photo.
  at::Tensor input_of(const data::Image& photo) const;

  const Network& network() const { return network_; }
  // Sigmoid, Softmax and the like: the output is shares of 1 already.
  bool gives_shares() const;
  std::string maker() const;  // in words: "a Sigmoid"
  const std::vector<Note>& notes() const { return notes_; }
  std::string content() const;  // a hash of the file, and of those beside it that its tensors lie in

 private:
  data::Rect place_of(const data::Image& photo) const;  // in the input

  PhotoOptions options_;
  std::vector<std::filesystem::path> files_;
  Network network_;
  data::Size size_;
  std::array<float, 3> mean_, std_;
  std::vector<Note> notes_;
};

}  // namespace graft::models::onnx
