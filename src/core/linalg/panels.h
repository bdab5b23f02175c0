// SPDX-License-Identifier: GPL-3.0-or-later
// The one large piece of memory of a model: values on the pattern of L.
#pragma once

#include <memory>

#include "core/linalg/symbolic.h"
#include "core/linalg/workspace.h"

namespace henderson::linalg {

// Holds C while it is assembled, then its factor L, then C^-1; allocated once and handed from stage
// to stage, together with the workspace that the stages need. Offsets come from
// SymbolicFactor::positions(); offsets above the diagonal of a supernode's square are scratch.
class Panels {
 public:
  // Allocates symbolic->storage_size() doubles, all zero.
  explicit Panels(std::shared_ptr<const SymbolicFactor> symbolic);

  double* data() { return values_.get(); }
  const double* data() const { return values_.get(); }
  Index size() const { return symbolic_->storage_size(); }
  void set_zero();
  const SymbolicFactor& symbolic() const { return *symbolic_; }
  std::shared_ptr<const SymbolicFactor> shared_symbolic() const { return symbolic_; }
  Workspace& workspace() { return *workspace_; }

 private:
  std::shared_ptr<const SymbolicFactor> symbolic_;
  std::unique_ptr<double[]> values_;
  std::unique_ptr<Workspace> workspace_;
};

}  // namespace henderson::linalg
