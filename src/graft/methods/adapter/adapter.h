// Bottleneck adapters: up(act(down(.))) added to what a sub-layer computes. A variant is a point of the design space of
// He et al. 2022 (arXiv:2110.04366, sec. 4: form, place, composition), with how it starts; each option changes one:
//   houlsby          after attention and after the MLP, exact GELU; trains the layer norms too (Houlsby et al. 2019,
//                    arXiv:1902.00751)
//   pfeiffer         after the MLP alone, ReLU (Pfeiffer et al. 2021, arXiv:2005.00247)
//   parallel         beside the MLP, ReLU: reads its input (He et al., table 1)
//   scaled-parallel  the same, times a fixed s (He et al., sec. 4.6)
//   adaptformer      beside the MLP, times 0.1, with dropout (Chen et al. 2022, arXiv:2205.13535). As in the authors'
//                    code it reads the stream; their eq. 3 has the normed one (--input norm)
//   adapter-plus     behind the MLP and its residual add, exact GELU, a learned scale a channel, stochastic depth
//                    (Steitz & Roth 2024, arXiv:2406.06820)
//   compacter        as houlsby, its maps sums of Kronecker products with one small rule for all of them (Karimi
//                    Mahabadi et al. 2021, arXiv:2106.04647); Compacter++ is it with --place feed-forward
// The papers' models norm after the residual add (post-norm), as BERT does: there the adapters are at the papers' own
// places, pfeiffer's behind the add and the norm that follow the MLP, x + h + up(act(down(norm(x + h)))), after which
// the same norm comes again. Where a model norms first, as a ViT, what is adapted is the sub-layer's output before it
// is added, LayerScale included, with the adapter's own skip around it; a parallel adapter reads what the frozen MLP
// reads, the normed stream (--input stream: the stream itself).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/methods/adapter/phm.h"
#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/methods/places.h"
#include "graft/nn/insert.h"

namespace graft::methods::adapter {

enum class Variant { houlsby, pfeiffer, parallel, scaled_parallel, adaptformer, adapter_plus, compacter };
enum class Form { sequential, parallel };
enum class Where { attention, feed_forward, both };
enum class Composition { add, learned, channel, gated };
enum class Activation { relu, gelu };
enum class Init { houlsby, bert, lora };
enum class Input { norm, stream, sum };
std::vector<std::pair<Variant, std::string>> choices(Variant);
std::vector<std::pair<Form, std::string>> choices(Form);
std::vector<std::pair<Where, std::string>> choices(Where);
std::vector<std::pair<Composition, std::string>> choices(Composition);
std::vector<std::pair<Activation, std::string>> choices(Activation);
std::vector<std::pair<Init, std::string>> choices(Init);
std::vector<std::pair<Input, std::string>> choices(Input);

struct Options {
  Variant variant = Variant::houlsby;
  std::optional<Form> form;
  std::optional<Where> place;
  std::optional<Composition> composition;
  std::optional<int64_t> bottleneck;
  std::optional<Activation> activation;
  std::optional<Init> init;
  std::optional<double> init_std;
  std::optional<double> scale;
  std::optional<Input> input;
  std::optional<double> dropout;
  std::optional<double> drop_path;
  std::optional<int64_t> phm;
  Towers tower = Towers::reader;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("variant", o.variant, "a published design; what is not set below is as it has it");
  visit("form", o.form, "sequential: reads what the sub-layer gives; parallel: what the sub-layer reads");
  visit("place", o.place, "which sub-layers have one");
  visit(
      "composition", o.composition,
      "how the branch d meets the sub-layer's output h: h + s d with s as --scale has it (add), learned, or learned a "
      "channel; gated: (1 - g) h + g d with a learned g of each position");
  visit("bottleneck", o.bottleneck,
        "inner width (not set: houlsby and adaptformer 64, pfeiffer width/16, parallel width/2, adapter-plus 8, "
        "compacter "
        "width/32)");
  visit("nonlinearity", o.activation,
        "between the two maps (not set: houlsby, adapter-plus and compacter gelu, else relu)");
  visit("init", o.init,
        "houlsby: both maps normal, cut at two deviations; bert: N(0, 0.02^2); lora: the upper map zero (not set: the "
        "variant's own; pfeiffer has bert, parallel and adaptformer lora)");
  visit("init-std", o.init_std,
        "deviation of init houlsby (not set: 1e-3, as in the authors' code; adapter-plus 1e-2, as in their paper)");
  visit(
      "scale", o.scale,
      "what the branch is multiplied by, or where a learned scale starts (not set: scaled-parallel 4, adaptformer 0.1, "
      "else 1)");
  visit("input", o.input,
        "parallel: reads the normed stream, or the stream; sequential: sum is the stream with the sub-layer's output "
        "added "
        "(not set: adaptformer stream, adapter-plus sum, else norm)");
  visit("dropout", o.dropout, "share of the inner numbers dropped in training (not set: adaptformer 0.1, else 0)");
  visit("drop-path", o.drop_path,
        "probability that a branch is left out for an example in training (not set: adapter-plus 0.1, else 0)");
  visit("phm", o.phm,
        "maps as sums of so many Kronecker products, of rank 1 each; 0: whole maps (not set: compacter 4, else 0)");
  visit("tower", o.tower, "where: the tower that reads the examples, the image tower, the text tower, or both");
}

// One adapter. With x the sub-layer's input and h = frozen(x), the change that will be added to the stream is
// h + s up(act(down(h))), or h + s up(act(down(x))) where it is parallel, or h + s up(act(down(norm(x + h)))), or
// h + s up(act(down(x + h))); s a number, or [1] or [D] that trains. Gated it is (1 - g) h + g s up(act(down(.))) with
// g = sigmoid(. w + b), near 0 at the start: w is 0 and b -4 (ours; He et al. give the form, eq. 8, for prefixes).
class Bottleneck final : public nn::Insert {
 public:
  struct Shape {
    int64_t width = 0;
    int64_t inner = 0;
    bool parallel = false;
    bool reads_norm = true;
    bool reads_sum = false;        // of a post-norm block, the normed sum
    bool reads_plain_sum = false;  // x + h, in any block
    bool gelu = false;             // else ReLU
    Composition composition = Composition::add;
    double scale = 1;
    double dropout = 0;
    double drop_path = 0;
  };
  // `rule`: of maps as of PHM, the one that all share; absent: whole maps.
  Bottleneck(const Shape& shape, Init init, double init_std, Random& random, const SharedRule& rule = {});

  // x [B, T, D] -> [B, T, D]
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  nn::Form form() const override;

 private:
  at::Tensor down_weight() const;  // [r, D]
  at::Tensor up_weight() const;    // [D, r]
  at::Tensor scaled(const at::Tensor& branch) const;
  at::Tensor branch(const at::Tensor& read, const nn::Context& context) const;
  at::Tensor composed(const at::Tensor& h, const at::Tensor& read, const nn::Context& context) const;

  Shape shape_;
  at::Tensor down_weight_, down_bias_;  // [r, D], [r]; the weights undefined where they are of PHM
  at::Tensor up_weight_, up_bias_;      // [D, r], [D]
  std::shared_ptr<Phm> down_, up_;
  at::Tensor scale_;                    // [1] or [D], or undefined
  at::Tensor gate_weight_, gate_bias_;  // [1, D], [1], or undefined
};

extern const Entry entry;

}  // namespace graft::methods::adapter
