#include "graft/models/told.h"

#include <fmt/ranges.h>

#include <charconv>
#include <cmath>

#include "graft/core/error.h"

namespace graft::models {
namespace {

void refuse_other(const std::string& option, const std::string& told, const std::string& said,
                  const std::string& file) {
  throw ConfigError("model", "--{} {}: {} says {}. Leave the option out, or correct the file.", option, told, file,
                    said);
}

template <class T>
void tell(const char* option, const std::optional<T>& told, const std::string& file, T& value) {
  if (!told) return;
  if (!file.empty() && *told != value) refuse_other(option, option::print(*told), option::print(value), file);
  value = *told;
}

void tell_channels(const char* option, const std::string& told, const std::string& file, std::array<float, 3>& value) {
  if (told.empty()) return;
  const auto numbers = parse_channels(option, told);
  const bool same = std::equal(numbers.begin(), numbers.end(), value.begin(),
                               [](float a, float b) { return std::abs(a - b) <= 1e-6f * std::abs(b); });
  if (!file.empty() && !same) refuse_other(option, told, fmt::format("{}", fmt::join(value, ",")), file);
  value = numbers;
}

}  // namespace

std::vector<std::pair<Inflate, std::string>> choices(Inflate) {
  return {{Inflate::i3d, "i3d"}, {Inflate::timesformer, "timesformer"}};
}

std::vector<std::pair<Decoder, std::string>> choices(Decoder) {
  return {{Decoder::deeplabv3, "deeplabv3"}};
}

std::array<float, 3> parse_channels(const std::string& option, const std::string& text) {
  std::vector<float> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    float number = 0;
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc() || !std::isfinite(number) || (rest != end && *rest != ',') || rest + 1 == end) {
      numbers.clear();
      break;
    }
    numbers.push_back(number);
    at = rest == end ? end : rest + 1;
  }
  if (numbers.size() == 1) return {numbers[0], numbers[0], numbers[0]};
  if (numbers.size() == 3) return {numbers[0], numbers[1], numbers[2]};
  throw ConfigError("model", "--{} {}: expected three numbers, as 0.5,0.5,0.5, or one for all channels.", option, text);
}

TowerReading with_told(TowerReading reading, const Told& told, const std::optional<int64_t>& heads,
                       const std::string& file) {
  if (heads && *heads < 1) throw ConfigError("model", "--heads: expected 1 or more, got {}.", *heads);
  tell("heads", heads, file, reading.heads);
  tell("activation", told.activation, file, reading.activation);
  return reading;
}

data::Preprocessing with_told(data::Preprocessing preprocessing, const Told& told, const std::string& file) {
  tell_channels("mean", told.mean, file, preprocessing.mean);
  tell_channels("std", told.std, file, preprocessing.std);
  tell("interpolation", told.interpolation, file, preprocessing.interpolation);
  return preprocessing;
}

}  // namespace graft::models
