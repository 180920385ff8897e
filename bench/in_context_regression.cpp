// What can a transformer learn in context? Linear regression, as Garg et al. 2022 (arXiv:2208.01066) ask it: a prompt
// is x1 y1 x2 y2 ..., with y = w x + noise and a w of its own, x, w ~ N(0, I); a decoder of nn's blocks that was
// trained on such prompts tells each y from what stands before it. Beside it stand ridge regression, with the noise's
// variance as its weight (no other predictor has a smaller expected error), and least squares (of smallest norm). A
// line a number of examples k: the mean squared error to w x by the number of dimensions, so that 1 is what knowing
// nothing costs; and by how much the decoder's exceeds ridge's, with an interval over test prompts.
//
//   bench_in_context_regression [--dims 5] [--points 11] [--noise 0.5] [--width 64] [--depth 3] [--heads 4]
//       [--steps 4000] [--batch 32] [--lr 0.001] [--tests 2000] [--seed 1] [--threads 1]
//
// Unlike there: rotary positions, gated maps and root-mean-square norms (the house's decoder), and a mark on each token
// that says whether it is an x or a y. As there the dimensions in use grow over the first half of training.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "graft/models/decoder/decoder.h"
#include "graft/models/decoder/initial_weights.h"
#include "graft/models/model.h"
#include "graft/train/optimizer.h"
#include "measure.h"

namespace {

using namespace graft;

struct Options {
  int64_t dims = 5, points = 11, width = 64, depth = 3, heads = 4, steps = 4000, batch = 32, tests = 2000, seed = 1,
          threads = 1;
  double noise = 0.5, lr = 1e-3;
};
template <class Visit>
void fields(Visit& visit, Options& o) {
  visit("dims", o.dims, "of x");
  visit("points", o.points, "pairs in a prompt");
  visit("width", o.width, "of the decoder");
  visit("depth", o.depth, "its blocks");
  visit("heads", o.heads, "of attention");
  visit("steps", o.steps, "of training");
  visit("batch", o.batch, "prompts a step, all new");
  visit("tests", o.tests, "prompts of the test");
  visit("seed", o.seed, "of weights and prompts");
  visit("threads", o.threads, "that compute");
  visit("noise", o.noise, "standard deviation of what is added to y");
  visit("lr", o.lr, "largest learning rate, of AdamW");
}

struct Prompts {
  at::Tensor x, y, truth;  // [B, n, d], [B, n] with noise, [B, n] without
};

Prompts draw(const Options& o, int64_t count, int64_t used) {
  Prompts p;
  p.x = torch::randn({count, o.points, o.dims});
  p.x.narrow(2, used, o.dims - used).zero_();
  p.truth = at::matmul(p.x, torch::randn({count, o.dims, 1})).squeeze(2);
  p.y = p.truth + o.noise * torch::randn_like(p.truth);
  return p;
}

class Learner {
 public:
  explicit Learner(const Options& o) {
    const nlohmann::json shape = {{"model_type", "llama"},
                                  {"hidden_size", o.width},
                                  {"num_hidden_layers", o.depth},
                                  {"intermediate_size", 2 * o.width},
                                  {"vocab_size", 1},
                                  {"max_position_embeddings", 2 * o.points},
                                  {"num_attention_heads", o.heads},
                                  {"tie_word_embeddings", true}};
    io::ModelFolder folder;
    folder.config = io::JsonObject(shape, "the study's own");
    const auto weights =
        models::decoder::initial_weights(*folder.config, "drawn", Random(static_cast<uint64_t>(o.seed)));
    model_ = models::load_model(folder, weights, {});
    std::vector<std::string> trained;
    for (const auto& parameter : model_->named_parameters()) {
      if (parameter.key().find("blocks.") != std::string::npos) trained.push_back(parameter.key());
    }
    model_->freeze_all_but(trained);
    for (const auto& parameter : model_->named_parameters()) {
      if (parameter.value().requires_grad()) parameters_.emplace_back(parameter.key(), parameter.value());
    }
    const auto own = [&](const char* name, at::Tensor values) {
      parameters_.emplace_back(name, values.requires_grad_());
      return values;
    };
    read_in_ = own("read_in", torch::randn({o.width, o.dims + 2}) / std::sqrt(static_cast<double>(o.dims)));
    read_out_ = own("read_out", torch::zeros({1, o.width}));
  }

  const nn::Parameters& parameters() const { return parameters_; }

