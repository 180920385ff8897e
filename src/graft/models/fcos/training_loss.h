// What a detector is trained by (Tian et al. 2019, arXiv:1904.01355, as torchvision has it): which place answers for
// which box, and the sum of a focal loss of classes (Lin et al. 2017, arXiv:1708.02002), a generalised-IoU loss of
// boxes (Rezatofighi et al. 2019, arXiv:1902.09630) and the cross-entropy of centre-ness.
//
// The loss of classes is federated: where nobody looked for a class in a photo, it is no mistake to tell it there, and
// nothing is learned of it but at the boxes that are told (as LVIS's federated loss has it, Zhou et al. 2021,
// arXiv:2103.07461, section 3; there classes are drawn, here they are those that the photo's labels are silent of).
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/models/fcos/detector.h"
#include "graft/models/fcos/places.h"

namespace graft::models::fcos {

// What is told of a photo, in pixels of what is read.
struct KnownBoxes {
  at::Tensor boxes;   // [M, 4]
  at::Tensor labels;  // [M] int64
  at::Tensor crowds;  // [C, 4]: regions of many, in which nothing is asked
};

// The box that each place answers for, [N, 5]: its class, -1 for none, -2 where nothing is asked; then the box. A place
// answers for a box that it lies in, less than 1.5 sizes from its centre on either axis, whose furthest side is 4 to 8
// sizes away (of the finest level also less, of the coarsest also more); of several for the smallest.
inline constexpr double kNothing = -1, kNotAsked = -2;
at::Tensor assigned(const Places& places, const KnownBoxes& known);

// Sums over the places of all photos; torchvision divides each by the number of places with a box.
struct LossSums {
  at::Tensor classes, boxes, centres;
};
// targets [B, N, 5] of assigned(); looked_for [B, K] bool: classes whose absence is known too.
LossSums loss_sums(const Answers& answers, const at::Tensor& targets, const at::Tensor& looked_for,
                   const Places& places);

}  // namespace graft::models::fcos
