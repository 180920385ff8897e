// Products of a row or two, as they are where a text is written token by token: no numbers are made of a weight that
// stays quantised, whose blocks are multiplied as they lie.
#pragma once

namespace graft::tensor {

// While it lives, frozen maps of this thread that need no gradient multiply blocks as under int8, whatever the
// precision but fp32: as exact as bf16, and faster for a few rows. The bits are others, so that what is to depend on a
// row alone asks for this always or never.
class FewRows {
 public:
  FewRows();
  ~FewRows();
  FewRows(const FewRows&) = delete;
  FewRows& operator=(const FewRows&) = delete;
  static bool asked();

 private:
  bool before_;
};

}  // namespace graft::tensor
