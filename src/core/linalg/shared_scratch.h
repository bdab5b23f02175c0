// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels' buffers for dense matrices as a whole.
#pragma once

#include <vector>

#include "core/linalg/kernels.h"

namespace henderson::linalg {

// The scratch of one call and of its team.
class SharedScratch {
 public:
  SharedScratch(Index n, int threads) : team_(threads), scratch_(team_.size()) {
    std::vector<kernels::Scratch*> all;
    for (kernels::Scratch& one : scratch_) {
      one.reserve(n, n);
      all.push_back(&one);
    }
    if (team_.size() > 1) first().share(&team_, all);
  }
  ~SharedScratch() { first().share(nullptr, {}); }
  kernels::Scratch& first() { return scratch_.front(); }

 private:
  Team team_;
  std::vector<kernels::Scratch> scratch_;
};

}  // namespace henderson::linalg
