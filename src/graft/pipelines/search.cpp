#include "graft/pipelines/search.h"

#include <torch/types.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "graft/core/error.h"
#include "graft/engine/example_list.h"
#include "graft/engine/session.h"
#include "graft/features/encoder.h"
#include "graft/models/clip/prompts.h"
#include "graft/models/head.h"
#include "graft/models/sources.h"

namespace graft::pipelines {
namespace {

// Queries beside photos, of unit length: [Q, E].
at::Tensor encode_words(const models::Model& model, const std::vector<std::string>& queries) {
  const auto prompts = models::filled_prompts(queries, "{}", model.text_reader());
  return models::unit(model.need(nn::Tower::text).encode(prompts.ids, {}));
}

// Queries beside texts: read as those are.
at::Tensor encode_texts(features::Encoder& encoder, const models::Model& model, const std::vector<std::string>& queries,
                        const models::ReadingOptions& reading, Reporter& report) {
  data::Dataset dataset;
  dataset.name = "the query";
  dataset.reads = data::Reads::text;
  std::vector<data::Sample> samples(queries.size());
  for (size_t i = 0; i < queries.size(); ++i) {
    samples[i].input = queries[i];
    samples[i].label = -1;
  }
  const auto source = models::source_of(model, dataset, std::move(samples), reading, &report);
  return models::unit(encoder.compute(*source, model.reader().last(), report));
}

std::vector<int64_t> best_of(const at::Tensor& cosines, int64_t count) {
  std::vector<int64_t> order(static_cast<size_t>(cosines.numel()));
  std::iota(order.begin(), order.end(), int64_t{0});
  const auto row = cosines.contiguous();
  const float* c = row.const_data_ptr<float>();
  const auto end = order.begin() + std::min<int64_t>(count, row.numel());
  std::partial_sort(order.begin(), end, order.end(),
                    [&](int64_t a, int64_t b) { return c[a] > c[b] || (c[a] == c[b] && a < b); });
  order.erase(end, order.end());
  return order;
}

}  // namespace

SearchResult search(const SearchOptions& options, const engine::Host& host, Reporter& report) {
  if (options.query.empty()) throw UsageError("search", "what is looked for? Give words after the options.");
  if (options.top < 1) throw ConfigError("search", "--top {}: expected 1 or more.", options.top);
  const torch::NoGradGuard no_grad;
  const auto model = engine::open_model(options.model, host, report);
  SearchResult result{.photos = model->reader().name() == nn::Tower::vision};
  if (result.photos) model->require_prompts("search", "photos are found by words with");
  const auto images = std::make_shared<data::ImageCache>(options.data.exif.value_or(data::Exif::keep));
  const auto list = engine::list_examples(*model, options.data, options.split, *images, report);
  const models::ReadingOptions reading{.images = images,
                                       .clips = data::reading_of(options.data.clips),
                                       .frames = engine::frame_cache(options.data, host),
                                       .max_length = options.data.max_length,
                                       .workers = std::max<int64_t>(1, options.data.workers)};
  const auto source = models::source_of(*model, list.dataset, list.samples, reading, &report);
  features::Encoder encoder(
      model, images,
      {.workers = options.data.workers, .cache_dir = options.data.cache ? host.cache_dir : std::filesystem::path()});
  const auto find = [&] { return models::unit(encoder.features(*source, model->reader().last(), report)); };
  const auto features = result.photos ? engine::refusing_unreadable(list.photos, options.data, *images, find) : find();
  const auto queries = result.photos ? encode_words(*model, options.query)
                                     : encode_texts(encoder, *model, options.query, reading, report);
  const auto cosines = at::matmul(queries, features.t());  // [Q, N]
  result.searched = source->size();
  for (size_t q = 0; q < options.query.size(); ++q) {
    Found found{options.query[q], {}};
    const auto row = cosines[static_cast<int64_t>(q)];
    for (const auto i : best_of(row, options.top))
      found.hits.push_back({source->name(i), list.samples[static_cast<size_t>(i)].input, row[i].item<double>()});
    result.found.push_back(std::move(found));
  }
  return result;
}

}  // namespace graft::pipelines
