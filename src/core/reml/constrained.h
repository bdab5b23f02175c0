// SPDX-License-Identifier: GPL-3.0-or-later
// The maximum of the likelihood where a function of the variance parameters has a given value: a
// point of its profile likelihood.
//
// Newton steps on the surface f(theta) = c. With g and H the gradient and Hessian of -2l in the
// coordinates of the search, a and F those of f, the Lagrangian has the Hessian H - lambda F,
// lambda = a'g / a'a, and a step is one in the null space of a, within a trust region. Each trial
// is put back on the surface, along H^-1 a, before its likelihood is looked at; so the likelihood
// alone judges it. Source: Gill, Murray & Wright (1981), Practical Optimization, sec. 6.1 and 6.3.
#pragma once

#include "core/likelihood/evaluation.h"

namespace henderson::reml {

// A function of the user's values, and its gradient. NaN where it has no value.
class ValueFunction {
 public:
  struct Value {
    double value = 0.0;
    Vector gradient;
  };
  virtual ~ValueFunction() = default;
  virtual Value at(const Vector& values) const = 0;
};

struct ConstrainedResult {
  bool reached = false;    // a point with f = c was found
  bool converged = false;  // and no point near it is better
  Vector values;           // of the user
  double minus2loglik = 0.0;
  int iterations = 0;
};

// Needs: values without bounds of the user. Cost: an iteration of the fit for each iteration.
// Throws Interrupted.
ConstrainedResult maximise_on_surface(const equations::MixedModelEquations& equations,
                                      const likelihood::Parameters& start,
                                      const ValueFunction& function, double target,
                                      Callbacks& callbacks);

}  // namespace henderson::reml
