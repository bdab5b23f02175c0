// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/moving.h"

#include <algorithm>

namespace henderson::reml {

using model::Model;
using model::RandomBlock;

namespace {

std::vector<bool> stopped_parameters(const Model& model, const Parameters& parameters) {
  std::vector<bool> stopped(static_cast<std::size_t>(model.n_parameters()), false);
  for (const RandomBlock& block : model.blocks) {
    const std::vector<bool> own = block.structure->theta_at_boundary(parameters.of(block));
    std::copy(own.begin(), own.end(), stopped.begin() + block.first_theta);
  }
  return stopped;
}

}  // namespace

Derivatives reduced(const FreeSpace& space, const Parameters& parameters,
                    const Derivatives& found) {
  const Matrix j = space.jacobian(parameters);
  Derivatives own;
  own.gradient = j.transpose() * found.gradient;
  own.information = j.transpose() * found.information * j;
  own.curvature = j.transpose() * found.curvature * j;
  own.has_block_curvature = found.has_block_curvature;
  own.has_residual_curvature = found.has_residual_curvature;
  const Vector bends = space.bends(parameters).cwiseProduct(found.gradient);
  for (Index k = 0; k < j.cols(); ++k) {
    for (Index i = 0; i < j.rows(); ++i) {
      if (bends[i] != 0.0 && j(i, k) != 0.0) own.curvature(k, k) += bends[i];
    }
  }
  return own;
}

Moving moving_coordinates(const Model& model, const FreeSpace& space,
                          const Parameters& parameters) {
  const std::vector<bool> stopped = stopped_parameters(model, parameters);
  const std::vector<bool> at_bound = space.at_bound(parameters);
  Moving moving;
  for (Index k = 0; k < space.size(); ++k) {
    if (!stopped[space.leads()[k]] && !at_bound[k]) moving.coordinates.push_back(k);
  }
  const Matrix all = space.jacobian(parameters);
  moving.jacobian.resize(all.rows(), static_cast<Index>(moving.coordinates.size()));
  for (Index k = 0; k < moving.jacobian.cols(); ++k)
    moving.jacobian.col(k) = all.col(moving.coordinates[k]);
  return moving;
}

}  // namespace henderson::reml
