#include "graft/data/packing.h"

#include <map>

#include "graft/core/error.h"

namespace graft::data {

std::vector<std::vector<std::size_t>> pack(std::span<const std::int64_t> lengths, std::int64_t row_length) {
  std::vector<std::vector<std::size_t>> rows;
  std::multimap<std::int64_t, std::size_t> room;  // what a row has left -> the row
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const std::int64_t length = lengths[i];
    if (length > row_length) {
      throw DataError("data", "document {} has {} tokens, a row holds {}.", i + 1, length, row_length);
    }
    auto fits = room.lower_bound(length);
    if (fits == room.end()) {
      rows.emplace_back();
      fits = room.emplace(row_length, rows.size() - 1);
    }
    const auto [left, row] = *fits;
    room.erase(fits);
    rows[row].push_back(i);
    if (left > length) room.emplace(left - length, row);
  }
  return rows;
}

PackedRow packed_row(const Documents& documents, std::span<const std::size_t> which, std::int64_t row_length,
                     std::int32_t pad) {
  PackedRow row;
  std::int32_t number = 0;
  const auto place = [&](std::int32_t id, std::int32_t position, std::uint8_t target) {
    row.ids.push_back(id);
    row.positions.push_back(position);
    row.documents.push_back(number);
    row.targets.push_back(target);
  };
  for (const std::size_t i : which) {
    const Document& document = documents.documents[i];
    for (std::size_t t = 0; t < document.ids.size(); ++t)
      place(document.ids[t], static_cast<std::int32_t>(t), t == 0 ? std::uint8_t{0} : document.targets[t]);
    ++number;
  }
  GRAFT_ASSERT(std::ssize(row.ids) <= row_length);
  for (std::int32_t position = 0; std::ssize(row.ids) < row_length; ++position)
    place(pad, position, 0);
  return row;
}

}  // namespace graft::data
