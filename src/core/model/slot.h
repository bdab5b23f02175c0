// SPDX-License-Identifier: GPL-3.0-or-later
// A covariance structure in its place in a model: which theta and which values are its own. Random
// blocks and blocks of the residual have one each (model.h, residual.h).
#pragma once

#include <memory>

#include "core/covariance/structure.h"

namespace henderson::model {

struct Slot {
  std::shared_ptr<const covariance::Structure> structure;
  Index segment = 0;         // the random term, or the number of terms + the section
  bool in_residual = false;  // of R~: sigma^2 is a factor of its variances
  bool held = false;         // all values are held, and no theta moves
  bool has_edge = true;      // Sigma may be singular; in a residual only with a ridge
  Index first_value = 0;     // in the vector of all values
  Index first_theta = 0;     // in the vector of all theta
  Matrix value_transform;  // values in the user's units = value_transform x those of the structure;
                           // diagonal in a residual
  Vector value_powers;  // for coefficients c times as large value i is c^powers[i] times as large

  Index n_theta() const { return structure->n_theta(); }
  Index n_values() const { return structure->n_values(); }
  bool has_value(Index value) const {
    return value >= first_value && value < first_value + n_values();
  }

  // Its own among all theta. Needs: a vector that outlives what this gives.
  ConstVectorRef theta_of(const ConstVectorRef& all) const {
    return all.segment(first_theta, n_theta());
  }
  Eigen::VectorBlock<Vector> theta_of(Vector& all) const {
    return all.segment(first_theta, n_theta());
  }
};

}  // namespace henderson::model
