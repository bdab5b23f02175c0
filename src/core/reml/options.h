// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace henderson::reml {

struct RemlOptions {
  int max_iterations = 100;
  // Converged where the quadratic model expects no more than this from the best step, in units of
  // -2 log-likelihood: an error of sqrt(2 x tolerance) standard errors in the parameters.
  double tolerance = 1e-10;
  int threads = 1;
  bool begin_elsewhere = true;  // also from other starts, where the model or the end asks for it
  bool trace = false;           // one line of progress per iteration
};

}  // namespace henderson::reml
