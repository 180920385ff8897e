#include "graft/models/sources.h"

#include <torch/types.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "graft/core/error.h"
#include "graft/data/clip_source.h"
#include "graft/data/feature_source.h"
#include "graft/data/mask_source.h"
#include "graft/data/pair_source.h"
#include "graft/data/photo_source.h"
#include "graft/data/text_source.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models {
namespace {

std::shared_ptr<const data::TextSource> texts_of(const Tower& tower, const ModelInfo& info,
                                                 std::vector<data::Sample> samples, const ReadingOptions& options,
                                                 Reporter* report) {
  const auto tokenizer = tower.tokenizer();
  if (!tokenizer) {
    throw ModelError("text",
                     "{}: no tokenizer lies beside the weights, so no text can be read. Expected tokenizer.json, "
                     "vocab.txt, or vocab.json with merges.txt.",
                     info.source);
  }
  const int64_t most = tower.context_length(), length = options.max_length.value_or(most);
  if (length < 3 || length > most) {
    throw ConfigError("text", "--max-length {}: expected 3 to {}, as many tokens as {} reads.", length, most,
                      info.source);
  }
  const auto source = std::make_shared<data::TextSource>(std::move(samples), tokenizer, length,
                                                         text::Truncation::kLongestFirst, options.workers);
  if (const auto cut = source->cut(); cut.texts > 0 && report) {
    report->note({fmt::format("{} of {} texts are longer than {} tokens and lose {:L} of them", cut.texts,
                              source->size(), length, cut.tokens)});
  }
  return source;
}

at::Tensor as_ids(const std::vector<int32_t>& ids, int64_t rows) {
  const auto width = rows > 0 ? static_cast<int64_t>(ids.size()) / rows : 0;
  return torch::from_blob(const_cast<int32_t*>(ids.data()), {rows, width}, tensor::on_cpu(at::kInt)).to(at::kLong);
}

// [B, H, W], in memory of their own.
at::Tensor as_masks(const std::vector<uint8_t>& masks, data::Size size) {
  const auto count = static_cast<int64_t>(masks.size()) / std::max(1, size.height * size.width);
  return torch::from_blob(const_cast<uint8_t*>(masks.data()), {count, size.height, size.width},
                          tensor::on_cpu(at::kByte))
      .clone();
}

// Of all examples, nothing random.
at::Tensor masks_of(const data::Source& source) {
  const auto size = source.mask_size();
  const auto masks = torch::empty({source.size(), size.height, size.width}, tensor::on_cpu(at::kByte));
  const auto pixels = static_cast<size_t>(size.height) * static_cast<size_t>(size.width);
  for (int64_t i = 0; i < source.size(); ++i) {
    data::Row row;
    row.mask = {masks.data_ptr<uint8_t>() + static_cast<size_t>(i) * pixels, pixels};
    source.read(i, Random(0), row);
  }
  return masks;
}

// The samples' captions, for the tower that reads them.
std::shared_ptr<const data::TextSource> captions_of(const Model& model, const std::vector<data::Sample>& samples,
                                                    const ReadingOptions& options, Reporter* report) {
  const auto& why = model.info().no_text;
  if (!model.tower(nn::Tower::text) || !why.empty()) {
    throw ModelError("data",
                     "photos with captions need a model that reads both; {} reads photos alone{}{}. "
                     "Take a CLIP, or give it a sentence encoder with --text-model.",
                     model.info().source, why.empty() ? "" : ": ", why);
  }
  std::vector<data::Sample> texts;
  for (const auto& sample : samples)
    texts.push_back({.input = sample.pair, .name = sample.shown()});
  return texts_of(model.need(nn::Tower::text), model.info(), std::move(texts), options, report);
}

std::shared_ptr<const data::Source> clips_of(const Model& model, const data::Dataset& dataset,
                                             std::vector<data::Sample> samples, const ReadingOptions& options) {
  const auto asked = options.clips.sampling.frames, made_for = model.reader().frames();
  if (made_for > 0 && asked != made_for) {
    throw ConfigError(
        "data",
        "--frames {}: {} was made for clips of {} frames and computes nonsense of others. Expected --frames {}.", asked,
        model.info().source, made_for, made_for);
  }
  auto frames =
      options.frames
          ? options.frames
          : std::make_shared<data::FrameCache>(data::FrameCache::Options{.clip = {.colour = options.clips.colour}});
  return std::make_shared<data::ClipSource>(dataset.root, std::move(samples),
                                            data::ImageTransform(model.info().preprocessing, options.augmentation),
                                            options.clips, std::move(frames));
}

}  // namespace

