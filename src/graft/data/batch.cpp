#include "graft/data/batch.h"

#include <algorithm>
#include <utility>

namespace graft::data {
namespace {

std::size_t pixels_of(Size size) {
  return static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width);
}

}  // namespace

std::int64_t padded_length(const Source& source, std::int64_t longest) {
  constexpr std::int64_t kMultiple = 8;
  return std::max(longest, std::min((longest + kMultiple - 1) / kMultiple * kMultiple, source.max_length()));
}

std::vector<std::int32_t> captions_of(const Source& source, std::span<const std::int64_t> indices) {
  std::vector<std::span<const std::int32_t>> rows;
  for (const std::int64_t index : indices)
    rows.push_back(source.caption(index));
  return side_by_side(rows);
}

void make_room(Batch& batch, const Source& source) {
  batch.labels.clear();
  batch.values.clear();
  batch.lengths.clear();
  for (const std::int64_t index : batch.indices) {
    batch.labels.push_back(source.label(index));
    const std::span<const float> values = source.values(index);
    batch.values.insert(batch.values.end(), values.begin(), values.end());
  }
  batch.captions = captions_of(source, batch.indices);
  batch.mask_size = source.mask_size();
  batch.masks.resize(batch.indices.size() * pixels_of(batch.mask_size));
  batch.frames = source.frames();
  batch.reads = source.reads();
  batch.images.resize(batch.indices.size() * source.floats());
  if (source.floats() > 0) return;
  for (const std::int64_t index : batch.indices)
    batch.lengths.push_back(source.length(index));
  const std::int64_t length = padded_length(source, *std::ranges::max_element(batch.lengths));
  const std::size_t size = batch.indices.size() * static_cast<std::size_t>(length);
  batch.ids.assign(size, source.pad());
  batch.types.assign(size, 0);
}

void fill(Batch& batch, const Source& source, std::int64_t place, Random random) {
  Row row;
  row.pixels = {batch.images.data() + static_cast<std::size_t>(place) * source.floats(), source.floats()};
  const auto mask = pixels_of(batch.mask_size);
  row.mask = {batch.masks.data() + static_cast<std::size_t>(place) * mask, mask};
  source.read(batch.indices[static_cast<std::size_t>(place)], random, row);
  std::ranges::copy(row.ids, batch.ids.begin() + place * batch.length());
  std::ranges::copy(row.types, batch.types.begin() + place * batch.length());
}

Batch batch_of(const Source& source, std::vector<std::int64_t> indices) {
  Batch batch;
  batch.indices = std::move(indices);
  make_room(batch, source);
  for (std::int64_t place = 0; place < batch.size(); ++place)
    fill(batch, source, place, Random(0));
  return batch;
}

}  // namespace graft::data
