// SPDX-License-Identifier: GPL-3.0-or-later
// The entries of C^-1 on the pattern of the factor.
#pragma once

#include "core/base/callbacks.h"
#include "core/linalg/cholesky.h"

namespace henderson::linalg {

struct InverseOptions {
  int threads = 1;            // at most this many; the numbers do not depend on it
  bool without_last = false;  // the inverse of the leading block alone; the entries of the last
                              // n_last columns become 0
};

class SelectedInverse {
 public:
  double operator[](Index position) const {
    return panels_.data()[position];
  }  // of SymbolicFactor::positions()
  const double* data() const { return panels_.data(); }
  const SymbolicFactor& symbolic() const { return panels_.symbolic(); }
  Panels release() && { return std::move(panels_); }

 private:
  friend SelectedInverse selected_inverse(CholeskyFactor&&, const InverseOptions&, Callbacks&);
  explicit SelectedInverse(Panels&& panels) : panels_(std::move(panels)) {}

  Panels panels_;
};

// What: C^-1 at the positions of the factor, in the factor's memory: L is overwritten.
// Cost: symbolic.inverse_flops(). Throws Interrupted (the memory is then lost).
// Source: Takahashi, Fagan & Chin (1973); Erisman & Tinney (1975), Comm. ACM 18; by supernodes from
// the roots down.
SelectedInverse selected_inverse(CholeskyFactor&& factor, const InverseOptions& options,
                                 Callbacks& callbacks);

}  // namespace henderson::linalg
