#include "graft/cli/told_masks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "graft/cli/results.h"
#include "graft/cli/table.h"
#include "graft/core/printable.h"

namespace graft::cli {
namespace {

constexpr double kWorthSaying = 0.01;  // of the pixels

std::string words_of(const pipelines::ToldMasks::Photo& photo, const std::vector<std::string>& classes) {
  std::vector<size_t> order(classes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return photo.shares[a] > photo.shares[b]; });
  std::string text;
  for (const auto c : order) {
    if (photo.shares[c] < kWorthSaying) break;
    text += fmt::format("{}{} {:.0f} %", text.empty() ? "" : ", ", classes[c], 100 * photo.shares[c]);
  }
  return text;
}

}  // namespace

void print_told_masks(const pipelines::ToldMasks& found, Terminal& terminal) {
  TextTable table({Align::left, Align::left});
  for (const auto& photo : found.photos) {
    if (terminal.json()) {
      nlohmann::json shares = nlohmann::json::object();
      for (size_t c = 0; c < found.classes.size(); ++c)
        shares[found.classes[c]] = std::round(photo.shares[c] * 1e6) / 1e6;
      terminal.print(dump({{"file", photo.name}, {"shares", std::move(shares)}}));
    } else {
      table.row({printable(photo.name), words_of(photo, found.classes)});
    }
  }
  print(table, terminal);
}

}  // namespace graft::cli
