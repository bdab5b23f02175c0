// SPDX-License-Identifier: GPL-3.0-or-later
// The score and the curvature of WhitenedRecords.
#include <algorithm>
#include <numeric>

#include "core/equations/group_views.h"
#include "core/equations/whitened_records.h"

namespace henderson::equations {

using covariance::Whitening;
using model::RecordGroup;
using model::ResidualBlock;
using model::ResidualPattern;

using ConstMap = Eigen::Map<const Matrix>;

namespace {

// f(positions, G among them) of each part, G being whole or the parts one after the other.
template <class F>
void for_each_part(const ResidualBlock& block, const Matrix& g, F f) {
  const double* next = g.data();
  for (const covariance::Positions& at : sigma_parts(block)) {
    const auto n = static_cast<Index>(at.size());
    f(at, Matrix(ConstMap(next, n, n)));
    next += n * n;
  }
}

}  // namespace

std::vector<covariance::Positions> sigma_parts(const ResidualBlock& block) {
  if (block.structure->n_coef() <= kLargestWhole) {
    covariance::Positions all(static_cast<std::size_t>(block.structure->n_coef()));
    std::iota(all.begin(), all.end(), 0);
    return {all};
  }
  std::vector<covariance::Positions> parts;
  for (const ResidualPattern& pattern : block.patterns) {
    if (pattern.positions.size() > kLargestWhole) return {};
    parts.push_back(pattern.positions);
  }
  return size_of(parts) <= kMostInParts ? parts : std::vector<covariance::Positions>();
}

Index size_of(const std::vector<covariance::Positions>& parts) {
  Index size = 0;
  for (const covariance::Positions& at : parts) size += static_cast<Index>(at.size() * at.size());
  return size;
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

void WhitenedRecords::add_score(const std::vector<double>& inverse, const ConstVectorRef& u,
                                double residual, Vector& gradient) const {
  const Whitenings& derivatives = this->derivatives();
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
      const double n_subjects = block.patterns[p].n_subjects();
      for (Index r = 0; r < t.size(); ++r)
        sums[b][p][t.start[r + 1] - 1] -= n_subjects / t.diagonal(r);
      gradient.segment(block.first_theta, block.n_theta()) +=
          2.0 * t.derivative.transpose() * sums[b][p];
    }
  }
}

bool WhitenedRecords::has_few_positions() const {
  return std::all_of(
      model_.residual.blocks.begin(), model_.residual.blocks.end(),
      [](const ResidualBlock& block) { return block.structure->n_coef() <= kLargestWhole; });
}

// With S = d(-2l)/dT / 2 on the lower triangle and M = L'GL for T = L^-1: M L' = -S there, row by
// row a triangular solve, and G = T'MT.
std::optional<std::vector<Matrix>> WhitenedRecords::covariance_score(
    const std::vector<double>& inverse, const ConstVectorRef& u, double residual) const {
  std::vector<std::vector<Matrix>> sums;
  for (const ResidualBlock& block : model_.residual.blocks) {
    if (sigma_parts(block).empty()) return std::nullopt;
    std::vector<Matrix>& of_patterns = sums.emplace_back();
    for (const ResidualPattern& pattern : block.patterns) {
      const auto n = static_cast<Index>(pattern.positions.size());
      of_patterns.push_back(Matrix::Zero(n, n));
    }
  }
  for (const RecordGroup& group : groups_.groups) {
    if (!group.is_subject) return std::nullopt;
    sums[group.block][group.pattern] += group_score(group, inverse, u, residual).transpose();
  }
  std::vector<Matrix> scores;
  for (std::size_t b = 0; b < sums.size(); ++b) {
    const ResidualBlock& block = model_.residual.blocks[b];
    const bool is_whole = block.structure->n_coef() <= kLargestWhole;
    const Index n_coef = block.structure->n_coef();
    Matrix& score = scores.emplace_back(is_whole ? Matrix::Zero(n_coef, n_coef)
                                                 : Matrix::Zero(size_of(sigma_parts(block)), 1));
    double* next = score.data();
    for (std::size_t p = 0; p < sums[b].size(); ++p) {
      const ResidualPattern& pattern = block.patterns[p];
      const Matrix t = whitening_[b][p].matrix();
      const Matrix l = t.triangularView<Eigen::Lower>().solve(Matrix::Identity(t.rows(), t.cols()));
      Matrix m(t.rows(), t.cols());
      for (Index r = 0; r < t.rows(); ++r) {
        Vector s = sums[b][p].row(r).head(r + 1);
        s[r] -= pattern.n_subjects() / t(r, r);
        l.topLeftCorner(r + 1, r + 1).triangularView<Eigen::Lower>().solveInPlace(s);
        m.row(r).head(r + 1) = -s.transpose();
        m.col(r).head(r + 1) = -s;
      }
      const Matrix g = t.transpose() * m * t;
      if (!is_whole) {
        next = std::copy_n(g.data(), g.size(), next);
        continue;
      }
      for (Index j = 0; j < g.cols(); ++j) {
        for (Index i = 0; i < g.rows(); ++i)
          score(pattern.positions[i], pattern.positions[j]) += g(i, j);
      }
    }
  }
  return scores;
}

void WhitenedRecords::add_score(const std::vector<Matrix>& g, Vector& gradient) const {
  for (std::size_t b = 0; b < g.size(); ++b) {
    const ResidualBlock& block = model_.residual.blocks[b];
    for_each_part(block, g[b], [&](const covariance::Positions& at, const Matrix& own) {
      const std::vector<Matrix> sigma =
          block.structure->covariance_derivatives(block.theta_of(theta_), at);
      for (std::size_t i = 0; i < sigma.size(); ++i)
        gradient[block.first_theta + static_cast<Index>(i)] += own.cwiseProduct(sigma[i]).sum();
    });
  }
}

void WhitenedRecords::add_curvature(const std::vector<Matrix>& g, Matrix& curvature) const {
  for (std::size_t b = 0; b < g.size(); ++b) {
    const ResidualBlock& block = model_.residual.blocks[b];
    const Index n_theta = block.structure->n_theta();
    const ConstVectorRef theta = block.theta_of(theta_);
    const bool is_whole = block.structure->n_coef() <= kLargestWhole;
    for_each_part(block, g[b], [&](const covariance::Positions& at, const Matrix& own) {
      curvature.block(block.first_theta, block.first_theta, n_theta, n_theta) +=
          is_whole ? block.structure->curvature(theta, own)
                   : covariance::difference_curvature(*block.structure, theta, own, at);
    });
  }
}

}  // namespace henderson::equations
