// SPDX-License-Identifier: GPL-3.0-or-later
// Quadratic forms of many vectors in one matrix.
#pragma once

#include "core/base/types.h"

namespace henderson::linalg {

class SharedScratch;

// The lower triangle that has the same quadratic form: x'Ax = x'Bx with B = L + U' + D of A = L + D
// + U. Half the products of A itself.
class QuadraticForm {
 public:
  // A, symmetric or not.
  explicit QuadraticForm(const ConstMatrixRef& a);

  // What: values[c] = x_c'A x_c of the columns of x. Cost: n^2 each.
  void evaluate(const ConstMatrixRef& x, SharedScratch& scratch, VectorRef values) const;

 private:
  Matrix lower_;
};

}  // namespace henderson::linalg
