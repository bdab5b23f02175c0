// SPDX-License-Identifier: GPL-3.0-or-later
// Which variance parameters the likelihood cannot tell apart, found from the model alone.
//
// REML sees V through K'VK, K a basis of the error contrasts; ML sees V. To first order, at theta,
// a direction c leaves it as it is where M_c = sum_i c_i K'V_i K = 0. With random vectors z, M_c z
// = 0 for every one of them only then, so the rank of the vectors M_i z, stacked over a few z, is
// that of the map from theta to K'VK, and their null vectors are such directions: products with
// sparse matrices alone. Where the rank is short, more vectors are taken, as matrices of a small
// range need them, until it stays as it is. At a point of no symmetry the rank is the largest there
// is.
//
// Directions that leave every Sigma and R as they are do not count: parameters of a structure that
// is not unique in them.
#pragma once

#include "core/likelihood/parameters.h"

namespace henderson::information {

// Whether the average information at a point (of all parameters of the model) is far enough from
// singular to tell the same for nothing: AI_ij = y'P V_i P V_j P y / 2, so a direction that leaves
// K'VK as it is has none. No is no answer: at a boundary it is singular, too, or
// has lost its digits.
bool tells_all_apart(const model::Model& model, const likelihood::Parameters& at,
                     const Matrix& average);

// Whether the model alone lets one expect it, so that a search is not worth its time before this is
// known: a term of unrelated levels has as many effects as there are records.
bool may_be_unidentified(const model::Model& model);

// d values / d direction, n_values x the number of directions, which are orthonormal in theta; no
// columns where the data tell all parameters apart, or where there are too many to be looked at.
// Cost: for each parameter a few products with Z, and K.
Matrix unidentified_values(const model::Model& model, const likelihood::Parameters& start,
                           Callbacks& callbacks);

// The same for directions along which every Sigma stays as it is, whatever the data are: loadings
// and specific variances that are more than the variances and covariances.
Matrix redundant_values(const model::Model& model, const likelihood::Parameters& start);

}  // namespace henderson::information
