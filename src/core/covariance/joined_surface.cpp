// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/joined_surface.h"

namespace henderson::covariance {

void JoinedSurface::append(const ThetaSurface* surface, Index n_theta) {
  if (surface != nullptr) {
    parts_.push_back({surface, n_theta_, n_theta, n_equations_, surface->n_equations()});
    n_equations_ += surface->n_equations();
  }
  n_theta_ += n_theta;
}

Vector JoinedSurface::misses(const ConstVectorRef& theta) const {
  Vector found(n_equations_);
  for (const Part& part : parts_)
    found.segment(part.first_equation, part.n_equations) =
        part.surface->misses(theta.segment(part.first_theta, part.n_theta));
  return found;
}

Matrix JoinedSurface::gradients(const ConstVectorRef& theta) const {
  Matrix found = Matrix::Zero(n_equations_, n_theta_);
  for (const Part& part : parts_)
    found.block(part.first_equation, part.first_theta, part.n_equations, part.n_theta) =
        part.surface->gradients(theta.segment(part.first_theta, part.n_theta));
  return found;
}

Vector JoinedSurface::sizes(const ConstVectorRef& theta) const {
  Vector found(n_equations_);
  for (const Part& part : parts_)
    found.segment(part.first_equation, part.n_equations) =
        part.surface->sizes(theta.segment(part.first_theta, part.n_theta));
  return found;
}

Matrix JoinedSurface::curvature_of_equations(const ConstVectorRef& theta,
                                             const Vector& multipliers) const {
  Matrix found = Matrix::Zero(n_theta_, n_theta_);
  for (const Part& part : parts_)
    found.block(part.first_theta, part.first_theta, part.n_theta, part.n_theta) =
        part.surface->curvature_of_equations(
            theta.segment(part.first_theta, part.n_theta),
            multipliers.segment(part.first_equation, part.n_equations));
  return found;
}

}  // namespace henderson::covariance
