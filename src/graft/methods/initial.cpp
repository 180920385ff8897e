#include "graft/methods/initial.h"

#include <torch/types.h>

#include <cmath>

#include "graft/tensor/on_cpu.h"

namespace graft::methods {
namespace {

at::Generator generator_of(Random& random) {
  return at::make_generator<at::CPUGeneratorImpl>(random.bits());
}

}  // namespace

at::Tensor uniform(at::IntArrayRef shape, double bound, Random& random) {
  return torch::empty(shape, tensor::on_cpu()).uniform_(-bound, bound, generator_of(random));
}

at::Tensor normal(at::IntArrayRef shape, double std, Random& random) {
  return torch::empty(shape, tensor::on_cpu()).normal_(0, std, generator_of(random));
}

at::Tensor truncated_normal(at::IntArrayRef shape, double std, Random& random) {
  // By inversion: the normal distribution's mass between -2 and 2 deviations, through the inverse error function.
  const double reach = std::erf(2 / std::sqrt(2.0));
  const auto u = torch::empty(shape, tensor::on_cpu(torch::kFloat64)).uniform_(-reach, reach, generator_of(random));
  return (torch::erfinv(u) * (std::sqrt(2.0) * std)).to(torch::kFloat32);
}

at::Tensor kaiming_uniform(int64_t out, int64_t in, Random& random) {
  return uniform({out, in}, 1 / std::sqrt(static_cast<double>(in)), random);
}

}  // namespace graft::methods
