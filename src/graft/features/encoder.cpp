#include "graft/features/encoder.h"

#include <torch/types.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <span>
#include <unordered_set>
#include <utility>

#include "graft/core/clock.h"
#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/core/signals.h"
#include "graft/data/batch.h"
#include "graft/data/epoch_order.h"
#include "graft/data/loader.h"
#include "graft/data/photo_findings.h"
#include "graft/models/sources.h"
#include "graft/tensor/finite.h"
#include "graft/tensor/on_cpu.h"

namespace graft::features {
namespace {

// Photos between two writes to the cache: what a crash may cost.
constexpr size_t kShard = 1024;

// What a photo's features hang on is its file, a clip's its file and which frames; a text's, the ids that the model's
// tokenizer makes of it.
std::string content_key(const data::Source& source, int64_t i) {
  if (source.reads() != data::Reads::text) return source.content(i);
  data::Row row;
  source.read(i, Random(0), row);
  Hash hash;
  for (const auto* numbers : {&row.ids, &row.types})
    hash.add(std::as_bytes(std::span(*numbers)));
  return hash.hex();
}

// What is known of a value's rows, and of which the value has one an example.
at::Tensor rows_of(const at::Tensor& of, int64_t begin, int64_t count) {
  return of.defined() ? of.narrow(0, begin, count) : of;
}

}  // namespace

at::Tensor padded(const at::Tensor& value, int64_t begin, int64_t size) {
  const int64_t count = std::min(size, value.size(0) - begin);
  const at::Tensor part = value.narrow(0, begin, count);
  if (count == size) return part;
  auto shape = value.sizes().vec();
  shape[0] = size - count;
  return at::cat({part, torch::zeros(shape, value.options())});
}

nn::Value padded(const nn::Value& value, int64_t begin, int64_t size) {
  nn::Value part{padded(value.x, begin, size), value.layout};
  // Rows that are there to fill the pass are no padding to themselves: attention to nothing has no value.
  if (value.present.defined()) {
    part.present = padded(value.present, begin, size);
    part.present.narrow(1, 0, 1).fill_(true);
  }
  if (value.types.defined()) part.types = padded(value.types, begin, size);
  return part;
}

Encoder::Encoder(std::shared_ptr<models::Model> model, std::shared_ptr<data::ImageCache> images, EncoderOptions options)
    : model_(std::move(model)),
      images_(images ? std::move(images) : std::make_shared<data::ImageCache>(data::Exif::keep, 0)),
      options_(std::move(options)) {}

data::PhotoSource Encoder::photos(const std::vector<std::filesystem::path>& files) const {
  std::vector<data::Sample> samples;
  for (const auto& file : files)
    samples.push_back({.input = file.string()});
  return {{}, std::move(samples), data::ImageTransform(model_->info().preprocessing), images_};
}

at::Tensor Encoder::features(const data::Source& source, nn::Place place, Reporter& report) {
  if (place == 0 || source.size() == 0) return compute(source, place, report);
  FeatureCache& cache = this->cache(place);
  std::vector<std::string> contents, missing_contents;
  std::vector<int64_t> missing;
  std::unordered_set<std::string> asked;
  for (int64_t i = 0; i < source.size(); ++i) {
    stop_if_asked();
    contents.push_back(content_key(source, i));
    if (cache.has(contents.back()) || !asked.insert(contents.back()).second) continue;
    missing.push_back(i);
    missing_contents.push_back(contents.back());
  }
  reused_ += source.size() - static_cast<int64_t>(missing.size());
  const auto start = Clock::now();
  for (size_t begin = 0; begin < missing.size(); begin += kShard) {
    const auto end = std::min(begin + kShard, missing.size());
    const auto range = [&](auto& all) {
      return std::remove_cvref_t<decltype(all)>(all.begin() + begin, all.begin() + end);
    };
    const at::Tensor rows = encode(data::Selection(source, range(missing)), place, {}, &Encoder::run_to_tensor, report);
    cache.add(range(missing_contents), rows);
    if (!cache.trouble().empty() && !std::exchange(warned_, true)) {
      report.warn(fmt::format("features are not kept for the next run: {}", cache.trouble()));
    }
  }
  if (!missing.empty()) seconds_ += seconds_since(start);
  std::vector<at::Tensor> rows;
  for (const auto& content : contents)
    rows.push_back(cache.row(content));
  return torch::stack(rows);
}

at::Tensor Encoder::compute(const data::Source& source, nn::Place place, Reporter& report) {
  return encode(source, place, {}, &Encoder::run_to_tensor, report);
}

at::Tensor Encoder::rows(const data::Source& source, nn::Place place, Reporter& report) {
  return encode(source, place, {}, &Encoder::run_to_rows, report);
}

void Encoder::each_value(const data::Source& source, nn::Place place,
                         const std::function<void(const nn::Value&)>& function) {
  const auto pass = examples_a_pass(source.frames());
  for (int64_t begin = 0; begin < source.size(); begin += pass) {
    std::vector<int64_t> indices(static_cast<size_t>(std::min(pass, source.size() - begin)));
    std::iota(indices.begin(), indices.end(), begin);
    const auto batch = data::batch_of(source, std::move(indices));
    function(run(models::value_of(batch, model_->info().preprocessing), 0, place));
  }
}

at::Tensor Encoder::augmented(const data::Source& source, nn::Place place, int64_t views, const Random& random,
                              Reporter& report) {
  return encode(source, place, {views, random.seed()}, &Encoder::run_to_tensor, report);
}

bool Encoder::fits(int64_t examples, nn::Place place, int64_t frames) {
  const auto bytes = static_cast<double>(examples) * static_cast<double>(floats_at(place, frames)) * sizeof(float);
  return bytes <= static_cast<double>(options_.memory_bytes);
}

int64_t Encoder::floats_at(nn::Place place, int64_t frames) {
  auto& tower = model_->reader();
  if (place >= tower.pooled()) return tower.width(place);
  const auto size = model_->info().preprocessing.output();
  if (place == 0) return frames * 3 * size.height * size.width;
  if (tokens_ == 0) tokens_ = run({torch::zeros({1, 3, size.height, size.width}, tensor::on_cpu())}, 0, 1).x.size(1);
  return frames * tokens_ * tower.width(place);
}

nn::Value Encoder::run(const nn::Value& value, nn::Place from, nn::Place to) {
  if (from == to) return value;
  const torch::NoGradGuard no_grad;
  auto& tower = model_->reader();
  const auto frames = value.layout.frames;
  if (frames > 1 && to > tower.pooled()) return run(run(value, from, tower.pooled()), tower.pooled(), to);
  std::vector<at::Tensor> x, present;
  nn::Layout layout;
  const int64_t rows = value.x.size(0), size = examples_a_pass(frames) * frames;
  for (int64_t begin = 0; begin < rows; begin += size) {
    const auto count = std::min(size, rows - begin) / frames;  // of examples
    const auto there = tower.run(padded(value, begin, size), from, to, {});
    x.push_back(there.x.to(at::kFloat).narrow(0, 0, count * there.layout.frames));
    if (there.present.defined()) present.push_back(there.present.narrow(0, 0, count));
    layout = there.layout;
  }
  const auto joined = [](const std::vector<at::Tensor>& parts) {
    return parts.empty() ? at::Tensor() : parts.size() == 1 ? parts.front() : at::cat(parts);
  };
  return {joined(x), layout, joined(present)};
}

at::Tensor Encoder::run_to_tensor(const nn::Value& value, nn::Place from, nn::Place to) {
  const auto there = run(value, from, to);
  return there.layout.frames > 1 ? there.x.unflatten(0, {-1, there.layout.frames}) : there.x;
}

at::Tensor Encoder::run_to_rows(const nn::Value& value, nn::Place from, nn::Place to) {
  const torch::NoGradGuard no_grad;
  return model_->reader().rows(run(value, from, to)).to(at::kFloat);
}

// A model's weights are finite when it is loaded: what is not was made on the way.
void Encoder::check_finite(const at::Tensor& rows, const nn::Value& read, const data::Source& source,
                           const std::vector<int64_t>& indices, nn::Place place) {
  const auto bad = tensor::not_finite(rows);
  if (bad.count == 0) return;
  nn::Place at = place;
  const auto frames = read.layout.frames;
  nn::Value value{rows_of(read.x, bad.row * frames, frames), read.layout, rows_of(read.present, bad.row, 1),
                  rows_of(read.types, bad.row, 1)};
  for (nn::Place to = 1; to < place && at == place; ++to) {
    value = run(value, to - 1, to);
    if (tensor::not_finite(value.x).count > 0) at = to;
  }
  const std::string precision(tensor::to_string(model_->precision()));
  throw DivergenceError(
      "features", "{}: {} of its {} features are not finite (the first is {}); they are so from {} on. {}",
      source.name(indices[static_cast<size_t>(bad.row)]), bad.in_row, rows.numel() / rows.size(0), bad.value,
      model_->reader().name_of(at),
      precision == "fp32"
          ? "The model's weights make numbers too large for float32."
          : fmt::format("The weights are held in {}: --precision fp32 may hold what that cannot.", precision));
}

class Encoder::Progress {
 public:
  Progress(const data::Source& source, int64_t views, Reporter& report)
      : total_(source.size() * views), unit_(data::rate_unit_of(source.reads())), report_(report) {}
  void add(int64_t examples) {
    done_ += examples;
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start_;
    report_.progress({"features", done_, total_, "", static_cast<double>(done_) / seconds.count(), unit_});
  }
  int64_t done() const { return done_; }

