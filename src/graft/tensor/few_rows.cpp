#include "graft/tensor/few_rows.h"

namespace graft::tensor {
namespace {

thread_local bool few = false;

}  // namespace

FewRows::FewRows() : before_(few) {
  few = true;
}
FewRows::~FewRows() {
  few = before_;
}
bool FewRows::asked() {
  return few;
}

}  // namespace graft::tensor
