// The norms of kernels.h, over Simd.
#pragma once

namespace graft::tensor {
namespace {

KernelTable::Moments layer_norm(int64_t n, float eps, const float* x, ConstRows change, const float* weight,
                                const float* bias, Rows stream, Rows normalised, Rows out) {
  const auto value = [&](int64_t i) {
    const F own = load_first(x + i, n - i);
    return change.data ? Simd::add(own, load_row(change, i, n - i)) : own;
  };
  F sum = Simd::zero();
  for (int64_t i = 0; i < n; i += kLanes) {
    const F v = value(i);
    if (stream.data) store_row(stream, i, n - i, v);
    sum = Simd::add(sum, v);
  }
  const float mean = Simd::sum(sum) / static_cast<float>(n);
  const ConstRows again = stream.data ? ConstRows{stream.data, 0, false} : ConstRows{x, 0, false};
  const F centre = Simd::set(mean);
  F squares = Simd::zero();
  for (int64_t i = 0; i < n; i += kLanes) {
    F deviation = Simd::sub(load_row(again, i, n - i), centre);
    if (n - i < kLanes) {  // the lanes beyond the row hold 0 - mean
      float buffer[kLanes];
      Simd::store(buffer, deviation);
      for (int64_t lane = n - i; lane < kLanes; ++lane)
        buffer[lane] = 0;
      deviation = Simd::load(buffer);
    }
    squares = Simd::fma(deviation, deviation, squares);
  }
  const float inverse = 1 / sqrtf(Simd::sum(squares) / static_cast<float>(n) + eps);
  const F factor = Simd::set(inverse);
  for (int64_t i = 0; i < n; i += kLanes) {
    F y = Simd::mul(Simd::sub(load_row(again, i, n - i), centre), factor);
    if (normalised.data) store_row(normalised, i, n - i, y);
    if (weight) y = Simd::mul(y, load_first(weight + i, n - i));
    if (bias) y = Simd::add(y, load_first(bias + i, n - i));
    store_row(out, i, n - i, y);
  }
  return {mean, inverse};
}

GRAFT_INLINE F normalised_again(const KernelTable::Normalised& of, int64_t i, int64_t n) {
  return Simd::mul(Simd::sub(load_row(of.row, i, n), Simd::set(of.mean)), Simd::set(of.factor));
}

void layer_norm_backward(int64_t n, float inverse_deviation, KernelTable::Normalised kept, ConstRows d_out,
                         const float* weight, const float* d_stream, Rows dx, Rows d_change) {
  const F factor = Simd::set(inverse_deviation);
  const auto gradient = [&](int64_t i) {
    const F d = load_row(d_out, i, n - i);
    return weight ? Simd::mul(d, load_first(weight + i, n - i)) : d;
  };
  F sum = Simd::zero(), along = Simd::zero();  // lanes beyond the row have no gradient
  for (int64_t i = 0; i < n; i += kLanes) {
    const F g = gradient(i);
    sum = Simd::add(sum, g);
    along = Simd::fma(g, normalised_again(kept, i, n - i), along);
  }
  const F mean = Simd::set(Simd::sum(sum) / static_cast<float>(n));
  const F slope = Simd::set(Simd::sum(along) / static_cast<float>(n));
  for (int64_t i = 0; i < n; i += kLanes) {
    F d =
        Simd::mul(factor, Simd::sub(Simd::sub(gradient(i), mean), Simd::mul(slope, normalised_again(kept, i, n - i))));
    if (d_stream) d = Simd::add(d, load_first(d_stream + i, n - i));
    if (dx.data) store_row(dx, i, n - i, d);
    if (d_change.data) store_row(d_change, i, n - i, d);
  }
}

void layer_norm_parameters(int64_t n, KernelTable::Normalised kept, ConstRows d_out, float* d_weight, float* d_bias) {
  for (int64_t i = 0; i < n; i += kLanes) {
    const F d = load_row(d_out, i, n - i);
    const F y = normalised_again(kept, i, n - i);
    if (d_weight) store_first(d_weight + i, n - i, Simd::fma(d, y, load_first(d_weight + i, n - i)));
    if (d_bias) store_first(d_bias + i, n - i, Simd::add(d, load_first(d_bias + i, n - i)));
  }
}

}  // namespace
}  // namespace graft::tensor
