#include "graft/engine/encoder.h"

#include <torch/types.h>

#include <chrono>
#include <unordered_set>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/data/loader.h"
#include "graft/engine/batches.h"
#include "graft/engine/finite.h"
#include "graft/engine/photo_list.h"

namespace graft::engine {
namespace {

// Photos between two writes to the cache: what a crash may cost.
constexpr size_t kShard = 1024;

// As --at says it.
std::string place_word(const models::Model& model, nn::Place place) {
  if (place == model.reader().last() && place != model.reader().pooled()) return "projected";
  if (place == model.reader().pooled()) return "pooled";
  return place <= 1 ? (place == 0 ? "pixels" : "tokens") : fmt::format("block.{}", place - 2);
}

}  // namespace

at::Tensor padded(const at::Tensor& value, int64_t begin) {
  const int64_t count = std::min(kEncoderBatch, value.size(0) - begin);
  const at::Tensor part = value.narrow(0, begin, count);
  if (count == kEncoderBatch) return part;
  auto shape = value.sizes().vec();
  shape[0] = kEncoderBatch - count;
  return at::cat({part, torch::zeros(shape, value.options())});
}

Encoder::Encoder(std::shared_ptr<models::Model> model, std::shared_ptr<data::ImageCache> images, EncoderOptions options)
    : model_(std::move(model)),
      images_(images ? std::move(images) : std::make_shared<data::ImageCache>(data::Exif::keep, 0)),
      options_(std::move(options)) {}

data::PhotoSource Encoder::photos(const Files& files, const data::Augmentation& augmentation) const {
  std::vector<data::Sample> samples;
  for (const auto& file : files)
    samples.push_back({.input = file.string()});
  return {{}, std::move(samples), data::ImageTransform(model_->info().preprocessing, augmentation), images_};
}

at::Tensor Encoder::features(const data::Source& source, nn::Place place, Reporter& report) {
  if (place == 0 || source.size() == 0) return compute(source, place, report);
  FeatureCache& cache = this->cache(place);
  std::vector<std::string> contents, missing_contents;
  std::vector<int64_t> missing;
  std::unordered_set<std::string> asked;
  for (int64_t i = 0; i < source.size(); ++i) {
    stop_if_asked();
    contents.push_back(source.content(i));
    if (cache.has(contents.back()) || !asked.insert(contents.back()).second) continue;
    missing.push_back(i);
    missing_contents.push_back(contents.back());
  }
  reused_ += source.size() - static_cast<int64_t>(missing.size());
  for (size_t begin = 0; begin < missing.size(); begin += kShard) {
    const auto end = std::min(begin + kShard, missing.size());
    const auto range = [&](auto& all) {
      return std::remove_cvref_t<decltype(all)>(all.begin() + begin, all.begin() + end);
    };
    const at::Tensor rows = encode(data::Selection(source, range(missing)), place, {}, &Encoder::run, report);
    cache.add(range(missing_contents), rows);
    if (!cache.trouble().empty() && !std::exchange(warned_, true)) {
      report.warn(fmt::format("features are not kept for the next run: {}", cache.trouble()));
    }
  }
  std::vector<at::Tensor> rows;
  for (const auto& content : contents)
    rows.push_back(cache.row(content));
  return torch::stack(rows);
}

at::Tensor Encoder::compute(const data::Source& source, nn::Place place, Reporter& report) {
  return encode(source, place, {}, &Encoder::run, report);
}

at::Tensor Encoder::rows(const data::Source& source, nn::Place place, Reporter& report) {
  return encode(source, place, {}, &Encoder::run_to_rows, report);
}

at::Tensor Encoder::augmented(const data::Source& source, nn::Place place, int64_t views, const Random& random,
                              Reporter& report) {
  return encode(source, place, {views, random.seed()}, &Encoder::run, report);
}

bool Encoder::fits(int64_t photos, nn::Place place) {
  const auto bytes = static_cast<double>(photos) * static_cast<double>(floats_at(place)) * sizeof(float);
  return bytes <= static_cast<double>(options_.memory_bytes);
}

int64_t Encoder::floats_at(nn::Place place) {
  const auto size = model_->info().preprocessing.output();
  if (place == 0) return int64_t{3} * size.height * size.width;
  if (place >= model_->reader().pooled()) return model_->reader().width(place);
  if (tokens_ == 0) tokens_ = run(torch::zeros({1, 3, size.height, size.width}), 0, 1).size(1);
  return tokens_ * model_->reader().width(place);
}

at::Tensor Encoder::run(const at::Tensor& value, nn::Place from, nn::Place to) {
  if (from == to) return value;
  const torch::NoGradGuard no_grad;
  return in_passes(value, [&](const at::Tensor& rows) {
    auto& tower = model_->reader();
    return tower.run(tower.kept(rows, from), from, to, {}).x.to(at::kFloat);
  });
}

at::Tensor Encoder::run_to_rows(const at::Tensor& value, nn::Place from, nn::Place to) {
  auto& tower = model_->reader();
  if (from == to) return tower.rows(tower.kept(value, to));
  const torch::NoGradGuard no_grad;
  return in_passes(value, [&](const at::Tensor& rows) {
    return tower.rows(tower.run(tower.kept(rows, from), from, to, {})).to(at::kFloat);
  });
}

// A model's weights are finite when it is loaded: what is not was made on the way.
void Encoder::check_finite(const at::Tensor& rows, const at::Tensor& pixels, const data::Source& source,
                           const std::vector<int64_t>& indices, nn::Place place) {
  const auto bad = not_finite(rows);
  if (bad.count == 0) return;
  nn::Place at = place;
  at::Tensor value = pixels.narrow(0, bad.row, 1);
  for (nn::Place to = 1; to < place && at == place; ++to) {
    value = run(value, to - 1, to);
    if (not_finite(value).count > 0) at = to;
  }
  const std::string precision(tensor::to_string(model_->precision()));
  throw DivergenceError(
      "features", "{}: {} of its {} features are not finite (the first is {}); they are so from {} on. {}",
      source.name(indices[static_cast<size_t>(bad.row)]), bad.in_row, rows.numel() / rows.size(0), bad.value,
      place_word(*model_, at),
      precision == "fp32"
          ? "The model's weights make numbers too large for float32."
          : fmt::format("The weights are held in {}: --precision fp32 may hold what that cannot.", precision));
}

at::Tensor Encoder::encode(const data::Source& source, nn::Place place, Views views, Pass pass, Reporter& report) {
  const int64_t workers = std::max<int64_t>(1, options_.workers);
  data::Loader loader(std::shared_ptr<const data::Source>(std::shared_ptr<void>(), &source),  // which outlives it
                      {.batch_size = kEncoderBatch, .workers = workers, .epochs = views.count, .seed = views.seed});
  if (loader.workers() < workers && !std::exchange(told_, true)) report_workers(loader.workers(), workers, report);
  const auto total = source.size() * views.count;
  const auto start = std::chrono::steady_clock::now();
  std::vector<at::Tensor> rows;
  int64_t done = 0;
  for (int64_t view = 0; view < views.count; ++view) {
    while (auto batch = loader.next()) {
      stop_if_asked();
      const at::Tensor pixels = pixels_of(*batch, model_->info().preprocessing.output());
      const at::Tensor value = (this->*pass)(pixels, 0, place);
      check_finite(value, pixels, source, batch->indices, place);
      rows.push_back(place == 0 ? value.clone() : value);
      done += batch->size();
      loader.recycle(std::move(*batch));
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      report.progress({"features", done, total, "", static_cast<double>(done) / seconds.count(), "images"});
    }
  }
  encoded_ += done;
  return rows.empty() ? torch::empty({0, floats_at(place)}) : torch::cat(rows);
}

FeatureCache& Encoder::cache(nn::Place place) {
  const std::string key = feature_key(*model_, place, images_->exif());
  auto found = caches_.find(key);
  if (found == caches_.end()) {
    const auto folder = options_.cache_dir.empty() ? std::filesystem::path() : options_.cache_dir / "features" / key;
    found = caches_.emplace(key, FeatureCache(folder)).first;
  }
  return found->second;
}

}  // namespace graft::engine
