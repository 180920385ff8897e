#include "graft/plugins/mixing/cutmix/cutmix.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

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

Box box_around(int64_t row, int64_t column, int64_t height, int64_t width, double lambda) {
  const double side = std::sqrt(1 - lambda);
  const auto half = [&](int64_t length) { return static_cast<int64_t>(static_cast<double>(length) * side) / 2; };
  const auto within = [](int64_t at, int64_t length) { return std::clamp<int64_t>(at, 0, length); };
  return {within(row - half(height), height), within(column - half(width), width), within(row + half(height), height),
          within(column + half(width), width)};
}

double share_left(const Box& box, int64_t height, int64_t width) {
  const auto area = static_cast<double>((box.bottom - box.top) * (box.right - box.left));
  return 1 - area / static_cast<double>(height * width);
}

at::Tensor paste(const at::Tensor& x, const at::Tensor& partner, const std::vector<Box>& boxes) {
  at::Tensor mixed = x.clone();
  for (size_t i = 0; i < boxes.size(); ++i) {
    const Box& box = boxes[i];
    const auto inside = [&](const at::Tensor& photo) {
      return photo.narrow(-2, box.top, box.bottom - box.top).narrow(-1, box.left, box.right - box.left);
    };
    const auto place = static_cast<int64_t>(i);
    inside(mixed[place]).copy_(inside(x[partner[place].item<int64_t>()]));
  }
  return mixed;
}

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
