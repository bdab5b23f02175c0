// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/kernel_rate.h"

namespace henderson::linalg {

KernelSample::KernelSample()
    : a_(Matrix::Constant(kSize, kDepth, 1e-3)),
      c_(std::make_unique<double[]>(kSize * kSize)),
      scratch_(std::make_unique<kernels::Scratch>()) {
  scratch_->reserve(kSize, kDepth);
}

void KernelSample::run() const {
  kernels::subtract_aat(kSize, kDepth, a_.data(), kSize, c_.get(), kSize, *scratch_);
}

}  // namespace henderson::linalg
