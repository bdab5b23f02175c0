// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/workspace.h"

#include <algorithm>

namespace henderson::linalg {

void Workspace::reserve(int threads) {
  const auto doubles = [](Index n) {
    return std::unique_ptr<double[]>(new double[static_cast<std::size_t>(n)]);
  };
  if (!shared_) shared_ = doubles(schedule_.shared_memory);
  while (static_cast<int>(threads_.size()) < threads) {
    ThreadMemory memory;
    memory.stack = doubles(schedule_.thread_memory);
    memory.leaf = doubles(Index{schedule_.max_leaf_below} * schedule_.max_leaf_below);
    memory.scratch.reserve(schedule_.max_height,
                           std::max(schedule_.max_width, schedule_.max_leaf_width));
    threads_.push_back(std::move(memory));
  }
}

}  // namespace henderson::linalg
