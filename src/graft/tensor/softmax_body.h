// The softmax of kernels.h, over Simd: sixteen queries in the lanes, their keys one after the other.
#pragma once

namespace graft::tensor {
namespace {

// exp(scale s - top) of one column of lanes; visit(key, p) stores it.
template <class Visit>
GRAFT_INLINE void softmax_column(int64_t keys, float scale, const float* column, int64_t lds, float* lse, float* share,
                                 const Visit& visit) {
  const F factor = Simd::set(scale);
  F top = Simd::set(-1e30f);  // so that a query that sees no key gets exp(-inf - top) = 0
  for (int64_t key = 0; key < keys; ++key)
    top = Simd::max(top, Simd::mul(factor, Simd::load(column + key * lds)));
  F sum = Simd::zero();
  for (int64_t key = 0; key < keys; ++key) {
    const F p = exp(Simd::sub(Simd::mul(factor, Simd::load(column + key * lds)), top));
    sum = Simd::add(sum, p);
    visit(key, p);
  }
  float tops[kLanes], sums[kLanes];
  Simd::store(tops, top);
  Simd::store(sums, sum);
  for (int lane = 0; lane < kLanes; ++lane) {
    share[lane] = sums[lane] == 0 ? 0 : 1 / sums[lane];
    lse[lane] = sums[lane] == 0 ? INFINITY : tops[lane] + logf(sums[lane]);
  }
}

void softmax(int64_t keys, int64_t queries, float scale, float* scores, int64_t lds, float* lse, float* share) {
  for (int64_t j = 0; j < queries; j += kLanes) {
    softmax_column(keys, scale, scores + j, lds, lse + j, share + j,
                   [&](int64_t key, F p) { Simd::store(scores + key * lds + j, p); });
  }
}

// Two keys become a row of pairs; the partner of the last of an odd number is zero.
template <class Value>
GRAFT_INLINE void store_pairs_of_keys(int64_t keys, bf16_bits* pairs, int64_t ldp, const Value& value) {
  int64_t key = 0;
  for (; key + 2 <= keys; key += 2)
    Simd::store_pairs(pairs + key * ldp, value(key), value(key + 1));
  if (key < keys) Simd::store_pairs(pairs + key * ldp, value(key), Simd::zero());
}

void softmax_bf16(int64_t keys, int64_t queries, float scale, float* scores, int64_t lds, bf16_bits* pairs, int64_t ldp,
                  float* lse, float* share) {
  for (int64_t j = 0; j < queries; j += kLanes) {
    F even = Simd::zero();
    softmax_column(keys, scale, scores + j, lds, lse + j, share + j, [&](int64_t key, F p) {
      if (key % 2 == 0) {
        even = p;
        if (key + 1 == keys) Simd::store_pairs(pairs + key * ldp + 2 * j, p, Simd::zero());
      } else {
        Simd::store_pairs(pairs + (key - 1) * ldp + 2 * j, even, p);
      }
    });
  }
}

// The probabilities of one column of lanes, in place of its scores; returns the mean of their gradient under them.
GRAFT_INLINE F probabilities(int64_t keys, float scale, float* scores, const float* gradient, int64_t lds, F lse) {
  const F factor = Simd::set(scale);
  F mean = Simd::zero();
  for (int64_t key = 0; key < keys; ++key) {
    const F p = exp(Simd::sub(Simd::mul(factor, Simd::load(scores + key * lds)), lse));
    Simd::store(scores + key * lds, p);
    mean = Simd::fma(p, Simd::load(gradient + key * lds), mean);
  }
  return mean;
}

void softmax_backward(int64_t keys, int64_t queries, float scale, float gradient_scale, float* scores, float* gradient,
                      int64_t lds, const float* lse) {
  const F last = Simd::set(gradient_scale);
  for (int64_t j = 0; j < queries; j += kLanes) {
    const F mean = probabilities(keys, scale, scores + j, gradient + j, lds, Simd::load(lse + j));
    for (int64_t key = 0; key < keys; ++key) {
      const F p = Simd::mul(Simd::load(scores + key * lds + j), last);
      float* const d = gradient + key * lds + j;
      Simd::store(d, Simd::mul(p, Simd::sub(Simd::load(d), mean)));
    }
  }
}

void softmax_backward_bf16(int64_t keys, int64_t queries, float scale, float gradient_scale, float* scores,
                           float* gradient, int64_t lds, const float* lse, KernelTable::Bf16Scores out) {
  const F last = Simd::set(gradient_scale);
  for (int64_t j = 0; j < queries; j += kLanes) {
    const F mean = probabilities(keys, scale, scores + j, gradient + j, lds, Simd::load(lse + j));
    store_pairs_of_keys(keys, out.gradient_pairs + 2 * j, out.ldp, [&](int64_t key) {
      const F p = Simd::load(scores + key * lds + j);
      const F d = Simd::mul(Simd::mul(p, last), Simd::sub(Simd::load(gradient + key * lds + j), mean));
      Simd::store(out.probabilities + key * out.ldp + j, p);
      Simd::store(out.gradient + key * out.ldp + j, d);
      return d;
    });
  }
}

}  // namespace
}  // namespace graft::tensor
