// Documents side by side in rows of one length, so that little of a row is padding.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graft/data/documents.h"

namespace graft::data {

// A row of documents, each [T]. A token may attend to its own document's alone: `documents` numbers them from 0, the
// padding behind the last is one of its own. Where a token's target is 1 the loss counts how well the tokens of its
// document before it foretell it; a document's first never has one.
struct PackedRow {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> positions;  // from 0 in each document
  std::vector<std::int32_t> documents;
  std::vector<std::uint8_t> targets;
};

// Which documents share a row, of rows that hold `row_length` tokens: each in turn goes into the fullest row that has
// room for it, else into a new one. DataError for a document that is longer than a row.
std::vector<std::vector<std::size_t>> pack(std::span<const std::int64_t> lengths, std::int64_t row_length);

// The row of these documents, `pad` behind the last.
PackedRow packed_row(const Documents& documents, std::span<const std::size_t> which, std::int64_t row_length,
                     std::int32_t pad);

}  // namespace graft::data
