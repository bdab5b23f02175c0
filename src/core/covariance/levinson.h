// SPDX-License-Identifier: GPL-3.0-or-later
// Stationary processes by their partial autocorrelations, each in (-1, 1) whatever the others are
// (Barndorff-Nielsen & Schou 1973, J Multivar Anal 3:408), and the Durbin-Levinson recursion.
#pragma once

#include "core/base/types.h"

namespace henderson::covariance {

// The coefficients phi of a process with these partial autocorrelations, and a column of
// d phi / d partial for each of them.
struct Prediction {
  Vector phi;
  Matrix slope;
};
Prediction prediction_from(const ConstVectorRef& partial);

// Back again; what lies behind a partial autocorrelation of 1 is 0. They may be outside (-1, 1),
// where the process is not stationary.
Vector partial_from_prediction(const ConstVectorRef& phi);

// The Cholesky factor of the correlations of `size` positions in a row, from the free numbers whose
// tanh the first partial autocorrelations are; the others are 0. With A R A' = D, the prediction
// coefficients of all orders in A, D is what they leave of the variances: the product of 1 - pi^2 =
// 1 / cosh^2.
Matrix root_of_partials(const ConstVectorRef& free, Index size);

// Autocorrelations at lags 0, ..., n of an autoregression, and a column of derivatives for each of
// its coefficients, by the Yule-Walker equations.
struct Autocorrelation {
  Vector rho;
  Matrix slope;
};
Autocorrelation autoregressive_correlation(const ConstVectorRef& phi, Index n);

// Of a moving average e_t + theta_1 e_(t-1) + ...: NaN where it is not invertible.
Autocorrelation moving_average_correlation(const ConstVectorRef& theta, Index n);

}  // namespace henderson::covariance
