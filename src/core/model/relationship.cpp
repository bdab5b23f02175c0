// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/relationship.h"

#include <Eigen/Cholesky>
#include <limits>

#include "core/base/error.h"
#include "core/linalg/dense.h"
#include "core/linalg/side_by_side.h"

namespace henderson::model {

namespace {

// What the others leave of the variance of a level, as a share of it, below which half of the
// digits of K_TT^-1 are gone.
constexpr double kLeastLeft = 1e-8;

// An entry of the lower triangle serves both triangles.
void add_entries_times(const Relationship& precision, Index width, const double* x, double* out) {
  const auto n_levels = static_cast<Index>(precision.start.size()) - 1;
  linalg::with_rows(width, [&](auto row_at, auto sum) {
    for (Index l = 0; l < n_levels; ++l) {
      const Index diagonal = precision.start[l];
      const auto x_l = row_at(x, l);
      sum = precision.value[diagonal] * x_l;
      for (Index k = diagonal + 1; k < precision.start[l + 1]; ++k) {
        row_at(out, precision.row[k]) += precision.value[k] * x_l;
        sum += precision.value[k] * row_at(x, precision.row[k]);
      }
      row_at(out, l) += sum;
    }
  });
}

Matrix dense(const Relationship& precision) {
  const auto n = static_cast<Index>(precision.start.size()) - 1;
  Matrix found(n, n);
  for (Index l = 0; l < n; ++l)
    for (Index k = precision.start[l]; k < precision.start[l + 1]; ++k)
      found(precision.row[k], l) = precision.value[k];
  linalg::mirror_lower(found);
  return found;
}

Relationship dense_relationship(const Matrix& precision) {
  Relationship found;
  found.is_identity = false;
  const auto n = static_cast<SmallIndex>(precision.rows());
  found.start.push_back(0);
  for (SmallIndex j = 0; j < n; ++j) {
    for (SmallIndex i = j; i < n; ++i) {
      found.row.push_back(i);
      found.value.push_back(precision(i, j));
    }
    found.start.push_back(static_cast<Index>(found.row.size()));
  }
  return found;
}

Matrix entries(const Matrix& k, const std::vector<SmallIndex>& rows,
               const std::vector<SmallIndex>& columns) {
  Matrix found(rows.size(), columns.size());
  for (Index j = 0; j < found.cols(); ++j)
    for (Index i = 0; i < found.rows(); ++i)
      found(i, j) = k(rows[static_cast<std::size_t>(i)], columns[static_cast<std::size_t>(j)]);
  return found;
}

Matrix rows_of(const ConstMatrixRef& x, const std::vector<SmallIndex>& rows) {
  Matrix found(rows.size(), x.cols());
  for (Index i = 0; i < found.rows(); ++i) found.row(i) = x.row(rows[static_cast<std::size_t>(i)]);
  return found;
}

// Level `some`[k] is number k, all others are nothing.
Coding coding_of(const std::vector<SmallIndex>& some, Index n_levels) {
  Coding coding;
  coding.n_columns = static_cast<SmallIndex>(some.size());
  coding.start.push_back(0);
  for (Index l = 0; l < n_levels; ++l) {
    const auto next = static_cast<std::size_t>(coding.start.back());
    if (next < some.size() && some[next] == l) {
      coding.column.push_back(static_cast<SmallIndex>(next));
      coding.value.push_back(1.0);
    }
    coding.start.push_back(static_cast<Index>(coding.column.size()));
  }
  return coding;
}

}  // namespace

std::shared_ptr<const LevelCovariance> LevelCovariance::of_some(
    std::shared_ptr<const LevelCovariance> all, const std::vector<SmallIndex>& some,
    const Matrix& covariance) {
  const auto n = static_cast<Index>(some.size());
  Matrix own = entries(covariance, some, some);
  auto inverse = linalg::symmetric_inverse(own, 1);
  if (!std::holds_alternative<linalg::DenseInverse>(inverse)) return nullptr;
  const auto& found = std::get<linalg::DenseInverse>(inverse);
  const auto left = own.diagonal().cwiseProduct(found.inverse.diagonal());
  if (!(left.maxCoeff() < 1.0 / kLeastLeft)) return nullptr;
  std::shared_ptr<LevelCovariance> made(new LevelCovariance());
  made->relationship_ = dense_relationship(found.inverse);
  made->relationship_.combination = coding_of(some, covariance.rows());
  made->all_ = std::move(all);
  made->some_ = some;
  made->covariance_ = std::move(own);
  made->log_determinant_ = found.log_determinant;
  made->n_levels_ = static_cast<SmallIndex>(n);
  return made;
}

Matrix LevelCovariance::combined(const ConstMatrixRef& x, SmallIndex n_levels) const {
  Matrix found = Matrix::Zero(n_levels, x.cols());
  for (SmallIndex l = 0; l < n_levels; ++l)
    for_each_part(combination(), l,
                  [&](SmallIndex k, double share) { found.row(l) += share * x.row(k); });
  return found;
}

Matrix LevelCovariance::combined_back(const ConstMatrixRef& x) const {
  Matrix found = Matrix::Zero(n_levels_, x.cols());
  for (SmallIndex l = 0; l < x.rows(); ++l)
    for_each_part(combination(), l,
                  [&](SmallIndex k, double share) { found.row(k) += share * x.row(l); });
  return found;
}

Matrix LevelCovariance::covariance_of_term(SmallIndex n_levels) const {
  Matrix k = combined_back(Matrix::Identity(n_levels, n_levels));
  multiply(k);
  return combined(k, n_levels);
}

Matrix LevelCovariance::over_term(const ConstMatrixRef& x, SmallIndex n_levels) const {
  if (!has_some()) return combined(x, n_levels);
  Matrix k = all_->combined_back(combined(precision_times(x, 1), n_levels));
  all_->multiply(k);
  return all_->combined(k, n_levels);
}

const Matrix& LevelCovariance::whole_covariance(SmallIndex n_levels) const {
  std::call_once(whole_made_, [&] { whole_ = covariance_of_term(n_levels); });
  return whole_;
}

std::vector<SmallIndex> LevelCovariance::others_in(const ConstMatrixRef& x) const {
  std::vector<SmallIndex> others;
  auto next = some_.begin();
  for (SmallIndex l = 0; l < x.rows(); ++l) {
    if (next != some_.end() && *next == l)
      ++next;
    else if (!x.row(l).isZero(0.0))
      others.push_back(l);
  }
  return others;
}

Matrix LevelCovariance::from_term(const ConstMatrixRef& x) const {
  Matrix found = combined_back(x);
  if (!has_some()) return found;
  const std::vector<SmallIndex> others = others_in(x);
  if (others.empty()) return found;
  const Matrix& k = all_->whole_covariance(static_cast<SmallIndex>(x.rows()));
  return found + precision_times(entries(k, some_, others) * rows_of(x, others), 1);
}

Matrix LevelCovariance::left_of_term(const ConstMatrixRef& x) const {
  Matrix left = Matrix::Zero(x.rows(), x.cols());
  if (!has_some()) return left;
  const std::vector<SmallIndex> others = others_in(x);
  if (others.empty()) return left;
  const Matrix& k = all_->whole_covariance(static_cast<SmallIndex>(x.rows()));
  const Matrix own = rows_of(x, others), across = entries(k, some_, others);
  const Matrix found =
      entries(k, others, others) * own - across.transpose() * precision_times(across * own, 1);
  for (std::size_t i = 0; i < others.size(); ++i)
    left.row(others[i]) = found.row(static_cast<Index>(i));
  return left;
}

bool LevelCovariance::is_dense() const {
  const Index n = n_levels_;
  return !is_identity() && !relationship_.rules && !is_operator() &&
         static_cast<Index>(relationship_.value.size()) == n * (n + 1) / 2;
}

Matrix LevelCovariance::precision_times(const ConstMatrixRef& x, int threads) const {
  if (is_identity()) return x;
  if (is_dense()) return linalg::product(dense(relationship_), x, threads);
  Matrix found = Matrix::Zero(x.rows(), x.cols());
  for (Index c = 0; c < x.cols(); ++c) add_precision_times(1, x.col(c).data(), found.col(c).data());
  return found;
}

LevelCovariance::LevelCovariance(Relationship relationship, SmallIndex n_levels,
                                 const std::string& where, Callbacks& callbacks)
    : relationship_(std::move(relationship)), n_levels_(n_levels) {
  if (relationship_.is_identity) return;
  const Index n = relationship_.n_own();
  if (n != n_levels) throw DimensionMismatch(where + ", precision of the levels", n, n_levels);
  if (is_operator())
    log_determinant_ = std::numeric_limits<double>::quiet_NaN();
  else if (relationship_.rules)
    log_determinant_ = relationship_.rules->log_determinant();
  else
    factorize(where, callbacks);
}

void LevelCovariance::factorize(const std::string& where, Callbacks& callbacks) {
  const linalg::LowerPattern pattern{n_levels_, relationship_.start, relationship_.row};
  linalg::validate(pattern);
  unfilled_ = linalg::unfilled_factor(pattern, relationship_.value);
  if (unfilled_) {
    log_determinant_ = -unfilled_->log_determinant();
    return;
  }
  auto symbolic = linalg::analyze(pattern, linalg::AnalyzeOptions{});
  const std::vector<Index> positions = symbolic->positions(pattern);
  linalg::Panels panels(symbolic);
  panels.set_zero();
  for (std::size_t k = 0; k < positions.size(); ++k)
    panels.data()[positions[k]] = relationship_.value[k];
  auto result = linalg::factorize(std::move(panels), linalg::FactorOptions{}, callbacks);
  if (auto* failure = std::get_if<linalg::NotPositiveDefinite>(&result)) {
    throw InvalidSpec(where,
                      "the precision matrix of the levels is not positive definite (at level " +
                          std::to_string(failure->column + 1) + ")");
  }
  precision_factor_.emplace(std::get<linalg::CholeskyFactor>(std::move(result)));
  log_determinant_ = -precision_factor_->log_determinant();
}

const Relationship& LevelCovariance::relationship() const {
  if (is_operator()) throw Error("the precision of the levels has no entries: it is an operator");
  if (relationship_.rules) {
    std::call_once(entries_made_, [&] {
      pedigree::LowerMatrix inverse = relationship_.rules->inverse();
      relationship_.start = std::move(inverse.start);
      relationship_.row = std::move(inverse.row);
      relationship_.value = std::move(inverse.value);
    });
  }
  return relationship_;
}

Vector LevelCovariance::precision_diagonal() const {
  if (is_identity()) return Vector::Ones(n_levels_);
  if (relationship_.rules) return relationship_.rules->inverse_diagonal();
  if (is_operator()) return single_step()->precision_diagonal();
  Vector diagonal(n_levels_);
  for (SmallIndex l = 0; l < n_levels_; ++l)
    diagonal[l] = relationship_.value[relationship_.start[l]];
  return diagonal;
}

void LevelCovariance::multiply(MatrixRef x) const {
  if (is_identity()) return;
  if (has_some())
    x = (covariance_ * x).eval();
  else if (is_operator())
    single_step()->multiply(x);
  else if (relationship_.rules)
    relationship_.rules->multiply(x);
  else if (unfilled_)
    unfilled_->solve(x);
  else
    precision_factor_->solve(x);
}

void LevelCovariance::add_precision_times(Index width, const double* x, double* out) const {
  if (is_identity()) {
    const Index n = width * n_levels_;
    for (Index i = 0; i < n; ++i) out[i] += x[i];
  } else if (relationship_.rules) {
    relationship_.rules->add_inverse_times(width, x, out);
  } else if (is_operator()) {
    single_step()->add_precision_times(width, x, out);
  } else if (unfilled_) {
    unfilled_->multiply_add(width, x, out);
  } else {
    add_entries_times(relationship_, width, x, out);
  }
}

void LevelCovariance::draw(Index width, double* x) const {
  if (is_identity()) return;
  if (relationship_.rules) return relationship_.rules->draw(width, x);
  if (is_operator()) return single_step()->draw(width, x);
  if (unfilled_) return unfilled_->draw(width, x);
  Eigen::Map<linalg::SideBySide> rows(x, n_levels_, width);
  if (has_some()) {
    rows = covariance_.llt().matrixL() * Matrix(rows);
    return;
  }
  Matrix columns = rows;
  precision_factor_->solve_upper(columns);
  rows = columns;
}

}  // namespace henderson::model
