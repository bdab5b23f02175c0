// SPDX-License-Identifier: GPL-3.0-or-later
// tr(P V_r P N) for a change N of V that is not along the variance parameters: what the bias of
// REML estimates is made of where V is not linear in them.
//
//     tr(P V_r P N) = -d tr(P N) / d theta_r,   N fixed
#pragma once

#include "core/information/derivatives.h"

namespace henderson::information {

// N = sum over blocks of Z(random x K)Z' + residual; matrices of size 0 are zero.
struct CovarianceChange {
  std::vector<Matrix> random;    // one for each block
  std::vector<Matrix> residual;  // one for each block of a structured residual, as its
                                 // covariance_score()
};

// One entry for each of `moving`, by central differences of the exact trace. Nothing for residuals
// with a long sparse T. Needs: REML. Cost: two factors and selected inverses for each parameter,
// and where loadings change two solves for each of their cells.
std::optional<Vector> trace_products(const equations::MixedModelEquations& equations,
                                     const likelihood::Parameters& parameters,
                                     const std::vector<Index>& moving,
                                     const CovarianceChange& change, Callbacks& callbacks);

}  // namespace henderson::information
