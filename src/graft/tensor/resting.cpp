#include "graft/tensor/resting.h"

#include <torch/types.h>

#include <memory>

#include "graft/core/error.h"

namespace graft::tensor {
namespace {

struct Way {
  Numbers all;
  SomeRows some;
};

// Behind the storage's pointer, which is null, lies the way to the numbers; this deleter is the mark of such a storage.
void forget(void* way) {
  delete static_cast<Way*>(way);
}

const Way* way_to_numbers(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.has_storage()) return nullptr;
  const auto& pointer = tensor.storage().unsafeGetStorageImpl()->_mutable_data_ptr_no_checks();
  return pointer.get_deleter() == &forget ? static_cast<const Way*>(pointer.get_context()) : nullptr;
}

}  // namespace

at::Tensor resting(at::IntArrayRef sizes, Numbers numbers, SomeRows some) {
  const auto bytes = c10::multiply_integers(sizes) * static_cast<int64_t>(sizeof(float));
  auto way = std::make_unique<Way>(Way{std::move(numbers), std::move(some)});
  c10::DataPtr pointer(nullptr, way.release(), &forget, at::kCPU);
  c10::Storage storage(c10::Storage::use_byte_size_t(), static_cast<size_t>(bytes), std::move(pointer));
  storage.unsafeGetStorageImpl()->release_data_and_set_meta_custom_data_ptr_error_msg_(
      "a frozen weight at rest was read: its numbers are to be had from tensor::numbers_of");
  auto tensor = at::detail::make_tensor<c10::TensorImpl>(std::move(storage), c10::DispatchKeySet(c10::DispatchKey::CPU),
                                                         caffe2::TypeMeta::Make<float>());
  tensor.unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
  return tensor;
}

bool is_resting(const at::Tensor& tensor) {
  return way_to_numbers(tensor) != nullptr;
}

at::Tensor numbers_of(const at::Tensor& tensor) {
  const auto* way = way_to_numbers(tensor);
  if (!way) return tensor;
  const auto found = way->all();
  GRAFT_ASSERT(found.sizes() == tensor.sizes());
  return found.to(at::kFloat);
}

at::Tensor rows_of(const at::Tensor& table, const at::Tensor& rows) {
  const auto* way = way_to_numbers(table);
  if (!way) return at::embedding(table, rows);
  return (way->some ? way->some(rows) : at::embedding(way->all(), rows)).to(at::kFloat);
}

void wake(at::Tensor& tensor) {
  if (is_resting(tensor)) tensor.set_data(numbers_of(tensor).clone());
}

}  // namespace graft::tensor
