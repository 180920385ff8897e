#include "graft/plugins/mixing/mixgen/mixgen.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "graft/core/error.h"
#include "graft/data/captions.h"
#include "graft/plugins/mixing/box.h"
#include "graft/tensor/on_cpu.h"

namespace graft::plugins::mixgen {
namespace {

// The mixed rows, then those of the batch that stay.
at::Tensor with_the_rest(const at::Tensor& mixed, const at::Tensor& all, int64_t from) {
  return at::cat({mixed, all.narrow(0, from, all.size(0) - from)});
}

// To one width, with nothing behind what is shorter.
at::Tensor widened(const at::Tensor& ids, int64_t width) {
  return at::constant_pad_nd(ids, {0, width - ids.size(1)}, int64_t{data::kNoToken});
}

class MixGen final : public Mixing {
 public:
  explicit MixGen(Options options) : options_(options) {
    if (!(options_.share > 0 && options_.share <= 0.5)) {
      throw ConfigError("mixgen", "--share: expected above 0 and at most 0.5, got {}.", options_.share);
    }
    if (!(options_.lambda >= 0 && options_.lambda <= 1)) {
      throw ConfigError("mixgen", "--lambda: expected 0 to 1, got {}.", options_.lambda);
    }
    if (options_.prob && !(*options_.prob >= 0 && *options_.prob <= 1)) {
      throw ConfigError("mixgen", "--prob: expected 0 to 1, got {}.", *options_.prob);
    }
    if (options_.photos == Photos::own && options_.texts == Texts::own) {
      throw ConfigError("mixgen", "--photos own and --texts own: nothing would be mixed. Leave --mix out.");
    }
  }

  // What photos have kept of them is enough where they are not mixed.
  MixPlace place() const override { return options_.photos == Photos::own ? MixPlace::features : MixPlace::input; }
  std::optional<double> chance() const override { return options_.prob; }
  bool serves(data::Target target) const override { return target == data::Target::caption; }
  bool joins_captions() const override { return options_.texts == Texts::joined; }

  Mix draw(at::IntArrayRef sizes, Random random) const override {
    const int64_t batch = sizes.front();
    const int64_t pairs =
        batch < 2 ? 0 : std::max<int64_t>(1, static_cast<int64_t>(options_.share * static_cast<double>(batch)));
    const int64_t from = options_.sources == Sources::kept ? pairs : 2 * pairs;  // the first that stays
    const auto partner = at::arange(batch, tensor::on_cpu(at::kLong));
    partner.narrow(0, 0, pairs).add_(pairs);
    const auto kept = at::ones({batch}, tensor::on_cpu(at::kDouble));
    kept.narrow(0, 0, pairs).fill_(options_.lambda);
    std::vector<Box> boxes;
    if (options_.photos == Photos::cut) boxes = draw_boxes(pairs, sizes, random.fork("centre"));
    return {partner, kept,
            [options = options_, pairs, from, boxes](const at::Tensor& x) {
              const auto first = x.narrow(0, 0, pairs), second = x.narrow(0, pairs, pairs);
              const auto mixed = options.photos == Photos::own ? first
                                 : options.photos == Photos::blended
                                     ? options.lambda * first + (1 - options.lambda) * second
                                     : cut_in(first, second, boxes);
              return with_the_rest(mixed, x, from);
            },
            [options = options_, pairs, from](const at::Tensor& ids, const TextFrame& frame) {
              const auto first = ids.narrow(0, 0, pairs), second = ids.narrow(0, pairs, pairs);
              if (options.texts == Texts::own || pairs == 0) return with_the_rest(first, ids, from);
              const auto joined = joined_captions(first, second, frame);
              const auto width = std::max(joined.size(1), ids.size(1));
              return with_the_rest(widened(joined, width), widened(ids, width), from);
            }};
  }

 private:
  std::vector<Box> draw_boxes(int64_t pairs, at::IntArrayRef sizes, Random centre) const {
    GRAFT_ASSERT(sizes.size() >= 3);
    const int64_t height = sizes[sizes.size() - 2], width = sizes.back();
    std::vector<Box> boxes;
    for (int64_t i = 0; i < pairs; ++i) {
      const auto row = static_cast<int64_t>(centre.below(static_cast<uint64_t>(height)));
      const auto column = static_cast<int64_t>(centre.below(static_cast<uint64_t>(width)));
      boxes.push_back(box_around(row, column, height, width, options_.lambda));
    }
    return boxes;
  }

  static at::Tensor cut_in(const at::Tensor& first, const at::Tensor& second, const std::vector<Box>& boxes) {
    const auto count = first.size(0);
    const auto partner = at::arange(count, 2 * count, tensor::on_cpu(at::kLong));
    auto all = boxes;
    all.resize(static_cast<size_t>(2 * count), Box{});  // nothing is put into the second ones
    return paste(at::cat({first, second}), at::cat({partner, partner}), all).narrow(0, 0, count);
  }

  Options options_;
};

}  // namespace

std::vector<std::pair<Photos, std::string>> choices(Photos) {
  return {{Photos::blended, "blended"}, {Photos::cut, "cut"}, {Photos::own, "own"}};
}
std::vector<std::pair<Texts, std::string>> choices(Texts) {
  return {{Texts::joined, "joined"}, {Texts::own, "own"}};
}
std::vector<std::pair<Sources, std::string>> choices(Sources) {
  return {{Sources::replaced, "replaced"}, {Sources::kept, "kept"}};
}

extern const MixingEntry entry = {
    .name = "mixgen",
    .summary = "of pairs: two photos laid over each other, their captions joined",
    .paper = "Hao et al. 2023, arXiv:2206.08358",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Mixing> {
      return std::make_unique<MixGen>(read_options<Options>("mixgen", values));
    },
};

}  // namespace graft::plugins::mixgen