std::shared_ptr<const data::Source> source_of(const Model& model, const data::Dataset& dataset,
                                              std::vector<data::Sample> samples, const ReadingOptions& options,
                                              Reporter* report) {
  const auto& tower = model.reader();
  if (dataset.reads == data::Reads::features)
    return std::make_shared<data::FeatureSource>(dataset.features, std::move(samples));
  const bool reads_texts = tower.name() == nn::Tower::text;
  if (reads_texts != (dataset.reads == data::Reads::text)) {
    throw ModelError(
        "data",
        "{} holds {}, and {} reads {}. Take another model, or name the columns to read (--text-column, "
        "--image-column).{}",
        dataset.name, data::unit_of(dataset.reads), model.info().source, reads_texts ? "texts" : "photos",
        !reads_texts && model.tower(nn::Tower::text) ? " With --reads text its text tower alone reads texts." : "");
  }
  if (reads_texts) return texts_of(tower, model.info(), std::move(samples), options, report);
  if (dataset.reads == data::Reads::clip) return clips_of(model, dataset, std::move(samples), options);
  if (dataset.target == data::Target::mask) {
    return std::make_shared<data::MaskSource>(dataset.root, std::move(samples), model.info().preprocessing,
                                              options.augmentation, options.images, dataset.masks);
  }
  std::shared_ptr<const data::TextSource> captions;
  if (dataset.target == data::Target::caption) captions = captions_of(model, samples, options, report);
  auto photos = std::make_shared<data::PhotoSource>(
      dataset.root, std::move(samples), data::ImageTransform(model.info().preprocessing, options.augmentation),
      options.images);
  if (!captions) return photos;
  return std::make_shared<data::PairSource>(std::move(photos), std::move(captions));
}

at::Tensor caption_ids(const Model& model, const std::vector<std::string>& texts, const ReadingOptions& options,
                       Reporter* report) {
  std::vector<data::Sample> samples;
  for (const auto& text : texts)
    samples.push_back({.input = text, .pair = text});
  const auto source = captions_of(model, samples, options, report);
  std::vector<std::span<const int32_t>> rows;
  for (int64_t i = 0; i < source->size(); ++i)
    rows.push_back(source->ids(i));
  return as_ids(data::side_by_side(rows), source->size());
}

nn::Value value_of(const data::Batch& batch, const data::Preprocessing& preprocessing) {
  if (batch.reads == data::Reads::features) {
    const auto width = static_cast<int64_t>(batch.images.size()) / batch.size();
    return {torch::from_blob(const_cast<float*>(batch.images.data()), {batch.size(), width}, tensor::on_cpu()).clone()};
  }
  if (!batch.images.empty()) {
    const auto size = preprocessing.output();
    // Autograd may keep what it is given, and the loader takes its memory back.
    nn::Value value{torch::from_blob(const_cast<float*>(batch.images.data()),
                                     {batch.size() * batch.frames, 3, size.height, size.width}, tensor::on_cpu())
                        .clone()};
    value.layout.frames = batch.frames;
    return value;
  }
  const auto count = batch.size(), length = static_cast<int64_t>(batch.ids.size()) / count;
  const auto numbers = [&](const std::vector<int32_t>& of) {
    return torch::from_blob(const_cast<int32_t*>(of.data()), {count, length}, tensor::on_cpu(at::kInt)).to(at::kLong);
  };
  nn::Value value{numbers(batch.ids)};
  if (std::any_of(batch.types.begin(), batch.types.end(), [](int32_t type) { return type != 0; }))
    value.types = numbers(batch.types);
  const auto lengths = torch::tensor(batch.lengths, tensor::on_cpu(at::kLong));
  if ((lengths < length).any().item<bool>()) {
    value.present = torch::arange(length, lengths.options()).unsqueeze(0) < lengths.unsqueeze(1);
  }
  return value;
}

