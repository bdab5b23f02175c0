// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/whitened_records.h"

#include <algorithm>
#include <cmath>

#include "core/equations/group_views.h"
#include "core/linalg/team.h"

namespace henderson::equations {

using covariance::Whitening;
using model::RecordGroup;
using model::ResidualBlock;
using model::ResidualPattern;

using ConstMap = Eigen::Map<const Matrix>;
using Map = Eigen::Map<Matrix>;

namespace {

// Of so many columns the rows of one group stay in the cache.
constexpr Index kStrip = 16;

// `operations`: of one column.
template <class Visit>
void for_each_strip(Index n_columns, double operations, int threads, Visit visit) {
  const Index n_strips = (n_columns + kStrip - 1) / kStrip;
  threads = linalg::threads_for(operations * static_cast<double>(n_columns), threads);
  linalg::Team team(static_cast<int>(std::min<Index>(threads, n_strips)));
  team.run([&](int t) {
    for (Index first = t * kStrip; first < n_columns; first += team.size() * kStrip)
      visit(first, std::min(kStrip, n_columns - first));
  });
}

}  // namespace

WhitenedRecords::WhitenedRecords(const model::Model& model)
    : model_(model),
      groups_(*model.groups),
      cross_(model.cross_products),
      rhs_(model.cross_products.nodes.n_columns()),
      response_(model.residual.n_rows()),
      whitened_(static_cast<std::size_t>(groups_.n_whitened)) {}

WhitenedRecords::Whitenings WhitenedRecords::whitenings(bool with_derivative) const {
  Whitenings all;
  for (const ResidualBlock& block : model_.residual.blocks) {
    std::vector<Whitening>& of_block = all.emplace_back();
    for (const ResidualPattern& pattern : block.patterns) {
      of_block.push_back(
          block.structure->whitening(block.theta_of(theta_), pattern.positions, with_derivative));
    }
  }
  return all;
}

const WhitenedRecords::Whitenings& WhitenedRecords::derivatives() const {
  if (derivatives_.empty()) derivatives_ = whitenings(true);
  return derivatives_;
}

bool WhitenedRecords::set(const Vector& theta) {
  theta_ = theta;
  derivatives_.clear();
  whitening_ = whitenings(false);
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
      log_det_ -= 2.0 * log_diagonal * patterns[p].n_subjects();
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

// Strips are turned, so that the entries of a row lie side by side.
linalg::SparseRows WhitenedRecords::rows() const {
  linalg::SparseRows rows;
  rows.entry.reserve(whitened_.size());
  for (const RecordGroup& group : groups_.groups) {
    const ConstMap w = whitened(group);
    for (SmallIndex r = 0; r < group.n_rows; ++r) {
      for (SmallIndex j = 0; j < group.n_columns; ++j)
        if (w(r, j) != 0.0) rows.add(groups_.column[group.first_column + j], w(r, j));
      rows.end_row();
    }
  }
  return rows;
}

Matrix WhitenedRecords::multiply(const ConstMatrixRef& x, int threads) const {
  Matrix product(response_.size(), x.cols());
  for_each_strip(x.cols(), operations(), threads, [&](Index first, Index n) {
    const Matrix strip = x.middleCols(first, n).transpose();
    Matrix own(n, response_.size()), sources;
    for (const RecordGroup& group : groups_.groups) {
      const ConstMap w(whitened_.data() + group.first_whitened, group.n_rows, group.n_columns);
      const SmallIndex* column = groups_.column.data() + group.first_column;
      if (group.n_rows == 1) {
        auto row = own.col(group.first_row);
        row.setZero();
        for (SmallIndex j = 0; j < group.n_columns; ++j) row += w(0, j) * strip.col(column[j]);
        continue;
      }
      sources.resize(n, group.n_columns);
      for (SmallIndex j = 0; j < group.n_columns; ++j) sources.col(j) = strip.col(column[j]);
      own.middleCols(group.first_row, group.n_rows).noalias() = sources * w.transpose();
    }
    product.middleCols(first, n) = own.transpose();
  });
  return product;
}

RecordErrors WhitenedRecords::errors(const ConstVectorRef& u) const {
  const Vector e = residual(u);
  return {cross(e), e.squaredNorm()};
}

Matrix WhitenedRecords::cross(const ConstMatrixRef& x, int threads) const {
  Matrix product(rhs_.size(), x.cols());
  for_each_strip(x.cols(), operations(), threads, [&](Index first, Index n) {
    const Matrix strip = x.middleCols(first, n).transpose();
    Matrix own = Matrix::Zero(n, rhs_.size()), part;
    for (const RecordGroup& group : groups_.groups) {
      const ConstMap w(whitened_.data() + group.first_whitened, group.n_rows, group.n_columns);
      const SmallIndex* column = groups_.column.data() + group.first_column;
      if (group.n_rows == 1) {
        const auto row = strip.col(group.first_row);
        for (SmallIndex j = 0; j < group.n_columns; ++j) own.col(column[j]) += w(0, j) * row;
        continue;
      }
      part.noalias() = strip.middleCols(group.first_row, group.n_rows) * w;
      for (SmallIndex j = 0; j < group.n_columns; ++j) own.col(column[j]) += part.col(j);
    }
    product.middleCols(first, n) = own.transpose();
  });
  return product;
}

}  // namespace henderson::equations
