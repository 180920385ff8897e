#include "graft/tasks/prediction_file.h"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <cmath>

#include "graft/core/atomic_file.h"
#include "graft/tasks/pixel_counts.h"
#include "graft/tasks/retrieval.h"

namespace graft::tasks {
namespace {

constexpr size_t kAtOnce = size_t{1} << 16;  // bytes between two writes

using OrderedJson = nlohmann::ordered_json;

std::string as_text(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

// Of several classes or of numbers.
std::string line_of(const Predictions& predictions, int64_t row, std::string_view split,
                    const std::vector<std::string>& classes) {
  const auto told = predictions.probabilities[row].contiguous(), truth = predictions.truth[row].contiguous();
  const float *p = told.const_data_ptr<float>(), *t = truth.const_data_ptr<float>();
  const auto count = told.numel();
  OrderedJson json{{"file", predictions.files[static_cast<size_t>(row)]}, {"split", split}};
  if (predictions.target == data::Target::value) {
    json["value"] = std::isfinite(t[0]) ? OrderedJson(t[0]) : OrderedJson();
    json["predicted"] = p[0];
    return as_text(json) + "\n";
  }
  const auto named = [&](const float* of, float least) {
    auto names = OrderedJson::array();
    for (int64_t c = 0; c < count; ++c)
      if (of[c] >= least) names.push_back(classes[static_cast<size_t>(c)]);
    return names;
  };
  json["labels"] = std::isfinite(t[0]) ? named(t, 0.5F) : OrderedJson();
  json["predicted"] = named(p, 0.5F);
  auto text = as_text(json);
  text.pop_back();
  return fmt::format("{},\"scores\":[{}]}}\n", text, fmt::join(p, p + count, ","));
}

}  // namespace

// Of pairs: how many wrong ones stand before the right one, both ways.
namespace {

void write_ranks(AtomicFile& out, std::string_view split, const Predictions& predictions) {
  const auto ranks = retrieval_ranks(predictions.probabilities, predictions.truth, predictions.files);
  for (size_t i = 0; i < predictions.files.size(); ++i) {
    out.write(as_text({{"file", predictions.files[i]},
                       {"split", split},
                       {"image_to_text_rank", ranks.of_photos[static_cast<size_t>(ranks.photo[i])] + 1},
                       {"text_to_image_rank", ranks.of_texts[static_cast<size_t>(ranks.text[i])] + 1}}) +
              "\n");
  }
}

// Of masks: how well each photo is met.
void write_masks(AtomicFile& out, std::string_view split, const Predictions& predictions) {
  const auto sides = predictions.pixels.narrow(1, 0, 3);
  const auto mean = mean_iou(sides);
  for (size_t i = 0; i < predictions.files.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    const auto miou = mean[row].item<double>();
    out.write(as_text({{"file", predictions.files[i]},
                       {"split", split},
                       {"pixels", sides[row][0].sum().item<int64_t>()},
                       {"correct", sides[row][2].sum().item<int64_t>()},
                       {"miou", std::isfinite(miou) ? OrderedJson(miou) : OrderedJson()}}) +
              "\n");
  }
}

}  // namespace

void write_predictions(const std::filesystem::path& file, std::string_view split, const Predictions& predictions,
                       const std::vector<std::string>& classes) {
  AtomicFile out(file);
  std::string lines;
  if (predictions.target == data::Target::caption) {
    write_ranks(out, split, predictions);
    return out.commit();
  }
  if (predictions.target == data::Target::mask) {
    write_masks(out, split, predictions);
    return out.commit();
  }
  if (predictions.target != data::Target::label) {
    for (int64_t row = 0; row < static_cast<int64_t>(predictions.files.size()); ++row)
      lines += line_of(predictions, row, split, classes);
    out.write(lines);
    return out.commit();
  }
  const auto probabilities = predictions.probabilities.contiguous();
  const auto width = static_cast<size_t>(probabilities.size(1));
  const auto name_of = [&](int64_t place) { return OrderedJson(classes[static_cast<size_t>(place)]); };
  for (size_t i = 0; i < predictions.files.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    const auto best = top(predictions, row, 1).front();
    const int64_t label = predictions.labels[i];
    std::string text = as_text({{"file", predictions.files[i]},
                                {"split", split},
                                {"label", label < 0 ? OrderedJson() : name_of(label)},
                                {"predicted", name_of(best.first)}});
    text.pop_back();
    // A double's shortest text would show the digits that the float never had.
    lines += fmt::format("{},\"probability\":{},", text, static_cast<float>(best.second));
    if (predictions.best.defined()) {
      std::vector<std::string> pairs;
      for (const auto& [place, probability] : top(predictions, row, kBestScores))
        pairs.push_back(fmt::format("[{},{}]", as_text(name_of(place)), static_cast<float>(probability)));
      lines += fmt::format("\"top\":[{}]}}\n", fmt::join(pairs, ","));
    } else {
      const float* p = probabilities.const_data_ptr<float>() + i * width;
      lines += fmt::format("\"scores\":[{}]}}\n", fmt::join(p, p + width, ","));
    }
    if (lines.size() < kAtOnce) continue;
    out.write(lines);
    lines.clear();
  }
  out.write(lines);
  out.commit();
}

}  // namespace graft::tasks
