#include "graft/plugins/mixing/cutmix/cutmix.h"

#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/tensor/on_cpu.h"

namespace graft::plugins::cutmix {
namespace {

class CutMix final : public Mixing {
 public:
  explicit CutMix(Options options) : options_(options) { check_pairing("cutmix", options_); }

  MixPlace place() const override { return MixPlace::input; }
  std::optional<double> chance() const override { return options_.prob; }

  Mix draw(at::IntArrayRef sizes, Random random) const override {
    GRAFT_ASSERT(sizes.size() >= 3);
    const int64_t batch = sizes.front(), height = sizes[sizes.size() - 2], width = sizes.back();
    const at::Tensor partner = draw_partners(options_, batch, random.fork("partner"));
    const auto shares = draw_shares(options_, batch, random.fork("share"));
    std::vector<Box> boxes;
    std::vector<double> kept;
    Random centre = random.fork("centre");
    for (size_t i = 0; i < shares.size(); ++i) {
      if (i > 0 && options_.lambda == Lambda::batch) {
        boxes.push_back(boxes.front());
      } else {
        const auto row = static_cast<int64_t>(centre.below(static_cast<uint64_t>(height)));
        const auto column = static_cast<int64_t>(centre.below(static_cast<uint64_t>(width)));
        boxes.push_back(box_around(row, column, height, width, shares[i]));
      }
      kept.push_back(share_left(boxes.back(), height, width));
    }
    return {partner, torch::tensor(kept, tensor::on_cpu(at::kDouble)),
            [partner, boxes](const at::Tensor& x) { return paste(x, partner, boxes); }};
  }

 private:
  Options options_;
};

}  // namespace

extern const MixingEntry entry = {
    .name = "cutmix",
    .summary = "a box of one photo put into another",
    .paper = "Yun et al. 2019, arXiv:1905.04899",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Mixing> {
      return std::make_unique<CutMix>(read_options<Options>("cutmix", values));
    },
};

}  // namespace graft::plugins::cutmix