  // Of each y, told at its x: [B, n]
  at::Tensor tell(const Prompts& p) const {
    const auto count = p.x.size(0), points = p.x.size(1), dims = p.x.size(2);
    auto tokens = torch::zeros({count, points, 2, dims + 2});
    tokens.select(2, 0).narrow(2, 0, dims).copy_(p.x);
    tokens.select(2, 1).select(2, dims).copy_(p.y);
    tokens.select(2, 1).select(2, dims + 1).fill_(1);
    const auto& tower = model_->reader();
    const auto read = tower.kept(at::linear(tokens.flatten(1, 2), read_in_), 1);
    const auto behind = tower.run(read, 1, tower.pooled() - 1, {}).x;
    const auto normed = at::layer_norm(behind, {behind.size(2)});
    return at::linear(normed, read_out_).view({count, points, 2}).select(2, 0);
  }

 private:
  std::unique_ptr<models::Model> model_;
  nn::Parameters parameters_;
  at::Tensor read_in_, read_out_;
};

// Of y number k from the k pairs before it, [B]; `weight` 0: least squares of smallest norm.
at::Tensor regression(const Prompts& p, int64_t k, double weight) {
  if (k == 0) return torch::zeros({p.x.size(0)});
  const auto x = p.x.narrow(1, 0, k).to(at::kDouble), y = p.y.narrow(1, 0, k).unsqueeze(2).to(at::kDouble);
  const auto dims = x.size(2);
  const auto w = weight > 0 ? at::linalg_solve(at::matmul(x.transpose(1, 2), x) + weight * at::eye(dims, x.options()),
                                               at::matmul(x.transpose(1, 2), y))
                            : at::matmul(at::linalg_pinv(x, 1e-10), y);
  return (p.x.select(1, k).to(at::kDouble).unsqueeze(1).matmul(w)).view({-1}).to(at::kFloat);
}

void teach(const Options& o, const Learner& learner) {
  train::Optimizer optimizer(learner.parameters(), {});
  const auto start = bench::now();
  double recent = 0;
  for (int64_t step = 0; step < o.steps; ++step) {
    const auto part = static_cast<double>(step) / static_cast<double>(o.steps);
    const auto used = std::min(o.dims, 1 + static_cast<int64_t>(2 * part * static_cast<double>(o.dims)));
    const auto p = draw(o, o.batch, used);
    const auto loss = (learner.tell(p) - p.y).square().mean();
    optimizer.clear_gradients();
    loss.backward();
    train::clip_gradients(learner.parameters(), 1.0);
    constexpr double kWarmup = 0.05;
    const auto rate = part < kWarmup ? part / kWarmup : (1 + std::cos(M_PI * (part - kWarmup) / (1 - kWarmup))) / 2;
    optimizer.step(o.lr * rate);
    recent = 0.98 * recent + 0.02 * loss.item<double>();
    if ((step + 1) % std::max<int64_t>(1, o.steps / 10) == 0)
      fmt::print(stderr, "{} steps, {} of {} dimensions, loss near {:.3f}, {:.0f} s\n", step + 1, used, o.dims, recent,
                 bench::now() - start);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto o = bench::parse<Options>("bench_in_context_regression", argc, argv);
  at::set_num_threads(static_cast<int>(o.threads));
  torch::manual_seed(static_cast<uint64_t>(o.seed));
  const Learner learner(o);
  teach(o, learner);
  torch::manual_seed(1'000'000 + static_cast<uint64_t>(o.seed));  // prompts that no training drew
  const torch::NoGradGuard no_grad;
  const auto p = draw(o, o.tests, o.dims);
  const auto told = learner.tell(p);
  for (int64_t k = 0; k < o.points; ++k) {
    const auto truth = p.truth.select(1, k);
    const auto error = [&](const at::Tensor& guess) -> at::Tensor { return (guess - truth).square() / o.dims; };
    const auto of_model = error(told.select(1, k)), of_ridge = error(regression(p, k, o.noise * o.noise)),
               of_squares = error(regression(p, k, 0));
    const auto more = of_model - of_ridge;
    const auto half = 1.96 * more.std().item<double>() / std::sqrt(static_cast<double>(o.tests));
    const auto mean = [](const at::Tensor& values) { return values.mean().item<double>(); };
    fmt::print("{}\n", nlohmann::json{{"seed", o.seed},
                                      {"steps", o.steps},
                                      {"k", k},
                                      {"tests", o.tests},
                                      {"decoder", mean(of_model)},
                                      {"ridge", mean(of_ridge)},
                                      {"least_squares", mean(of_squares)},
                                      {"more_than_ridge", {mean(more), mean(more) - half, mean(more) + half}}}
                           .dump());
  }
}
