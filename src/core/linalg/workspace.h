// SPDX-License-Identifier: GPL-3.0-or-later
// Memory for the numerical stages, sized by the schedule; nothing is allocated inside their loops.
#pragma once

#include <memory>
#include <vector>

#include "core/linalg/kernels.h"
#include "core/linalg/schedule.h"

namespace henderson::linalg {

// What one thread needs.
struct ThreadMemory {
  std::unique_ptr<double[]> stack;  // update matrices of the fronts of a task
  std::unique_ptr<double[]> leaf;   // an update matrix of a leaf
  kernels::Scratch scratch;
};

class Workspace {
 public:
  explicit Workspace(const Schedule& schedule) : schedule_(schedule) {}

  // Makes room for `threads` threads; keeps what is there.
  void reserve(int threads);
  double* shared() { return shared_.get(); }
  ThreadMemory& thread(int t) { return threads_[t]; }

 private:
  const Schedule& schedule_;
  std::unique_ptr<double[]>
      shared_;  // update matrices of the top fronts and of the tasks' last fronts
  std::vector<ThreadMemory> threads_;
};

}  // namespace henderson::linalg
