// SPDX-License-Identifier: GPL-3.0-or-later
// The part of Product that is about second derivatives. Sigma is linear in each factor, so
//   tr(G d2Sigma / di dj) = tr(G_k d2Sigma_k / di dj)           i and j of factor k,
//                           tr(G (.. x dSigma_k/di x dSigma_m/dj x ..))   of factors k and m,
// with G_k what is left of G over the positions of factor k when the other factors are summed out.
// Nothing is evaluated beside theta, where a factor may have no matrix.
#include <numeric>

#include "core/covariance/product.h"

namespace henderson::covariance {
namespace {

// G_k: the sum over the positions of the factors other than k, of which these are the matrices.
Matrix summed_out(const Matrix& g, const std::vector<Positions>& positions,
                  const std::vector<const Matrix*>& factors, std::size_t k) {
  const Index size = factors[k]->rows();
  Matrix found = Matrix::Zero(size, size);
  for (Index c = 0; c < g.cols(); ++c) {
    for (Index r = 0; r < g.rows(); ++r) {
      double entry = g(r, c);
      for (std::size_t m = 0; m < factors.size(); ++m)
        if (m != k) entry *= (*factors[m])(positions[m][r], positions[m][c]);
      found(positions[k][r], positions[k][c]) += entry;
    }
  }
  return found;
}

Positions first_positions(Index n) {
  Positions at(static_cast<std::size_t>(n));
  std::iota(at.begin(), at.end(), 0);
  return at;
}

}  // namespace

Matrix Product::curvature(const ConstVectorRef& theta, const Matrix& g) const {
  Matrix found = Matrix::Zero(n_theta(), n_theta());
  if (!theta.allFinite()) return found;
  const std::vector<Vector> parts = split(theta);
  const std::vector<Positions> positions = split_positions(first_positions(n_coef()));
  std::vector<Matrix> sigma;
  std::vector<std::vector<Matrix>> derivatives;
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    const Positions all = first_positions(factors_[k]->n_coef());
    sigma.push_back(factors_[k]->covariance(parts[k], all));
    derivatives.push_back(factors_[k]->covariance_derivatives(parts[k], all));
  }
  std::vector<const Matrix*> factors;
  for (const Matrix& matrix : sigma) factors.push_back(&matrix);
  Index row = 0;
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    const Index n = parts[k].size();
    found.block(row, row, n, n) =
        factors_[k]->curvature(parts[k], summed_out(g, positions, factors, k));
    for (Index i = 0; i < n; ++i) {
      factors[k] = &derivatives[k][i];
      Index column = row + n;
      for (std::size_t m = k + 1; m < factors_.size(); ++m) {
        const Matrix left = summed_out(g, positions, factors, m);
        for (const Matrix& own : derivatives[m]) {
          found(row + i, column) = found(column, row + i) = left.cwiseProduct(own).sum();
          ++column;
        }
      }
    }
    factors[k] = &sigma[k];
    row += n;
  }
  return found;
}

}  // namespace henderson::covariance