 private:
  int64_t total_, done_ = 0;
  std::string unit_;
  Reporter& report_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

at::Tensor Encoder::encode(const data::Source& source, nn::Place place, Views views, Pass pass, Reporter& report) {
  if (source.size() == 0)
    return torch::empty({0, source.reads() == data::Reads::text ? 1 : floats_at(place, source.frames())},
                        tensor::on_cpu());
  return source.reads() == data::Reads::text ? encode_texts(source, place, pass, report)
                                             : encode_pixels(source, place, views, pass, report);
}

at::Tensor Encoder::encode_pixels(const data::Source& source, nn::Place place, Views views, Pass pass,
                                  Reporter& report) {
  const int64_t workers = std::max<int64_t>(1, options_.workers);
  data::Loader loader(
      std::shared_ptr<const data::Source>(std::shared_ptr<void>(), &source),  // which outlives it
      {.batch_size = examples_a_pass(source.frames()), .workers = workers, .epochs = views.count, .seed = views.seed});
  if (loader.workers() < workers && !std::exchange(told_, true))
    data::report_workers(loader.workers(), workers, report);
  std::vector<at::Tensor> rows;
  Progress progress(source, views.count, report);
  for (int64_t view = 0; view < views.count; ++view) {
    while (auto batch = loader.next()) {
      stop_if_asked();
      const auto read = models::value_of(*batch, model_->info().preprocessing);
      const at::Tensor value = (this->*pass)(read, 0, place);
      check_finite(value, read, source, batch->indices, place);
      rows.push_back(value);
      progress.add(batch->size());
      loader.recycle(std::move(*batch));
    }
  }
  encoded_ += progress.done();
  return torch::cat(rows);
}

// Texts of one length, rounded up, go together: a pass then has the same shape for a text in any company.
at::Tensor Encoder::encode_texts(const data::Source& source, nn::Place place, Pass pass, Reporter& report) {
  const auto order = data::order_by_length(source);
  const auto rounded = [&](int64_t i) { return data::padded_length(source, source.length(i)); };
  std::vector<at::Tensor> rows(order.size());
  Progress progress(source, 1, report);
  for (size_t begin = 0; begin < order.size();) {
    stop_if_asked();
    const auto length = rounded(order[begin]);
    size_t end = begin;
    while (end < order.size() && end < begin + kEncoderBatch && rounded(order[end]) == length)
      ++end;
    const std::vector<int64_t> indices(order.begin() + begin, order.begin() + end);
    auto read = models::value_of(data::batch_of(source, indices), model_->info().preprocessing);
    if (!read.present.defined()) read.present = torch::ones(read.x.sizes(), read.x.options().dtype(at::kBool));
    const at::Tensor value = (this->*pass)(read, 0, place);
    check_finite(value, read, source, indices, place);
    for (size_t i = begin; i < end; ++i)
      rows[static_cast<size_t>(order[i])] = value[static_cast<int64_t>(i - begin)];
    progress.add(static_cast<int64_t>(end - begin));
    begin = end;
  }
  encoded_ += progress.done();
  return torch::stack(rows);
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

}  // namespace graft::features
