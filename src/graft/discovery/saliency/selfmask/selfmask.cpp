#include "graft/discovery/saliency/selfmask/selfmask.h"

#include <torch/types.h>

#include <algorithm>
#include <map>

#include "graft/core/error.h"
#include "graft/core/random.h"
#include "graft/discovery/clustering/kmeans/kmeans.h"
#include "graft/tensor/on_cpu.h"

namespace graft::discovery::selfmask {
namespace {

constexpr int64_t kRowsAtOnce = 512;

const std::map<std::string, at::Tensor Patches::*>& features() {
  static const std::map<std::string, at::Tensor Patches::*> all = {
      {"keys", &Patches::keys}, {"tokens", &Patches::tokens}, {"values", &Patches::values}};
  return all;
}

std::vector<at::Tensor Patches::*> read_features(const std::string& text) {
  std::vector<at::Tensor Patches::*> read;
  for (size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find('+', begin), text.size());
    const auto name = text.substr(begin, end - begin);
    const auto found = features().find(name);
    if (found == features().end())
      throw ConfigError("selfmask", "of={}: no feature '{}'. Known: keys, tokens, values, joined by +.", text, name);
    read.push_back(found->second);
    begin = end + 1;
  }
  return read;
}

class SelfMask final : public Saliency {
 public:
  explicit SelfMask(Options options) : options_(std::move(options)), features_(read_features(options_.of)) {
    if (options_.upsample < 1) throw ConfigError("selfmask", "upsample {}: expected 1 or more.", options_.upsample);
    if (options_.most < 2) throw ConfigError("selfmask", "most {}: expected 2 clusters or more.", options_.most);
  }

  Salient find(const SeenPhoto& photo) const override {
    const auto& patches = *photo.patches;
    std::vector<at::Tensor> candidates;
    for (const auto feature : features_) {
      const auto& rows = patches.*feature;
      if (are_alike(rows)) continue;
      if (const auto some = candidates_of(rows, patches.grid, options_); some.defined()) candidates.push_back(some);
    }
    if (candidates.empty()) return {{}, "its patches are all alike"};
    const auto all = at::cat(candidates);
    const auto winner = winner_of(all);
    if (winner < 0) return {{}, "every candidate spans the photo"};
    return salient(all[winner].flatten(), {all.size(1), all.size(2)});
  }

 private:
  Options options_;
  std::vector<at::Tensor Patches::*> features_;
};

}  // namespace

at::Tensor cosine_cut(const at::Tensor& rows, int64_t count) {
  const auto wide = rows.to(at::kDouble);
  const auto unit = wide / wide.norm(2, 1, true).clamp_min(1e-12);
  double least = 1, most = -1;
  for (int64_t begin = 0; begin < unit.size(0); begin += kRowsAtOnce) {
    const auto some = unit.narrow(0, begin, std::min(kRowsAtOnce, unit.size(0) - begin));
    const auto [low, high] = at::mm(some, unit.t()).aminmax();
    least = std::min(least, low.item<double>());
    most = std::max(most, high.item<double>());
  }
  if (most - least < 1e-9) return {};
  // A = B C B' with B = [unit, 1] and C = diag(1, ..., 1, -least) / (most - least); so the eigenvectors of W^-1/2 A
  // W^-1/2 whose eigenvalues are not 0 lie in the span of W^-1/2 B.
  const auto ones = at::ones({unit.size(0), 1}, unit.options());
  const auto degree =
      (at::mm(unit, unit.sum(0, true).t()) - least * static_cast<double>(unit.size(0))) / (most - least);
  const auto root = degree.clamp_min(1e-12).sqrt();  // [N, 1]
  const auto [basis, mixed] = at::linalg_qr(at::cat({unit, ones}, 1) / root);
  auto scales = at::full({unit.size(1) + 1}, 1 / (most - least), unit.options());
  scales[-1] = -least / (most - least);
  const auto [values, vectors] = at::linalg_eigh(at::mm(mixed * scales, mixed.t()));
  if (vectors.size(1) < count) return {};
  return at::mm(basis, vectors.narrow(1, vectors.size(1) - count, count).flip(1)) / root;
}

int64_t winner_of(const at::Tensor& candidates) {
  const auto tall = candidates.any(2), wide = candidates.any(1);  // [n, rows], [n, columns]
  const auto spans = (tall.select(1, 0) & tall.select(1, -1)) | (wide.select(1, 0) & wide.select(1, -1)) |
                     ~candidates.flatten(1).any(1);
  const auto kept = (~spans).nonzero().flatten();
  if (kept.size(0) == 0) return -1;
  const auto masks = candidates.index_select(0, kept).flatten(1).to(at::kDouble);
  const auto both = at::mm(masks, masks.t()), areas = masks.sum(1, true);
  const auto votes = (both / (areas + areas.t() - both)).sum(1);
  // IoU are ratios of small whole numbers: of two that differ by rounding alone the first is taken.
  return kept[(votes > votes.max() - 1e-9).to(at::kInt).argmax()].item<int64_t>();
}

at::Tensor candidates_of(const at::Tensor& rows, nn::Grid grid, const Options& options) {
  auto fine = grid;
  auto features = rows;
  if (options.upsample > 1) {
    fine = {grid.rows * options.upsample, grid.columns * options.upsample};
    const auto map = rows.t().reshape({1, rows.size(1), grid.rows, grid.columns});
    features = at::upsample_bilinear2d(map, {fine.rows, fine.columns}, /*align_corners=*/true).flatten(2)[0].t();
  }
  if (features.size(0) <= options.most) return {};
  const auto cut = cosine_cut(features, options.most);
  if (!cut.defined()) return {};
  std::vector<at::Tensor> masks;
  for (int64_t count = 2; count <= options.most; ++count) {
    const auto points = cut.narrow(1, 0, count).contiguous();
    const auto of = kmeans::run(points, count, {}, Random(1).fork(static_cast<uint64_t>(count))).of;
    const auto labels = torch::tensor(of, tensor::on_cpu(at::kLong)).view({fine.rows, fine.columns});
    for (int64_t cluster = 0; cluster < count; ++cluster)
      masks.push_back(labels == cluster);
  }
  return at::stack(masks);
}

extern const SaliencyEntry entry = {
    .name = "selfmask",
    .summary = "of many clusters of the patches the one that the others agree with most",
    .paper = "Shin et al. 2022, arXiv:2203.12614",
    .alone = "",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Saliency> {
      return std::make_unique<SelfMask>(read_options<Options>("selfmask", values));
    },
};

}  // namespace graft::discovery::selfmask
