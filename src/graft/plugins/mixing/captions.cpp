#include "graft/plugins/mixing/captions.h"

#include <torch/types.h>

#include <algorithm>
#include <span>
#include <vector>

#include "graft/core/error.h"
#include "graft/data/captions.h"
#include "graft/tensor/on_cpu.h"

namespace graft::plugins {

at::Tensor joined_captions(const at::Tensor& first, const at::Tensor& second, const TextFrame& frame) {
  GRAFT_ASSERT(first.sizes() == second.sizes());
  const auto a = first.contiguous(), b = second.contiguous();
  const int64_t count = a.size(0), width = a.size(1);
  std::vector<std::vector<int64_t>> rows;
  const auto row_of = [&](const at::Tensor& of, int64_t i) {
    const auto* begin = of.const_data_ptr<int64_t>() + i * width;
    return std::vector<int64_t>(begin, std::find(begin, begin + width, int64_t{data::kNoToken}));
  };
  for (int64_t i = 0; i < count; ++i) {
    auto row = row_of(a, i);
    const auto other = row_of(b, i);
    const std::vector<int64_t> end(row.end() - frame.behind, row.end());
    row.erase(row.end() - frame.behind, row.end());
    row.insert(row.end(), other.begin() + frame.before, other.end() - frame.behind);
    if (static_cast<int64_t>(row.size()) > frame.most - frame.behind)
      row.resize(static_cast<size_t>(frame.most - frame.behind));
    row.insert(row.end(), end.begin(), end.end());
    rows.push_back(std::move(row));
  }
  const auto ids = data::side_by_side(std::vector<std::span<const int64_t>>(rows.begin(), rows.end()));
  const auto longest = static_cast<int64_t>(ids.size()) / std::max<int64_t>(1, count);
  return torch::tensor(ids, tensor::on_cpu(at::kLong)).view({count, longest});
}

JoiningLoss joining_loss(const std::map<int64_t, int64_t>& count_of_length, const TextFrame& frame) {
  JoiningLoss loss;
  double pairs = 0, cut = 0, tokens = 0, lost = 0, nothing = 0;
  for (const auto& [first, firsts] : count_of_length) {
    loss.longest = std::max(loss.longest, first);
    const int64_t room = std::max<int64_t>(0, frame.most - first);
    for (const auto& [second, seconds] : count_of_length) {
      const int64_t words = second - frame.before - frame.behind;
      const double both = static_cast<double>(firsts) * static_cast<double>(seconds - (first == second ? 1 : 0));
      pairs += both;
      if (words <= room) continue;
      cut += both;
      tokens += both * static_cast<double>(words);
      lost += both * static_cast<double>(words - room);
      if (room == 0) nothing += both;
    }
  }
  if (pairs == 0) return loss;
  loss.cut = cut / pairs;
  loss.lost = tokens > 0 ? lost / tokens : 0;
  loss.nothing = nothing / pairs;
  return loss;
}

}  // namespace graft::plugins
