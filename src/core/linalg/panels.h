// SPDX-License-Identifier: GPL-3.0-or-later
// The one large piece of memory of a model: values on the pattern of L.
#pragma once

#include <memory>

#include "core/linalg/symbolic.h"
#include "core/linalg/workspace.h"

namespace henderson::linalg {

// What panels are made of, and where it lies while nobody has it.
struct PanelMemory {
  std::unique_ptr<double[]> values;
  std::unique_ptr<Workspace> workspace;
};

// Holds C while it is assembled, then its factor L, then C^-1; handed from stage to stage, together
// with the workspace that the stages need. Offsets come from SymbolicFactor::positions(); offsets
// above the diagonal of a supernode's square are scratch. Panels of a store go back to it when they
// end, whatever they hold by then.
class Panels {
 public:
  // Allocates symbolic->storage_size() doubles, all zero.
  explicit Panels(std::shared_ptr<const SymbolicFactor> symbolic);
  Panels(Panels&&) noexcept = default;
  Panels& operator=(Panels&& other) noexcept;
  ~Panels() { give_back(); }

  double* data() { return memory_.values.get(); }
  const double* data() const { return memory_.values.get(); }
  Index size() const { return symbolic_->storage_size(); }
  void set_zero();
  const SymbolicFactor& symbolic() const { return *symbolic_; }
  std::shared_ptr<const SymbolicFactor> shared_symbolic() const { return symbolic_; }
  Workspace& workspace() { return *memory_.workspace; }

 private:
  friend class PanelStore;
  Panels(std::shared_ptr<const SymbolicFactor> symbolic, PanelMemory&& memory,
         std::shared_ptr<PanelMemory> home)
      : symbolic_(std::move(symbolic)), memory_(std::move(memory)), home_(std::move(home)) {}
  void give_back() noexcept;

  std::shared_ptr<const SymbolicFactor> symbolic_;
  PanelMemory memory_;
  std::shared_ptr<PanelMemory> home_;  // empty: the memory is freed
};

// The memory for the factors of one pattern, one at a time: at 10^6 animals a second one would not
// fit.
class PanelStore {
 public:
  explicit PanelStore(std::shared_ptr<const SymbolicFactor> symbolic);

  // Zeros. Throws Error while others of this store are in use.
  Panels take();

 private:
  std::shared_ptr<const SymbolicFactor> symbolic_;
  std::shared_ptr<PanelMemory> home_;
};

}  // namespace henderson::linalg
