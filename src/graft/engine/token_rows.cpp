#include "graft/engine/token_rows.h"

#include <torch/types.h>

#include <algorithm>
#include <utility>

#include "graft/core/error.h"
#include "graft/tensor/on_cpu.h"

namespace graft::engine {
namespace {

struct Piece {
  size_t document, begin, count;
};

// A document of more than `length` tokens in pieces, each of which begins with the last token of the one before.
std::vector<Piece> pieces_of(const std::vector<Document>& documents, size_t length) {
  std::vector<Piece> pieces;
  for (size_t d = 0; d < documents.size(); ++d) {
    const auto size = documents[d].ids.size();
    GRAFT_ASSERT(documents[d].asked.size() == size);
    for (size_t begin = 0; begin + 1 < size; begin += length - 1)
      pieces.push_back({d, begin, std::min(length, size - begin)});
  }
  return pieces;
}

}  // namespace

TokenRows token_rows(const std::vector<Document>& documents, int64_t length, bool pack, int32_t pad) {
  if (length < 2) throw ConfigError("text", "rows of {} tokens: expected 2 or more.", length);
  const auto most = static_cast<size_t>(length);
  std::vector<std::vector<Piece>> rows;
  size_t used = most, longest = 0;
  for (const auto& piece : pieces_of(documents, most)) {
    if (!pack || used + piece.count > most) {
      rows.emplace_back();
      used = 0;
    }
    rows.back().push_back(piece);
    used += piece.count;
    longest = std::max(longest, used);
  }
  const auto count = static_cast<int64_t>(rows.size()), width = static_cast<int64_t>(longest);
  TokenRows all{at::full({count, width}, pad, tensor::on_cpu(at::kLong)),
                at::full({count, width}, -1, tensor::on_cpu(at::kLong)),
                at::zeros({count, width}, tensor::on_cpu(at::kBool)),
                pack ? at::full({count, width}, -1, tensor::on_cpu(at::kLong)) : at::Tensor()};
  for (int64_t r = 0; r < count; ++r) {
    int64_t at = r * width, number = 0;
    for (const auto& piece : rows[static_cast<size_t>(r)]) {
      const auto& document = documents[piece.document];
      for (size_t i = 0; i < piece.count; ++i, ++at) {
        const auto j = piece.begin + i;
        all.ids.data_ptr<int64_t>()[at] = document.ids[j];
        all.present.data_ptr<bool>()[at] = true;
        if (pack) all.documents.data_ptr<int64_t>()[at] = number;
        if (i + 1 < piece.count && document.asked[j + 1] != 0)
          all.targets.data_ptr<int64_t>()[at] = document.ids[j + 1];
      }
      ++number;
    }
  }
  if (count == 0 || !all.targets.ge(0).any().item<bool>()) {
    throw DataError("text", "{} texts, and no token of them is asked for: expected texts of two tokens or more.",
                    documents.size());
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
