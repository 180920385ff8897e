#include "graft/plugins/mixing/mixup/mixup.h"

#include <torch/types.h>

#include "graft/tensor/on_cpu.h"

namespace graft::plugins::mixup {
namespace {

class MixUp final : public Mixing {
 public:
  explicit MixUp(Options options) : options_(options) { check_pairing("mixup", options_); }

  MixPlace place() const override { return options_.at; }
  std::optional<double> chance() const override { return options_.prob; }

  Mix draw(at::IntArrayRef sizes, Random random) const override {
    const int64_t batch = sizes.front();
    const at::Tensor partner = draw_partners(options_, batch, random.fork("partner"));
    const at::Tensor kept =
        torch::tensor(draw_shares(options_, batch, random.fork("share")), tensor::on_cpu(at::kDouble));
    return {partner, kept, [partner, kept](const at::Tensor& x) { return blend(x, partner, kept); }};
  }

 private:
  Options options_;
};

}  // namespace

at::Tensor blend(const at::Tensor& x, const at::Tensor& partner, const at::Tensor& kept) {
  std::vector<int64_t> one_an_example(static_cast<size_t>(x.dim()), 1);
  one_an_example.front() = x.size(0);
  const auto shares = [&](const at::Tensor& of) { return of.to(x.options()).view(one_an_example); };
  return x * shares(kept) + x.index_select(0, partner.to(x.device())) * shares(1 - kept);
}

extern const MixingEntry entry = {
    .name = "mixup",
    .summary = "two examples laid over each other",
    .paper = "Zhang et al. 2018, arXiv:1710.09412",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Mixing> {
      return std::make_unique<MixUp>(read_options<Options>("mixup", values));
    },
};

}  // namespace graft::plugins::mixup
