#include "graft/engine/token_rows.h"

#include <torch/types.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "graft/core/error.h"
#include "graft/data/packing.h"
#include "graft/tensor/on_cpu.h"

namespace graft::engine {
TokenRows token_rows(const data::Documents& documents, int64_t length, bool pack, int32_t pad) {
  std::vector<int64_t> lengths;
  for (const auto& document : documents.documents)
    lengths.push_back(std::ssize(document.ids));
  std::vector<std::vector<size_t>> rows;
  if (pack) {
    rows = data::pack(lengths, length);
  } else {
    for (size_t i = 0; i < lengths.size(); ++i)
      rows.push_back({i});
  }
  std::vector<int64_t> used;
  for (const auto& row : rows)
    used.push_back(
        std::accumulate(row.begin(), row.end(), int64_t{0}, [&](int64_t sum, size_t i) { return sum + lengths[i]; }));
  const auto count = std::ssize(rows), width = used.empty() ? 0 : *std::max_element(used.begin(), used.end());
  TokenRows all{at::empty({count, width}, tensor::on_cpu(at::kLong)),
                at::full({count, width}, -1, tensor::on_cpu(at::kLong)),
                at::zeros({count, width}, tensor::on_cpu(at::kBool)),
                pack ? at::empty({count, width}, tensor::on_cpu(at::kLong)) : at::Tensor()};
  for (int64_t r = 0; r < count; ++r) {
    const auto row = data::packed_row(documents, rows[static_cast<size_t>(r)], width, pad);
    for (int64_t i = 0; i < width; ++i) {
      const auto at = r * width + i;
      const auto j = static_cast<size_t>(i);
      all.ids.data_ptr<int64_t>()[at] = row.ids[j];
      all.present.data_ptr<bool>()[at] = i < used[static_cast<size_t>(r)];
      if (pack) all.documents.data_ptr<int64_t>()[at] = row.documents[j];
      if (i + 1 < width && row.targets[j + 1] != 0) all.targets.data_ptr<int64_t>()[at] = row.ids[j + 1];
    }
  }
  if (count == 0 || !all.targets.ge(0).any().item<bool>()) {
    throw DataError("text", "{} documents, and no token of them is asked for: expected texts of two tokens or more.",
                    documents.documents.size());
  }
  return all;
}

TokenBatches::TokenBatches(TokenRows rows, int64_t batch_size, Order order)
    : rows_(std::move(rows)), batch_size_(batch_size), order_(std::move(order)) {
  seek(0, 0);
}

void TokenBatches::seek(int64_t epoch, int64_t batch) {
  epoch_ = epoch;
  batch_ = batch;
  of_epoch_ = order_(epoch);
}

train::Batch TokenBatches::next() {
  if (batch_ == per_epoch()) seek(epoch_ + 1, 0);
  const auto begin = of_epoch_.begin() + batch_ * batch_size_;
  const auto chosen = torch::tensor(std::vector<int64_t>(begin, begin + size_of(batch_)), tensor::on_cpu(at::kLong));
  return rows_batch(rows_, chosen, epoch_, batch_++);
}

train::Batch rows_batch(const TokenRows& rows, const at::Tensor& chosen, int64_t epoch, int64_t number) {
  const auto of = [&](const at::Tensor& t) { return t.defined() ? t.index_select(0, chosen) : t; };
  const auto present = of(rows.present);
  const auto longest = present.sum(1).max().item<int64_t>();
  const auto cut = [&](const at::Tensor& t) { return t.defined() ? t.narrow(1, 0, longest).contiguous() : t; };
  train::Batch batch;
  batch.input = {cut(of(rows.ids)), {}, cut(present), cut(of(rows.documents))};
  batch.target = cut(of(rows.targets));
  batch.weight = static_cast<double>(batch.target.ge(0).sum().item<int64_t>());
  batch.epoch = epoch;
  batch.number = number;
  batch.examples = chosen;
  return batch;
}

}  // namespace graft::engine
