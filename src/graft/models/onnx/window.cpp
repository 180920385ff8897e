#include "graft/models/onnx/window.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/core/printable.h"

namespace graft::models::onnx {
namespace {

constexpr int64_t kMostLength = 1 << 20;  // of a kernel, a stride or a padding

std::vector<int64_t> lengths_of(const Call& call, const char* name, size_t rank, int64_t otherwise, int64_t least) {
  auto lengths = call.integers(name).value_or(std::vector<int64_t>(rank, otherwise));
  if (lengths.size() != rank) call.refuse("{} of {} axes, where the map has {}.", name, lengths.size(), rank);
  for (const auto length : lengths) {
    if (length < least || length > kMostLength)
      call.refuse("{} {}: expected {} to {}.", name, length, least, kMostLength);
  }
  return lengths;
}

void pad_automatically(const Call& call, const at::Tensor& x, Window& window) {
  const auto how = call.text("auto_pad", "NOTSET");
  if (how == "VALID") return;
  if (how != "SAME_UPPER" && how != "SAME_LOWER")
    call.refuse("auto_pad '{}': expected NOTSET, VALID, SAME_UPPER or SAME_LOWER.", printable(how));
  for (size_t i = 0; i < window.rank(); ++i) {
    const auto length = x.size(static_cast<int64_t>(i) + 2), count = (length - 1) / window.strides[i] + 1;
    const auto all = std::max<int64_t>(0, (count - 1) * window.strides[i] + window.reach(i) - length);
    const auto less = all / 2;
    window.before[i] = how == "SAME_UPPER" ? less : all - less;
    window.after[i] = all - window.before[i];
  }
}

}  // namespace

int64_t Window::count(size_t i, int64_t length, bool partial) const {
  const auto room = length + before[i] + after[i] - reach(i);
  if (room < 0) return 0;
  auto found = room / strides[i] + 1;
  if (partial && room % strides[i] != 0 && found * strides[i] < length + before[i]) ++found;
  return found;
}

Window window_of(const Call& call, const at::Tensor& x, std::vector<int64_t> kernel) {
  if (x.dim() < 3 || x.dim() > 4) call.refuse("input 0 has {} axes: expected [N, C, L] or [N, C, H, W].", x.dim());
  const auto rank = static_cast<size_t>(x.dim() - 2);
  if (kernel.size() != rank) call.refuse("a kernel of {} axes on a map of {}.", kernel.size(), rank);
  for (const auto length : kernel) {
    if (length < 1 || length > kMostLength)
      call.refuse("a kernel of length {}: expected 1 to {}.", length, kMostLength);
  }
  Window window{.kernel = std::move(kernel),
                .strides = lengths_of(call, "strides", rank, 1, 1),
                .dilations = lengths_of(call, "dilations", rank, 1, 1),
                .before = std::vector<int64_t>(rank, 0),
                .after = std::vector<int64_t>(rank, 0)};
  if (call.text("auto_pad", "NOTSET") != "NOTSET") {
    if (call.integers("pads")) call.refuse("both auto_pad and pads are there: expected one.");
    pad_automatically(call, x, window);
  } else {
    const auto pads = lengths_of(call, "pads", 2 * rank, 0, 0);
    std::copy_n(pads.begin(), rank, window.before.begin());
    std::copy_n(pads.begin() + static_cast<std::ptrdiff_t>(rank), rank, window.after.begin());
  }
  return window;
}

Window window_of(const Call& call, const at::Tensor& x) {
  const auto kernel = call.integers("kernel_shape");
  if (!kernel) call.refuse("it does not say its kernel_shape.");
  auto window = window_of(call, x, *kernel);
  for (size_t i = 0; i < window.rank(); ++i) {
    if (window.before[i] >= window.reach(i) || window.after[i] >= window.reach(i))
      call.refuse("pads of {} and {} around windows of {}: there would be windows of padding alone.", window.before[i],
                  window.after[i], window.reach(i));
  }
  return window;
}

at::Tensor padded(const Call& call, const at::Tensor& x, const Window& window, double value,
                  const std::vector<int64_t>& more) {
  std::vector<int64_t> pads, shape = x.sizes().vec();
  for (size_t i = window.rank(); i-- > 0;) {  // the last axis first
    pads.push_back(window.before[i]);
    pads.push_back(window.after[i] + (more.empty() ? 0 : more[i]));
    shape[i + 2] += pads[pads.size() - 2] + pads.back();
  }
  if (std::ranges::all_of(pads, [](int64_t pad) { return pad == 0; })) return x;
  call.allow(shape);
  return at::constant_pad_nd(x, pads, value);
}

}  // namespace graft::models::onnx