nn::Value blank_value(const Model& model, const data::Source& of, int64_t batch) {
  if (of.reads() == data::Reads::features)
    return {torch::zeros({batch, static_cast<int64_t>(of.floats())}, tensor::on_cpu())};
  if (of.reads() != data::Reads::text) {
    const auto size = model.info().preprocessing.output();
    nn::Value value{torch::zeros({batch * of.frames(), 3, size.height, size.width}, tensor::on_cpu())};
    value.layout.frames = of.frames();
    return value;
  }
  int64_t longest = 1;
  for (int64_t i = 0; i < of.size(); ++i)
    longest = std::max(longest, of.length(i));
  return {torch::full({batch, data::padded_length(of, longest)}, int64_t{of.pad()}, tensor::on_cpu(at::kLong))};
}

at::Tensor blank_targets(const data::Dataset& dataset, const data::Source& of, int64_t batch) {
  if (dataset.target == data::Target::caption) {
    size_t longest = 1;
    for (int64_t i = 0; i < of.size(); ++i)
      longest = std::max(longest, of.caption(i).size());
    auto ids = at::zeros({batch, static_cast<int64_t>(longest)}, tensor::on_cpu(at::kLong));
    for (int64_t i = 0; i < batch; ++i) {  // i in base 4: texts that differ, of ids that every vocabulary has
      int64_t rest = i;
      for (size_t t = 0; t < longest; ++t, rest /= 4)
        ids[i][static_cast<int64_t>(t)] = rest % 4;
    }
    return ids;
  }
  if (dataset.target == data::Target::mask) {
    const auto size = of.mask_size();
    return torch::zeros({batch, size.height, size.width}, tensor::on_cpu(at::kByte));
  }
  if (dataset.target == data::Target::label) return torch::zeros({batch}, tensor::on_cpu(at::kLong));
  return torch::zeros({batch, data::outputs_of(dataset)}, tensor::on_cpu());
}

at::Tensor targets_of(const data::Batch& batch, data::Target target) {
  if (target == data::Target::caption) {
    return as_ids(batch.captions, batch.size());
  }
  if (target == data::Target::mask) return as_masks(batch.masks, batch.mask_size);
  if (target == data::Target::label) return torch::tensor(batch.labels, tensor::on_cpu(at::kLong));
  return torch::tensor(batch.values, tensor::on_cpu()).view({batch.size(), -1});
}

at::Tensor targets_of(const data::Source& source, data::Target target) {
  if (target == data::Target::caption) {
    std::vector<int64_t> all(static_cast<size_t>(source.size()));
    std::iota(all.begin(), all.end(), int64_t{0});
    return as_ids(data::captions_of(source, all), source.size());
  }
  if (target == data::Target::mask) return masks_of(source);
  std::vector<int64_t> labels;
  std::vector<float> values;
  for (int64_t i = 0; i < source.size(); ++i) {
    labels.push_back(source.label(i));
    const auto own = source.values(i);
    values.insert(values.end(), own.begin(), own.end());
  }
  if (target == data::Target::label) return torch::tensor(labels, tensor::on_cpu(at::kLong));
  const auto width = source.size() > 0 ? static_cast<int64_t>(values.size()) / source.size() : 1;
  return torch::tensor(values, tensor::on_cpu()).view({source.size(), width});
}

}  // namespace graft::models
