// SPDX-License-Identifier: GPL-3.0-or-later
// A piece of dense work as the large fronts of a factor have it, to be timed.
#pragma once

#include <memory>

#include "core/linalg/kernels.h"

namespace henderson::linalg {

class KernelSample {
 public:
  KernelSample();

  // C -= A A', on one thread.
  void run() const;
  double flops() const { return static_cast<double>(kSize) * kSize * kDepth; }

 private:
  static constexpr Index kSize = 1024;
  static constexpr Index kDepth = 256;

  Matrix a_;
  std::unique_ptr<double[]> c_;
  std::unique_ptr<kernels::Scratch> scratch_;
};

}  // namespace henderson::linalg
