// SPDX-License-Identifier: GPL-3.0-or-later
// The coordinates of all structures whose theta are subject to equations
// (covariance/theta_surface.h), one after the other: those near one point, where they are zero.
//
// The place of a point are all theta of these structures, one after the other; the derivatives of
// the place by the coordinates are a block for each structure.
#pragma once

#include <optional>
#include <vector>

#include "core/likelihood/parameters.h"

namespace henderson::coordinates {

class Surfaces {
 public:
  explicit Surfaces(const model::Model& model);

  struct Part {
    const covariance::ThetaSurface* surface = nullptr;
    Index first_theta = 0;  // in the vector of all theta
    Index n_theta = 0;
    Index first_place = 0;
    Index first_coordinate = 0;
    Index n_coordinates = 0;
  };

  bool empty() const { return parts_.empty(); }
  const std::vector<Part>& parts() const { return parts_; }
  Index n_coordinates() const { return n_coordinates_; }

  Vector place(const Vector& theta) const;
  // Of the coordinates at theta; the columns are orthonormal.
  Matrix tangent(const Vector& theta) const;
  // `theta` with these structures moved from where they are; nothing where a surface is not met.
  std::optional<Vector> moved(Vector theta, const Vector& coordinates) const;
  // The same with all put on their surfaces.
  std::optional<Vector> restored(Vector theta) const;
  // Adds d theta / d coordinates to the columns of a jacobian from first_column on.
  void add_jacobian(const Vector& theta, Index first_column, Matrix& jacobian) const;
  // The Hessian in the coordinates of a function that is linear in theta, with this gradient.
  Matrix bend(const Vector& theta, const Vector& gradient) const;
  // The directions in which only these theta change.
  Matrix directions(const Vector& theta, const std::vector<bool>& may_change) const;

 private:
  std::vector<Part> parts_;
  Index n_place_ = 0;
  Index n_coordinates_ = 0;
};

}  // namespace henderson::coordinates
