// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/whitened_records.h"

#include <algorithm>
#include <cmath>

namespace henderson::equations {
namespace {

using covariance::Whitening;
using model::RecordGroup;
using model::RecordGroups;
using model::ResidualBlock;
using model::ResidualPattern;

using ConstMap = Eigen::Map<const Matrix>;
using Map = Eigen::Map<Matrix>;

ConstMap design_of(const RecordGroups& groups, const RecordGroup& group) {
  return {groups.design.data() + group.first_design, group.n_sources, group.n_columns};
}

// The rows of x in the columns of the group.
Matrix gathered(const RecordGroups& groups, const RecordGroup& group, const ConstMatrixRef& x) {
  Matrix rows(group.n_columns, x.cols());
  for (SmallIndex j = 0; j < group.n_columns; ++j) {
    rows.row(j) = x.row(groups.column[group.first_column + j]);
  }
  return rows;
}

// For every block (b, a) of nodes of the group, b >= a: visit(first value, row, column, n_rows,
// n_columns), rows and columns being those of the group.
template <class Visit>
void for_each_pair(const RecordGroups& groups, const model::Nodes& nodes, const RecordGroup& group,
                   Visit visit) {
  const SmallIndex* node = groups.node.data() + group.first_node;
  const Index* position = groups.pair_position.data() + group.first_pair;
  Index column = 0;
  for (SmallIndex a = 0; a < group.n_nodes; ++a) {
    const Index na = nodes.size(node[a]);
    Index row = column;
    for (SmallIndex b = a; b < group.n_nodes; ++b) {
      const Index nb = nodes.size(node[b]);
      visit(*position++, row, column, nb, na);
      row += nb;
    }
    column += na;
  }
}

// y := T'_j x, T'^t_j x, or the solution of T y = x, T^t y = x, for one subject.
void multiply_derivative(const Whitening& t, Index j, const ConstMatrixRef& x, MatrixRef y) {
  for (Index r = 0; r < t.size(); ++r) {
    y.row(r).setZero();
    for (Index k = t.start[r]; k < t.start[r + 1]; ++k) {
      y.row(r) += t.derivative(k, j) * x.row(t.column[k]);
    }
  }
}

void multiply_derivative_transposed(const Whitening& t, Index j, const ConstMatrixRef& x,
                                    MatrixRef y) {
  y.setZero();
  for (Index r = 0; r < t.size(); ++r) {
    for (Index k = t.start[r]; k < t.start[r + 1]; ++k) {
      y.row(t.column[k]) += t.derivative(k, j) * x.row(r);
    }
  }
}

void solve(const Whitening& t, MatrixRef x) {
  for (Index r = 0; r < t.size(); ++r) {
    for (Index k = t.start[r]; k < t.start[r + 1] - 1; ++k) {
      x.row(r) -= t.value[k] * x.row(t.column[k]);
    }
    x.row(r) /= t.diagonal(r);
  }
}

void solve_transposed(const Whitening& t, MatrixRef x) {
  for (Index r = t.size() - 1; r >= 0; --r) {
    x.row(r) /= t.diagonal(r);
    for (Index k = t.start[r]; k < t.start[r + 1] - 1; ++k) {
      x.row(t.column[k]) -= t.value[k] * x.row(r);
    }
  }
}

}  // namespace

WhitenedRecords::WhitenedRecords(const model::Model& model)
    : model_(model),
      groups_(*model.groups),
      cross_(model.cross_products),
      rhs_(model.cross_products.nodes.n_columns()),
      response_(model.residual.n_rows()),
      whitened_(static_cast<std::size_t>(groups_.n_whitened)) {}

WhitenedRecords::Whitenings WhitenedRecords::whitenings(const Vector& theta,
                                                        bool with_derivative) const {
  Whitenings all;
  for (const ResidualBlock& block : model_.residual.blocks) {
    std::vector<Whitening>& of_block = all.emplace_back();
    for (const ResidualPattern& pattern : block.patterns) {
      of_block.push_back(
          block.structure->whitening(theta.segment(block.first_theta, block.structure->n_theta()),
                                     pattern.positions, with_derivative));
    }
  }
  return all;
}

bool WhitenedRecords::set(const Vector& theta) {
  whitening_ = whitenings(theta, false);
  dense_.clear();
  log_det_ = -model_.sum_log_weights;
  for (std::size_t b = 0; b < whitening_.size(); ++b) {
    const std::vector<ResidualPattern>& patterns = model_.residual.blocks[b].patterns;
    dense_.emplace_back(patterns.size());
    for (std::size_t p = 0; p < patterns.size(); ++p) {
      const Whitening& t = whitening_[b][p];
      if (t.size() == 0) return false;
      double log_diagonal = 0.0;
      for (Index r = 0; r < t.size(); ++r) log_diagonal += std::log(t.diagonal(r));
      log_det_ -= 2.0 * log_diagonal * static_cast<double>(patterns[p].first_row.size());
    }
  }
  if (!std::isfinite(log_det_)) return false;
  std::fill(cross_.value.begin(), cross_.value.end(), 0.0);
  rhs_.setZero();
  for (const RecordGroup& group : groups_.groups) {
    Matrix& dense = dense_[group.block][group.pattern];
    if (group.is_subject && dense.size() == 0)
      dense = whitening_[group.block][group.pattern].matrix();
    whiten_group(group);
    add_products(group);
  }
  weighted_ss_ = response_.squaredNorm();
  return true;
}

// The rows of T that make a group, n_rows x n_sources.
Matrix WhitenedRecords::transform(const RecordGroup& group) const {
  const Whitening& t = whitening_[group.block][group.pattern];
  const Index first = t.start[group.first_local_row];
  return t.value.segment(first, group.n_sources).transpose();
}

void WhitenedRecords::whiten_group(const RecordGroup& group) {
  Map whitened(whitened_.data() + group.first_whitened, group.n_rows, group.n_columns);
  Vector y(group.n_sources);
  for (SmallIndex s = 0; s < group.n_sources; ++s) {
    y[s] = groups_.response[groups_.source_row[group.first_source + s]];
  }
  const ConstMap design = design_of(groups_, group);
  if (group.is_subject) {
    const auto t = dense_[group.block][group.pattern].triangularView<Eigen::Lower>();
    whitened.noalias() = t * design;
    response_.segment(group.first_row, group.n_rows).noalias() = t * y;
  } else {
    const Matrix t = transform(group);
    whitened.noalias() = t.lazyProduct(design);
    response_[group.first_row] = t.row(0).dot(y);
  }
}

void WhitenedRecords::add_products(const RecordGroup& group) {
  const ConstMap w(whitened_.data() + group.first_whitened, group.n_rows, group.n_columns);
  const Matrix product = w.transpose() * w;
  for_each_pair(groups_, cross_.nodes, group,
                [&](Index position, Index row, Index column, Index n_rows, Index n_columns) {
                  double* value = cross_.value.data() + position;
                  for (Index c = 0; c < n_columns; ++c) {
                    for (Index r = 0; r < n_rows; ++r) *value++ += product(row + r, column + c);
                  }
                });
  const Vector wy = w.transpose() * response_.segment(group.first_row, group.n_rows);
  for (SmallIndex j = 0; j < group.n_columns; ++j) {
    rhs_[groups_.column[group.first_column + j]] += wy[j];
  }
}

Matrix WhitenedRecords::multiply(const ConstMatrixRef& x) const {
  Matrix product(response_.size(), x.cols());
  for (const RecordGroup& group : groups_.groups) {
    const ConstMap w(whitened_.data() + group.first_whitened, group.n_rows, group.n_columns);
    product.middleRows(group.first_row, group.n_rows).noalias() = w * gathered(groups_, group, x);
  }
  return product;
}

Matrix WhitenedRecords::cross(const ConstMatrixRef& x) const {
  Matrix product = Matrix::Zero(rhs_.size(), x.cols());
  for (const RecordGroup& group : groups_.groups) {
    const ConstMap w(whitened_.data() + group.first_whitened, group.n_rows, group.n_columns);
    const Matrix part = w.transpose() * x.middleRows(group.first_row, group.n_rows);
    for (SmallIndex j = 0; j < group.n_columns; ++j) {
      product.row(groups_.column[group.first_column + j]) += part.row(j);
    }
  }
  return product;
}

// W D W~' + e e~' / sigma^2 for the rows of a group, n_sources x n_rows.
Matrix WhitenedRecords::group_score(const RecordGroup& group, const std::vector<double>& inverse,
                                    const ConstVectorRef& u, double residual) const {
  Matrix d(group.n_columns, group.n_columns);
  for_each_pair(groups_, cross_.nodes, group,
                [&](Index position, Index row, Index column, Index n_rows, Index n_columns) {
                  const ConstMap block(inverse.data() + position, n_rows, n_columns);
                  d.block(row, column, n_rows, n_columns) = block;
                  if (row != column) d.block(column, row, n_columns, n_rows) = block.transpose();
                });
  const ConstMap w(whitened_.data() + group.first_whitened, group.n_rows, group.n_columns);
  const ConstMap design = design_of(groups_, group);
  const Vector own = gathered(groups_, group, u);
  const Vector whitened_error = response_.segment(group.first_row, group.n_rows) - w * own;
  Vector error = -design * own;
  for (SmallIndex s = 0; s < group.n_sources; ++s) {
    error[s] += groups_.response[groups_.source_row[group.first_source + s]];
  }
  const Matrix dw = d * w.transpose();
  Matrix sum = design * dw;
  sum += error * whitened_error.transpose() / residual;
  return sum;
}

void WhitenedRecords::add_score(const Vector& theta, const std::vector<double>& inverse,
                                const ConstVectorRef& u, double residual, Vector& gradient) const {
  const Whitenings derivatives = whitenings(theta, true);
  // sums[b][p][k] for entry k = (r, c) of T: the sum over subjects of W_c D W~_r' + e_c e~_r /
  // sigma^2, what T'_k is multiplied by.
  std::vector<std::vector<Vector>> sums;
  for (const auto& of_block : derivatives) {
    std::vector<Vector>& of_patterns = sums.emplace_back();
    for (const Whitening& t : of_block) of_patterns.push_back(Vector::Zero(t.value.size()));
  }
  for (const RecordGroup& group : groups_.groups) {
    const Matrix sum = group_score(group, inverse, u, residual);
    const Whitening& t = derivatives[group.block][group.pattern];
    Vector& into = sums[group.block][group.pattern];
    if (!group.is_subject) {
      into.segment(t.start[group.first_local_row], group.n_sources) += sum.col(0);
      continue;
    }
    for (Index r = 0; r < t.size(); ++r) {
      for (Index k = t.start[r]; k < t.start[r + 1]; ++k) into[k] += sum(t.column[k], r);
    }
  }
  for (std::size_t b = 0; b < sums.size(); ++b) {
    const ResidualBlock& block = model_.residual.blocks[b];
    for (std::size_t p = 0; p < sums[b].size(); ++p) {
      const Whitening& t = derivatives[b][p];
      const auto n_subjects = static_cast<double>(block.patterns[p].first_row.size());
      for (Index r = 0; r < t.size(); ++r)
        sums[b][p][t.start[r + 1] - 1] -= n_subjects / t.diagonal(r);
      gradient.segment(block.first_theta, block.structure->n_theta()) +=
          2.0 * t.derivative.transpose() * sums[b][p];
    }
  }
}

// With S = d(-2l)/dT / 2 on the lower triangle and M = L'GL for T = L^-1: M L' = -S there, row by
// row a triangular solve, and G = T'MT.
bool WhitenedRecords::add_curvature(const Vector& theta, const std::vector<double>& inverse,
                                    const ConstVectorRef& u, double residual,
                                    Matrix& curvature) const {
  constexpr Index kLargest = 300;
  std::vector<std::vector<Matrix>> sums;
  for (const ResidualBlock& block : model_.residual.blocks) {
    if (block.structure->n_coef() > kLargest) return false;
    std::vector<Matrix>& of_patterns = sums.emplace_back();
    for (const ResidualPattern& pattern : block.patterns) {
      const auto n = static_cast<Index>(pattern.positions.size());
      of_patterns.push_back(Matrix::Zero(n, n));
    }
  }
  for (const RecordGroup& group : groups_.groups) {
    if (!group.is_subject) return false;
    sums[group.block][group.pattern] += group_score(group, inverse, u, residual).transpose();
  }
  for (std::size_t b = 0; b < sums.size(); ++b) {
    const ResidualBlock& block = model_.residual.blocks[b];
    const Index n_coef = block.structure->n_coef(), n_theta = block.structure->n_theta();
    Matrix score = Matrix::Zero(n_coef, n_coef);
    for (std::size_t p = 0; p < sums[b].size(); ++p) {
      const ResidualPattern& pattern = block.patterns[p];
      const Matrix t = whitening_[b][p].matrix();
      const Matrix l = t.triangularView<Eigen::Lower>().solve(Matrix::Identity(t.rows(), t.cols()));
      Matrix m(t.rows(), t.cols());
      for (Index r = 0; r < t.rows(); ++r) {
        Vector s = sums[b][p].row(r).head(r + 1);
        s[r] -= static_cast<double>(pattern.first_row.size()) / t(r, r);
        l.topLeftCorner(r + 1, r + 1).triangularView<Eigen::Lower>().solveInPlace(s);
        m.row(r).head(r + 1) = -s.transpose();
        m.col(r).head(r + 1) = -s;
      }
      const Matrix g = t.transpose() * m * t;
      for (Index j = 0; j < g.cols(); ++j) {
        for (Index i = 0; i < g.rows(); ++i)
          score(pattern.positions[i], pattern.positions[j]) += g(i, j);
      }
    }
    curvature.block(block.first_theta, block.first_theta, n_theta, n_theta) +=
        block.structure->curvature(theta.segment(block.first_theta, n_theta), score);
  }
  return true;
}

Matrix WhitenedRecords::directions(const Vector& theta, const ConstVectorRef& x) const {
  const Whitenings derivatives = whitenings(theta, true);
  Index n_theta = 0;
  for (const ResidualBlock& block : model_.residual.blocks) n_theta += block.structure->n_theta();
  const Index first_theta = model_.residual.blocks.front().first_theta;
  Matrix found = Matrix::Zero(x.size(), n_theta);
  for (std::size_t b = 0; b < derivatives.size(); ++b) {
    const ResidualBlock& block = model_.residual.blocks[b];
    for (std::size_t p = 0; p < derivatives[b].size(); ++p) {
      const Whitening& t = derivatives[b][p];
      Matrix half(t.size(), 1), other(t.size(), 1);
      for (const Index first : block.patterns[p].first_row) {
        const Matrix own = x.segment(first, t.size());
        Matrix plain = own;
        solve(t, plain);
        for (Index j = 0; j < t.derivative.cols(); ++j) {
          multiply_derivative_transposed(t, j, own, half);
          solve_transposed(t, half);
          multiply_derivative(t, j, plain, other);
          found.col(block.first_theta - first_theta + j).segment(first, t.size()) = -(half + other);
        }
      }
    }
  }
  return found;
}

Matrix WhitenedRecords::direction(const Vector& theta, Index place, const ConstMatrixRef& x) const {
  const Whitenings derivatives = whitenings(theta, true);
  Matrix found = Matrix::Zero(x.rows(), x.cols());
  for (std::size_t b = 0; b < derivatives.size(); ++b) {
    const ResidualBlock& block = model_.residual.blocks[b];
    const Index j = place - block.first_theta;
    if (j < 0 || j >= block.structure->n_theta()) continue;
    for (std::size_t p = 0; p < derivatives[b].size(); ++p) {
      const Whitening& t = derivatives[b][p];
      Matrix half(t.size(), x.cols()), other(t.size(), x.cols());
      for (const Index first : block.patterns[p].first_row) {
        const Matrix own = x.middleRows(first, t.size());
        Matrix plain = own;
        solve(t, plain);
        multiply_derivative_transposed(t, j, own, half);
        solve_transposed(t, half);
        multiply_derivative(t, j, plain, other);
        found.middleRows(first, t.size()) = -(half + other);
      }
    }
  }
  return found;
}

std::vector<Index> WhitenedRecords::row_of_record() const {
  std::vector<Index> rows(static_cast<std::size_t>(model_.n_records));
  for (Index row = 0; row < model_.residual.n_rows(); ++row) {
    const SmallIndex record = model_.residual.record_of_row[row];
    if (record != kNone) rows[record] = row;
  }
  return rows;
}

Vector WhitenedRecords::whiten(const ConstVectorRef& x) const {
  const Vector& weights = model_.weights;
  Vector by_row = Vector::Zero(model_.residual.n_rows());
  for (Index row = 0; row < by_row.size(); ++row) {
    const SmallIndex record = model_.residual.record_of_row[row];
    if (record != kNone)
      by_row[row] = x[record] * (weights.size() > 0 ? std::sqrt(weights[record]) : 1.0);
  }
  Vector whitened = Vector::Zero(by_row.size());
  for (std::size_t b = 0; b < whitening_.size(); ++b) {
    const std::vector<ResidualPattern>& patterns = model_.residual.blocks[b].patterns;
    for (std::size_t p = 0; p < patterns.size(); ++p) {
      const Whitening& t = whitening_[b][p];
      for (const Index first : patterns[p].first_row) {
        for (Index r = 0; r < t.size(); ++r) {
          for (Index k = t.start[r]; k < t.start[r + 1]; ++k) {
            whitened[first + r] += t.value[k] * by_row[first + t.column[k]];
          }
        }
      }
    }
  }
  return whitened;
}

}  // namespace henderson::equations
