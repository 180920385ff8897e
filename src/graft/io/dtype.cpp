#include "graft/io/dtype.h"

#include <array>

namespace graft::io {
namespace {

struct Row {
  std::string_view name;
  std::size_t bytes;
  bool supported;
};

// In the order of the enumerators.
constexpr std::array kRows{
    Row{"F64", 8, true},      Row{"F32", 4, true},  Row{"F16", 2, true},      Row{"BF16", 2, true},
    Row{"I64", 8, true},      Row{"I32", 4, true},  Row{"I16", 2, true},      Row{"I8", 1, true},
    Row{"U8", 1, true},       Row{"BOOL", 1, true}, Row{"F8_E4M3", 1, false}, Row{"F8_E5M2", 1, false},
    Row{"F8_E8M0", 1, false}, Row{"U16", 2, false}, Row{"U32", 4, false},     Row{"U64", 8, false},
    Row{"C64", 8, false},
};
static_assert(kRows.size() == static_cast<std::size_t>(Dtype::c64) + 1);

const Row& row(Dtype dtype) {
  return kRows[static_cast<std::size_t>(dtype)];
}

}  // namespace

std::string_view name_of(Dtype dtype) {
  return row(dtype).name;
}
std::size_t size_of(Dtype dtype) {
  return row(dtype).bytes;
}
bool is_supported(Dtype dtype) {
  return row(dtype).supported;
}

std::optional<Dtype> dtype_named(std::string_view name) {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == name) return static_cast<Dtype>(i);
  }
  return std::nullopt;
}

}  // namespace graft::io
