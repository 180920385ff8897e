// Bottleneck adapters: up(act(down(.))) added to what a sub-layer computes. Four variants:
//   houlsby          after attention and after the MLP, exact GELU; trains the layer norms too (Houlsby et al. 2019,
//                    arXiv:1902.00751)
//   pfeiffer         after the MLP alone, ReLU (Pfeiffer et al. 2021, arXiv:2005.00247)
//   parallel         beside the MLP, ReLU: reads its input (He et al. 2022, arXiv:2110.04366, table 1)
//   scaled-parallel  the same, times a fixed s (He et al., sec. 4.6)
// The papers' models norm after the residual add (post-norm), as BERT does: there the adapters are at the papers' own
// places, pfeiffer's behind the add and the norm that follow the MLP, x + h + up(act(down(norm(x + h)))), after which
// the same norm comes again. Where a model norms first, as a ViT, what is adapted is the sub-layer's output before it
// is added, LayerScale included, with the adapter's own skip around it; a parallel adapter reads what the frozen MLP
// reads, the normed stream (--input stream: the stream itself).
#pragma once

#include <optional>

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/methods/places.h"
#include "graft/nn/insert.h"

namespace graft::methods::adapter {

enum class Variant { houlsby, pfeiffer, parallel, scaled_parallel };
enum class Init { houlsby, bert, lora };
enum class Input { norm, stream };
std::vector<std::pair<Variant, std::string>> choices(Variant);
std::vector<std::pair<Init, std::string>> choices(Init);
std::vector<std::pair<Input, std::string>> choices(Input);

struct Options {
  Variant variant = Variant::houlsby;
  std::optional<int64_t> bottleneck;
  std::optional<Init> init;
  double init_std = 1e-3;
  std::optional<double> scale;
  Input input = Input::norm;
  double dropout = 0;
  Towers tower = Towers::reader;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("variant", o.variant, "where the adapters sit and how they start");
  visit("bottleneck", o.bottleneck, "inner width (not set: houlsby 64, pfeiffer width/16, parallel width/2)");
  visit("init", o.init,
        "houlsby: both maps normal, cut at two deviations; bert: N(0, 0.02^2); lora: the upper map zero (not set: the "
        "variant's own; pfeiffer has bert, parallel lora)");
  visit("init-std", o.init_std, "deviation of init houlsby: 1e-3 in the authors' code, 1e-2 in their paper");
  visit("scale", o.scale, "what the branch is multiplied by (not set: scaled-parallel 4, else 1)");
  visit("input", o.input, "parallel: reads the normed stream, or the stream");
  visit("dropout", o.dropout, "share of the inner numbers dropped in training");
  visit("tower", o.tower, "where: the tower that reads the examples, the image tower, the text tower, or both");
}

// One adapter. With x the sub-layer's input and h = frozen(x), the change that will be added to the stream is
// h + s up(act(down(h))), or h + s up(act(down(x))) where it is parallel, or h + s up(act(down(norm(x + h)))).
class Bottleneck final : public nn::Insert {
 public:
  struct Shape {
    int64_t width = 0;
    int64_t inner = 0;
    bool parallel = false;
    bool reads_norm = true;
    bool reads_sum = false;  // of a post-norm block, the normed sum
    bool gelu = false;       // else ReLU
    double scale = 1;
    double dropout = 0;
  };
  Bottleneck(const Shape& shape, Init init, double init_std, Random& random);

  // x [B, T, D] -> [B, T, D]
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  nn::Form form() const override;

 private:
  at::Tensor branch(const at::Tensor& x, const nn::Context& context) const;

  Shape shape_;
  at::Tensor down_weight_, down_bias_;  // [r, D], [r]
  at::Tensor up_weight_, up_bias_;      // [D, r], [D]
};

extern const Entry entry;

}  // namespace graft::methods::adapter
