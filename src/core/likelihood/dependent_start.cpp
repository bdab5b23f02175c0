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

// f(position, record, subject) for the records of a block, subject by subject, until it has seen
// all those of the subject by which `most` records are reached.
template <typename F>
void each_record(const Model& model, const ResidualBlock& block, Index most, const F& f) {
  Index subject = 0, seen = 0;
  for (const model::ResidualPattern& pattern : block.patterns) {
    for (const Index first : pattern.first_row) {
      if (seen >= most) return;
      for (std::size_t r = 0; r < pattern.positions.size(); ++r) {
        const SmallIndex record = model.residual.record_of_row[first + static_cast<Index>(r)];
        if (record == kNone) continue;
        f(pattern.positions[r], record, subject);
        ++seen;
      }
      ++subject;
    }
  }
}

// The records of the first subjects, at least `most` of them if there are so many.
Within rows_of_block(const Model& model, const ResidualBlock& block, Index most) {
  Within found;
  each_record(model, block, most, [&found](SmallIndex position, SmallIndex record, Index subject) {
    found.rows.push_back({position, record, subject});
    found.n_subjects = subject + 1;
  });
  return found;
}

// What the records say by position.
struct Positional {
  Vector squares;  // sums of y^2
  Vector count;
  Vector root;  // of the weight that all records of a position share
  bool same_weights = true;

  Vector root_mean_squares() const { return squares.cwiseQuotient(count).cwiseSqrt(); }
};

Positional by_position(const Model& model, const ResidualBlock& block, Index n) {
  constexpr double kSame = 1e-9;
  const bool weighted = model.weights.size() > 0;
  Positional found{Vector::Zero(n), Vector::Zero(n),
                   weighted ? Vector::Zero(n).eval() : Vector::Ones(n).eval()};
  each_record(model, block, model.w.n_rows(), [&](SmallIndex position, SmallIndex record, Index) {
    found.squares[position] += std::pow(model.response[record], 2);
    found.count[position] += 1.0;
    if (!weighted) return;
    const double own = std::sqrt(model.weights[record]);
    if (found.root[position] == 0.0) found.root[position] = own;
    if (std::abs(own - found.root[position]) > kSame * own) found.same_weights = false;
  });
  return found;
}

// The sum of squares about the means of the subjects. It may lose digits: it is for a first look.
double squares_within(const Model& model, const ResidualBlock& block, const Vector& scale) {
  double within = 0.0, sum = 0.0, count = 0.0;
  Index last = 0;
  const auto close = [&] {
    if (count > 0.0) within -= sum * sum / count;
    sum = count = 0.0;
  };
  each_record(model, block, model.w.n_rows(),
              [&](SmallIndex position, SmallIndex record, Index subject) {
                if (subject != last) close();
                last = subject;
                const double y = model.response[record] / scale[position];
                within += y * y;
                sum += y;
                count += 1.0;
              });
  close();
  return within;
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

// Residuals of the regression within subjects, and the rank of its columns.
struct Regression {
  Vector e;
  Index rank = 0;
};

Regression regression_within(const Model& model, const Within& within, const Vector& scale) {
  Vector y(within.size());
  for (Index i = 0; i < y.size(); ++i)
    y[i] = model.response[within.rows[i].record] / scale[within.rows[i].position];
  Regression found{centred(within, y)};
  found.rank = project_out(centred(within, fixed_columns(model, within, scale)), found.e);
  return found;
}

// Whether the first subjects leave more than `bound` already: least squares among them alone
// leaves no more of them than least squares among all.
bool first_subjects_exceed(const Model& model, const ResidualBlock& block, const Vector& scale,
                           double n_records, double bound) {
  constexpr double kFirst = 100.0, kForEachColumn = 4.0, kGrowth = 8.0;
  for (double m = kFirst + kForEachColumn * model.rank(); m < n_records / 2.0; m *= kGrowth) {
    const Within head = rows_of_block(model, block, static_cast<Index>(m));
    if (regression_within(model, head, scale).e.squaredNorm() > bound) return true;
  }
  return false;
}

// In units of `scale`, one for each position.
std::optional<Matrix> at_scale(const Model& model, const ResidualBlock& block, const Positional& by,
                               const Vector& scale) {
  const double total = by.squares.cwiseQuotient(scale.cwiseAbs2()).sum();
  const double n_records = by.count.sum();
  if (!(squares_within(model, block, scale) < kWorthALook * total)) return std::nullopt;
  if (first_subjects_exceed(model, block, scale, n_records, kNearlyNone * total))
    return std::nullopt;
  const Within within = rows_of_block(model, block, model.w.n_rows());
  const Regression found = regression_within(model, within, scale);
  const double left = static_cast<double>(within.size() - within.n_subjects - found.rank);
  const double share = found.e.squaredNorm() / total;
  if (!(left > 0.0) || !(share < kNearlyNone) || !(share > kRounding)) return std::nullopt;
  const double lost = static_cast<double>(within.size() - within.n_subjects) / left;
  return covariance_of(lost * squared_differences(within, found.e, scale.size()),
                       total / n_records);
}

}  // namespace

std::optional<Matrix> nearly_dependent_covariance(const Model& model, const ResidualBlock& block) {
  const covariance::Structure& structure = *block.structure;
  const Index n = structure.n_coef();
  if (n < 2 || n > kMostPositions || model.rank() > kMostFixed) return std::nullopt;
  if (structure.factor_pattern().isDiagonal(0.0)) return std::nullopt;
  const Positional by = by_position(model, block, n);
  const Vector sd = by.root_mean_squares();
  if (!by.same_weights || !(sd.minCoeff() > 0.0)) return std::nullopt;
  std::optional<Matrix> found = at_scale(model, block, by, Vector::Ones(n));
  Vector unit = by.root;
  if (!found && sd.maxCoeff() > kSameScale * sd.minCoeff()) {
    found = at_scale(model, block, by, sd);
    unit = by.root.cwiseProduct(sd);
  }
  if (found) *found = unit.asDiagonal() * *found * unit.asDiagonal();
  return found;
}

}  // namespace henderson::likelihood
