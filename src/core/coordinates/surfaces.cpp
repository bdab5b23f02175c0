// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/coordinates/surfaces.h"

#include <algorithm>

namespace henderson::coordinates {

using model::Model;

namespace {

ConstVectorRef own(const Surfaces::Part& part, const Vector& theta) {
  return theta.segment(part.first_theta, part.n_theta);
}

}  // namespace

Surfaces::Surfaces(const Model& model) {
  for (const model::Slot& slot : model.slots()) {
    const covariance::ThetaSurface* surface = slot.structure->surface();
    if (slot.held || surface == nullptr) continue;
    const Index n_theta = slot.n_theta(), n = n_theta - surface->n_equations();
    parts_.push_back({surface, slot.first_theta, n_theta, n_place_, n_coordinates_, n});
    n_place_ += n_theta;
    n_coordinates_ += n;
  }
}

Vector Surfaces::place(const Vector& theta) const {
  Vector place(n_place_);
  for (const Part& part : parts_) place.segment(part.first_place, part.n_theta) = own(part, theta);
  return place;
}

Matrix Surfaces::tangent(const Vector& theta) const {
  Matrix tangent = Matrix::Zero(n_place_, n_coordinates_);
  for (const Part& part : parts_) {
    tangent.block(part.first_place, part.first_coordinate, part.n_theta, part.n_coordinates) =
        part.surface->tangent(own(part, theta));
  }
  return tangent;
}

std::optional<Vector> Surfaces::moved(Vector theta, const Vector& coordinates) const {
  for (const Part& part : parts_) {
    const Vector d = coordinates.segment(part.first_coordinate, part.n_coordinates);
    if (d.isZero(0.0)) continue;
    const Vector to = own(part, theta) + part.surface->tangent(own(part, theta)) * d;
    const std::optional<Vector> found = part.surface->restored(to);
    if (!found) return std::nullopt;
    theta.segment(part.first_theta, part.n_theta) = *found;
  }
  return theta;
}

std::optional<Vector> Surfaces::restored(Vector theta) const {
  for (const Part& part : parts_) {
    const std::optional<Vector> found = part.surface->restored(own(part, theta));
    if (!found) return std::nullopt;
    theta.segment(part.first_theta, part.n_theta) = *found;
  }
  return theta;
}

void Surfaces::add_jacobian(const Vector& theta, Index first_column, Matrix& jacobian) const {
  for (const Part& part : parts_) {
    jacobian.block(part.first_theta, first_column + part.first_coordinate, part.n_theta,
                   part.n_coordinates) = part.surface->tangent(own(part, theta));
  }
}

Matrix Surfaces::bend(const Vector& theta, const Vector& gradient) const {
  Matrix bend = Matrix::Zero(n_coordinates_, n_coordinates_);
  for (const Part& part : parts_) {
    const Matrix basis = part.surface->tangent(own(part, theta));
    bend.block(part.first_coordinate, part.first_coordinate, part.n_coordinates,
               part.n_coordinates) =
        basis.transpose() * part.surface->bend(own(part, theta), own(part, gradient)) * basis;
  }
  return bend;
}

Matrix Surfaces::directions(const Vector& theta, const std::vector<bool>& may_change) const {
  Matrix found(n_coordinates_, 0);
  for (const Part& part : parts_) {
    const auto first = may_change.begin() + part.first_theta;
    const std::vector<bool> among(first, first + part.n_theta);
    const bool all = std::find(among.begin(), among.end(), false) == among.end();
    const Matrix within = all ? Matrix(Matrix::Identity(part.n_coordinates, part.n_coordinates))
                              : Matrix(part.surface->tangent(own(part, theta)).transpose() *
                                       part.surface->tangent_among(own(part, theta), among));
    const Index before = found.cols();
    found.conservativeResize(Eigen::NoChange, before + within.cols());
    found.rightCols(within.cols()).setZero();
    found.block(part.first_coordinate, before, part.n_coordinates, within.cols()) = within;
  }
  return found;
}

}  // namespace henderson::coordinates
