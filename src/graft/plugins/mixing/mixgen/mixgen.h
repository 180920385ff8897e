// MixGen, after Hao et al. 2023 (arXiv:2206.08358): of photos with captions two photos are laid over each other, half
// of each, and their captions are joined to one. The authors' code mixes the first M pairs of a batch with the next M
// and leaves these in the batch (sources=kept): a contrastive loss then calls a joined caption and a photo that is half
// in it a false pair. By default the mixed pairs take both their sources' place, and the batch has M pairs less.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/plugins/mixing/mixing.h"

namespace graft::plugins::mixgen {

enum class Photos { blended, cut, own };
std::vector<std::pair<Photos, std::string>> choices(Photos);
enum class Texts { joined, own };
std::vector<std::pair<Texts, std::string>> choices(Texts);
enum class Sources { replaced, kept };
std::vector<std::pair<Sources, std::string>> choices(Sources);

struct Options {
  double share = 0.25;  // the authors' 16 of 64
  double lambda = 0.5;
  Photos photos = Photos::blended;
  Texts texts = Texts::joined;
  Sources sources = Sources::replaced;
  std::optional<double> prob = {};
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("share", o.share, "how many mixed pairs a batch gets, as a share of it: at most a half");
  visit("lambda", o.lambda, "how much of the first photo is kept");
  visit(
      "photos", o.photos,
      "laid over each other, or a box of one cut into the other (CutMixGen), or the first alone: texts are mixed only");
  visit("texts", o.texts, "joined, or the first alone: photos are mixed only");
  visit("sources", o.sources,
        "the pairs that were mixed: replaced by the mixed one, or the second kept beside it as in the authors' code");
  visit("prob", o.prob, "share of the batches that are mixed by it (default: all that others leave)");
}

extern const MixingEntry entry;

}  // namespace graft::plugins::mixgen
