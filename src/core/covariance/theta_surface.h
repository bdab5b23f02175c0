// SPDX-License-Identifier: GPL-3.0-or-later
// The theta of a structure that are subject to equations: a surface in the space of all theta. It
// is smooth where the gradients of the equations are independent, also at theta whose Sigma is
// singular, and a point near it comes back to it by Newton steps of least length.
//
// Near theta the surface has the coordinates d, theta(d) = theta + B d + O(d^2), with B an
// orthonormal basis of what is orthogonal to the gradients C. To second order
// theta(d) = theta + B d - C^+ [d'B'H_k B d]_k / 2, H_k the Hessian of equation k; so the Hessian
// of a function f on the surface is B'(F - sum_k mu_k H_k)B, mu the least-squares solution of C'mu
// = f'. Source: Absil, Mahony & Sepulchre (2008), Optimization Algorithms on Matrix Manifolds, ch.
// 4 and 5.
#pragma once

#include <optional>
#include <vector>

#include "core/base/types.h"

namespace henderson::covariance {

class ThetaSurface {
 public:
  virtual ~ThetaSurface() = default;

  virtual Index n_equations() const = 0;
  // What the equations miss, their gradients, a row for each, and the sizes that rounding errors of
  // what they miss are shares of.
  virtual Vector misses(const ConstVectorRef& theta) const = 0;
  virtual Matrix gradients(const ConstVectorRef& theta) const = 0;
  virtual Vector sizes(const ConstVectorRef& theta) const = 0;
  // sum_k multipliers_k H_k
  virtual Matrix curvature_of_equations(const ConstVectorRef& theta,
                                        const Vector& multipliers) const = 0;

  // The point of the surface near theta; nothing where Newton steps find none. Entries of theta on
  // which no equation depends stay as they are.
  std::optional<Vector> restored(const ConstVectorRef& theta) const;
  // B, n_theta x (n_theta - n_equations).
  Matrix tangent(const ConstVectorRef& theta) const;
  // The same among the entries that may move; its columns are as many as are independent.
  Matrix tangent_among(const ConstVectorRef& theta, const std::vector<bool>& may_move) const;
  // -sum_k mu_k H_k for a function with this gradient.
  Matrix bend(const ConstVectorRef& theta, const ConstVectorRef& gradient) const;

 private:
  double largest_share(const ConstVectorRef& theta, const Vector& missed) const;
};

}  // namespace henderson::covariance
