// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/likelihood/dependent_start.h"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <vector>

namespace henderson::likelihood {
namespace {

using model::Model;
using model::ResidualBlock;

constexpr Index kMostPositions = 100;
constexpr SmallIndex kMostFixed = 50;
// Shares of the sum of squares that is within subjects: after least squares, where a look at the
// regression within subjects is worth it, and after that.
constexpr double kWorthALook = 0.2;
constexpr double kNearlyNone = 1e-4;
constexpr double kRounding = 1e-24;
// Standard deviations of positions that differ by less are taken as one.
constexpr double kSameScale = 1.5;
// Of the mean variance within subjects, what every contrast has.
constexpr double kFloor = 1e-3;

struct Row {
  SmallIndex position = 0;
  SmallIndex record = 0;
  Index subject = 0;
};

struct Within {
  std::vector<Row> rows;
  Index n_subjects = 0;

  Index size() const { return static_cast<Index>(rows.size()); }
};

Within rows_of_block(const Model& model, const ResidualBlock& block) {
  Within found;
  for (const model::ResidualPattern& pattern : block.patterns) {
    for (const Index first : pattern.first_row) {
      for (std::size_t r = 0; r < pattern.positions.size(); ++r) {
        const SmallIndex record = model.residual.record_of_row[first + static_cast<Index>(r)];
        if (record != kNone) found.rows.push_back({pattern.positions[r], record, found.n_subjects});
      }
      ++found.n_subjects;
    }
  }
  return found;
}

// The root of the weight that all records of a position share; empty where they differ.
Vector root_weights(const Model& model, const Within& within, Index n) {
  constexpr double kSame = 1e-9;
  Vector root = Vector::Zero(n);
  if (model.weights.size() == 0) return Vector::Ones(n);
  for (const Row& row : within.rows) {
    const double own = std::sqrt(model.weights[row.record]);
    if (root[row.position] == 0.0) root[row.position] = own;
    if (std::abs(own - root[row.position]) > kSame * own) return {};
  }
  return root;
}

Vector root_mean_squares(const Model& model, const Within& within, Index n) {
  Vector sum = Vector::Zero(n), count = Vector::Zero(n);
  for (const Row& row : within.rows) {
    sum[row.position] += std::pow(model.response[row.record], 2);
    count[row.position] += 1.0;
  }
  return sum.cwiseQuotient(count).cwiseSqrt();
}

// Less the mean of the subject.
Matrix centred(const Within& within, Matrix x) {
  Matrix sum = Matrix::Zero(within.n_subjects, x.cols());
  Vector count = Vector::Zero(within.n_subjects);
  for (Index i = 0; i < x.rows(); ++i) {
    sum.row(within.rows[i].subject) += x.row(i);
    count[within.rows[i].subject] += 1.0;
  }
  for (Index i = 0; i < x.rows(); ++i)
    x.row(i) -= sum.row(within.rows[i].subject) / count[within.rows[i].subject];
  return x;
}

Matrix fixed_columns(const Model& model, const Within& within, const Vector& scale) {
  Matrix x = Matrix::Zero(within.size(), model.rank());
  for (Index i = 0; i < x.rows(); ++i) {
    const Row& row = within.rows[i];
    for (Index k = model.w.start[row.record]; k < model.w.start[row.record + 1]; ++k) {
      const Index c = model.w.column[k] - model.n_random_columns;
      if (c >= 0 && c < x.cols()) x(i, c) += model.w.value[k] / scale[row.position];
    }
  }
  return x;
}

// D of the residuals e: pairs that no subject has get the mean of the others.
Matrix squared_differences(const Within& within, const Vector& e, Index n) {
  Matrix sum = Matrix::Zero(n, n), count = Matrix::Zero(n, n);
  for (Index i = 0; i < e.size(); ++i) {
    for (Index j = i + 1; j < e.size() && within.rows[j].subject == within.rows[i].subject; ++j) {
      const Index a = within.rows[i].position, b = within.rows[j].position;
      const double squared = (e[i] - e[j]) * (e[i] - e[j]);
      sum(a, b) += squared;
      sum(b, a) += squared;
      count(a, b) += 1.0;
      count(b, a) += 1.0;
    }
  }
  const double mean = sum.sum() / count.sum();
  Matrix d = (count.array() > 0.0).select(sum.array() / count.array().max(1.0), mean);
  d.diagonal().setZero();
  return d;
}

Matrix covariance_of(const Matrix& d, double variance) {
  const Index n = d.rows();
  const Matrix h = Matrix::Identity(n, n) - Matrix::Constant(n, n, 1.0 / static_cast<double>(n));
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(-0.5 * h * d * h);
  const double least = kFloor * eigen.eigenvalues().cwiseMax(0.0).sum() / static_cast<double>(n);
  const Matrix w = eigen.eigenvectors() * eigen.eigenvalues().cwiseMax(least).asDiagonal() *
                   eigen.eigenvectors().transpose();
  return Matrix::Constant(n, n, variance) + w;
}

// y less its projection on the columns of X, and their rank; X may have none.
Index project_out(const Matrix& x, Vector& y) {
  if (x.cols() == 0) return 0;
  const Eigen::ColPivHouseholderQR<Matrix> qr(x);
  Vector turned = qr.householderQ().adjoint() * y;
  turned.head(qr.rank()).setZero();
  y = qr.householderQ() * turned;
  return qr.rank();
}

// In units of `scale`, one for each position.
std::optional<Matrix> at_scale(const Model& model, const Within& within, const Vector& scale) {
  Vector y(within.size());
  for (Index i = 0; i < y.size(); ++i)
    y[i] = model.response[within.rows[i].record] / scale[within.rows[i].position];
  const double total = y.squaredNorm();
  Vector e = centred(within, y);
  if (!(e.squaredNorm() < kWorthALook * total)) return std::nullopt;
  const Index rank = project_out(centred(within, fixed_columns(model, within, scale)), e);
  const double left = static_cast<double>(within.size() - within.n_subjects - rank);
  const double share = e.squaredNorm() / total;
  if (!(left > 0.0) || !(share < kNearlyNone) || !(share > kRounding)) return std::nullopt;
  const double lost = static_cast<double>(within.size() - within.n_subjects) / left;
  return covariance_of(lost * squared_differences(within, e, scale.size()),
                       total / static_cast<double>(within.size()));
}

}  // namespace

std::optional<Matrix> nearly_dependent_covariance(const Model& model, const ResidualBlock& block) {
  const Index n = block.structure->n_coef();
  if (n < 2 || n > kMostPositions || model.rank() > kMostFixed) return std::nullopt;
  const Within within = rows_of_block(model, block);
  const Vector root = root_weights(model, within, n);
  const Vector sd = root_mean_squares(model, within, n);
  if (root.size() == 0 || !(sd.minCoeff() > 0.0)) return std::nullopt;
  std::optional<Matrix> found = at_scale(model, within, Vector::Ones(n));
  Vector unit = root;
  if (!found && sd.maxCoeff() > kSameScale * sd.minCoeff()) {
    found = at_scale(model, within, sd);
    unit = root.cwiseProduct(sd);
  }
  if (found) *found = unit.asDiagonal() * *found * unit.asDiagonal();
  return found;
}

}  // namespace henderson::likelihood
