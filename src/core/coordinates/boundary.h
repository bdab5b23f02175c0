// SPDX-License-Identifier: GPL-3.0-or-later
// Parameters on, near and off the boundary, where a covariance matrix is singular.
#pragma once

#include "core/coordinates/free_space.h"

namespace henderson::coordinates {

// Moved off the points where the score of a block cannot tell which way is up, by no more than
// `share` of sigma. Nothing where a tied parameter is out of its range, here and below.
std::optional<likelihood::Parameters> nudged(const model::Model& model, const FreeSpace& space,
                                             const likelihood::Parameters& parameters,
                                             double share);

// The walls of `box` (distances from `parameters`) with one more for each standard deviation that
// counts by its absolute value (Structure::has_kink()): it goes no further down than `share` of
// sigma, where nudged() leaves it. One that is nearly there has arrived.
void keep_sides(const model::Model& model, const FreeSpace& space,
                const likelihood::Parameters& parameters, double share, Box& box);

// In canonical form; directions with a standard deviation below `relative` times that of their
// coefficient, or below `absolute` in units of sigma, are exactly zero. Of all structures that may
// be singular, or of one.
std::optional<likelihood::Parameters> canonical(const model::Model& model, const FreeSpace& space,
                                                const likelihood::Parameters& parameters,
                                                double relative, double absolute,
                                                const model::Slot* only = nullptr);

// Parameters that the boundary stops, of canonical ones.
std::ptrdiff_t n_at_boundary(const model::Slot& slot, const likelihood::Parameters& parameters);

// Whether what its structure says to be at a boundary is: of residuals without a ridge only where
// the correlations of every subject are far from singular, as at a range of zero or a smoothness at
// its end.
bool may_be_at_boundary(const model::Model& model, const model::Slot& slot,
                        const likelihood::Parameters& parameters);
bool has_boundary(const model::Model& model, const likelihood::Parameters& parameters);

// Independent residuals whose variance went to zero beside random terms that leave it nothing. The
// equations divide by it, so it is left at a share of the variance that least squares leave (1 in
// the units of the model), which the likelihood cannot tell from zero: the less, the more digits
// they keep of it.
double least_residual(const model::Model& model);
bool is_residual_gone(const model::Model& model, const likelihood::Parameters& parameters);

}  // namespace henderson::coordinates
