#include "graft/engine/prediction_file.h"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace graft::engine {

std::string prediction_lines(std::string_view split, const Predictions& predictions,
                             const std::vector<std::string>& classes) {
  std::string lines;
  const auto probabilities = predictions.probabilities.contiguous();
  const auto width = static_cast<size_t>(probabilities.size(1));
  for (size_t i = 0; i < predictions.files.size(); ++i) {
    const auto best = top(probabilities, static_cast<int64_t>(i), 1).front();
    nlohmann::ordered_json row{{"file", predictions.files[i]}, {"split", split}};
    const int64_t label = predictions.labels[i];
    row["label"] = label < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(classes[static_cast<size_t>(label)]);
    row["predicted"] = classes[static_cast<size_t>(best.first)];
    // A double's shortest text would show the digits that the float never had.
    std::string text = row.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    text.pop_back();
    const float* p = probabilities.const_data_ptr<float>() + i * width;
    lines += fmt::format("{},\"probability\":{},\"scores\":[{}]}}\n", text, static_cast<float>(best.second),
                         fmt::join(p, p + width, ","));
  }
  return lines;
}

}  // namespace graft::engine
