// Non-local blocks, after Wang et al. 2018 (arXiv:1711.07971), eq. 1 to 6: z_i = W y_i + x_i, y_i the mean of g(x_j)
// over all positions j of a map, weighed by how x_i and x_j go together. Behind W a batch norm whose scale starts at
// zero (section 4.1), so that the block starts as if it were not there. Over the positions of one photo, or of one
// frame of a clip: space alone. Initial maps N(0, 0.01²), biases 0, as in the authors' code, but no bias where it would
// change nothing: of what a softmax compares with, and before the batch norm.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/plugins/blocks/block.h"

namespace graft::plugins::nonlocal {

enum class Form { embedded, gaussian, dot, concatenation };  // eq. 3, 2, 4, 5
std::vector<std::pair<Form, std::string>> choices(Form);

enum class Norm { batch, none };
std::vector<std::pair<Norm, std::string>> choices(Norm);

struct Options {
  std::string at;
  Form form = Form::embedded;
  std::optional<int64_t> width = {};
  bool pool = false;
  bool scale = false;
  Norm norm = Norm::batch;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("at", o.at, kAtHelp);
  visit("form", o.form,
        "how two positions are weighed: a softmax of the products of their embeddings, or of the positions themselves; "
        "the products by themselves; or a learned sum of both embeddings");
  visit("width", o.width, "channels of the embeddings (default: half of the map's)");
  visit("pool", o.pool, "compare each position with the largest of each 2 x 2 positions: a quarter of the work");
  visit("scale", o.scale,
        "softmax: divide products by the square root of the width, as the authors' code does and the paper does not");
  visit("norm", o.norm,
        "behind the last map a batch norm that starts at zero; with none that map itself starts at zero");
}

// Behind every other block of the second and of the third group of blocks of one width; of a third with more than 7
// blocks behind three, evenly spread: the 5 of the paper for ResNet-50, and 5 for ResNet-101.
std::vector<size_t> usual_places(const std::vector<int64_t>& widths);

extern const BlockEntry entry;

}  // namespace graft::plugins::nonlocal
