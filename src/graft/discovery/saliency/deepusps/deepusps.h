// DeepUSPS, after Nguyen, Dax, Mummadi, Ngo, Nguyen, Lou & Brox 2019 (arXiv:1909.13055): what methods without any
// learning find is noise about a truth that they share. For each method a network learns its maps, cut to masks, and
// what it says of its own photos, made to follow edges by a CRF and averaged as it trains, is what the next round
// learns; then one network learns of all methods' refined masks. Departures: the network is a linear head on the
// patches of a frozen ViT, which is what a processor can afford, where the paper trains a DRN that was trained on
// Cityscapes' labels before; the methods are those of the paper's four that are here; each round begins a head anew;
// batches are as large as they are said to be, where the released code takes a step a photo.
#pragma once

#include <string>

#include "graft/discovery/saliency/patch_head.h"
#include "graft/discovery/saliency/saliency.h"

namespace graft::discovery::deepusps {

struct Options {
  std::string of = "rbd+mc";
  int64_t rounds = 3;
  int64_t averaged = 5;
  int64_t steps = 50;
  int64_t fusion = 500;
  double rate = 1e-2;
  double memory = 0.7;
  int64_t photos = 500;
  int64_t seed = 1;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("of", o.of, "methods whose maps it begins with, joined by +: rbd, mc");
  visit("rounds", o.rounds, "in which a method's masks are refined");
  visit("averaged", o.averaged, "answers of a round whose moving average the next one learns");
  visit("steps", o.steps, "of training before each answer");
  visit("fusion", o.fusion, "steps on all methods' refined masks together");
  visit("rate", o.rate, "learning rate");
  visit("memory", o.memory, "share of what was said before in the moving average of answers");
  visit("photos", o.photos, "most photos that it learns of, drawn at random: their patches are held in memory");
  visit("seed", o.seed, "of its first weights and of the order of photos");
}

// The paper's loss of a photo: 1 - F of its patches with counts made continuous, F = (1 + beta2) P R / (beta2 P + R), P
// = sum(p t) / sum(p), R = sum(p t) / sum(t). probability p and target t [N]; t holds something.
at::Tensor f_measure_loss(const at::Tensor& probability, const at::Tensor& target, double beta2);

extern const SaliencyEntry entry;

}  // namespace graft::discovery::deepusps
