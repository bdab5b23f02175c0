// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/entry_sums.h"

#include "core/covariance/lower.h"
#include "core/equations/group_views.h"
#include "core/linalg/dense.h"

namespace henderson::information {

using covariance::lower_position;
using covariance::lower_size;
using covariance::Positions;
using equations::WhitenedRecords;
using model::Model;
using model::RecordGroup;
using model::ResidualBlock;

namespace {

ByPattern zeros(const Model& model) {
  ByPattern all;
  for (const ResidualBlock& block : model.residual.blocks)
    all.push_back(Matrix::Zero(lower_size(block.structure->n_coef()),
                               static_cast<Index>(block.patterns.size())));
  return all;
}

// Adds the lower triangle of a matrix among the positions of a pattern (ascending).
void add_entries(const Matrix& among, const Positions& at, Eigen::Ref<Vector> entries) {
  for (Index c = 0; c < among.cols(); ++c) {
    for (Index r = c; r < among.rows(); ++r) entries[lower_position(at[r], at[c])] += among(r, c);
  }
}

// R^-1 X of a subject in the columns that it has.
Matrix subject_design(const WhitenedRecords& records, const RecordGroup& group) {
  return records.dense_transform(group.block, group.pattern).transpose() * records.whitened(group);
}

}  // namespace

ByPattern pattern_inverses(const Model& model, const WhitenedRecords& records) {
  ByPattern all = zeros(model);
  for (std::size_t b = 0; b < all.size(); ++b) {
    const ResidualBlock& block = model.residual.blocks[b];
    for (std::size_t p = 0; p < block.patterns.size(); ++p) {
      const Matrix& t = records.dense_transform(b, p);
      add_entries(t.transpose() * t, block.patterns[p].positions,
                  all[b].col(static_cast<Index>(p)));
    }
  }
  return all;
}

WeightedErrors weighted_errors(const Model& model, const WhitenedRecords& records,
                               const ConstVectorRef& solution) {
  WeightedErrors sums{zeros(model), {}};
  for (const Matrix& entries : sums.squares)
    sums.cross.push_back(Matrix::Zero(entries.rows(), solution.size()));
  const Vector error = records.residual(solution);
  for (const RecordGroup& group : model.groups->groups) {
    const Positions& at = model.residual.blocks[group.block].patterns[group.pattern].positions;
    const Matrix& t = records.dense_transform(group.block, group.pattern);
    const Vector w = t.transpose() * error.segment(group.first_row, group.n_rows);
    add_entries(w * w.transpose(), at, sums.squares[group.block].col(group.pattern));
    const Matrix x = subject_design(records, group);
    Matrix& cross = sums.cross[group.block];
    for (SmallIndex j = 0; j < group.n_columns; ++j) {
      double* into = cross.col(model.groups->column[group.first_column + j]).data();
      for (Index r = 0; r < w.size(); ++r) {
        double* row = into + lower_position(at[r], 0);
        for (Index c = 0; c < r; ++c) row[at[c]] += x(r, j) * w[c] + x(c, j) * w[r];
        row[at[r]] += x(r, j) * w[r];
      }
    }
  }
  return sums;
}

WeightedDesign weighted_design(const Model& model, const WhitenedRecords& records, std::size_t b,
                               const Matrix& upper, int threads, Callbacks& callbacks) {
  const ResidualBlock& block = model.residual.blocks[b];
  const Index n_columns = upper.cols();
  const Index n_positions = block.structure->n_coef();
  std::vector<const RecordGroup*> groups;
  for (const RecordGroup& group : model.groups->groups) {
    if (group.block == static_cast<SmallIndex>(b)) groups.push_back(&group);
  }
  WeightedDesign sums{
      Matrix::Zero(lower_size(n_positions), static_cast<Index>(block.patterns.size())), {}};
  const auto write = [&](Index first, MatrixRef columns) {
    columns.setZero();
    for (Index s = 0; s < columns.cols(); ++s) {
      const RecordGroup& group = *groups[static_cast<std::size_t>(first + s)];
      const Positions& at = block.patterns[group.pattern].positions;
      const Matrix xi = equations::gathered(*model.groups, group, upper).transpose() *
                        subject_design(records, group).transpose();  // a column per position
      add_entries(xi.transpose() * xi, at, sums.squares.col(group.pattern));
      for (Index r = 0; r < xi.cols(); ++r)
        columns.col(s).segment(at[r] * n_columns, n_columns) = xi.col(r);
    }
  };
  sums.products = linalg::cross_product(n_positions * n_columns, static_cast<Index>(groups.size()),
                                        write, threads, callbacks);
  return sums;
}

}  // namespace henderson::information
