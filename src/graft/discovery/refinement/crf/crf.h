// A fully connected conditional random field of two labels, Krähenbühl & Koltun 2011 (arXiv:1210.5644): mean-field
// steps with a Gaussian over place and colour and one over place alone, Potts' model, kernels normalised on both sides
// as their program does it; each step is a filtering on the permutohedral lattice.
#pragma once

#include <vector>

#include "graft/discovery/refinement/refinement.h"

namespace graft::discovery::crf {

struct Options {
  double appearance = 10;
  double theta_alpha = 80;
  double theta_beta = 13;
  double smoothness = 3;
  double theta_gamma = 3;
  double confidence = 0.9;
  int64_t iterations = 5;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("appearance", o.appearance, "weight of the Gaussian over place and colour");
  visit("theta-alpha", o.theta_alpha, "its deviation in pixels");
  visit("theta-beta", o.theta_beta, "its deviation in colour, of 255");
  visit("smoothness", o.smoothness, "weight of the Gaussian over place");
  visit("theta-gamma", o.theta_gamma, "its deviation in pixels");
  visit("confidence", o.confidence,
        "probability of the object where the map is 1, and of the background where it is 0");
  visit("iterations", o.iterations, "steps of mean field");
}

// The points that the two Gaussians see, in units of their deviations: places and colours [N * 5], places [N * 2].
std::vector<double> appearance_features(const data::Image& photo, const Options& options);
std::vector<double> smoothness_features(const data::Image& photo, const Options& options);

extern const RefinementEntry entry;

}  // namespace graft::discovery::crf
