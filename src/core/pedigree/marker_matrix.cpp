// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/pedigree/marker_matrix.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/linalg/side_by_side.h"

namespace henderson::pedigree {
namespace {

constexpr Index kBlock = 64;  // markers at a time

using linalg::SideBySide;

bool is_packable(const ConstMatrixRef& genotypes) {
  for (Index c = 0; c < genotypes.cols(); ++c) {
    const double* g = genotypes.col(c).data();
    for (Index i = 0; i < genotypes.rows(); ++i)
      if (!std::isnan(g[i]) && g[i] != 0.0 && g[i] != 1.0 && g[i] != 2.0) return false;
  }
  return true;
}

}  // namespace

MarkerMatrix::MarkerMatrix(Index n, const linalg::ColumnSource& source, MarkerCodes codes,
                           int threads, Callbacks& callbacks)
    : n_animals_(n), codes_(std::move(codes)), threads_(threads) {
  if (codes_.scale.size() != codes_.centre.size())
    throw DimensionMismatch("scale of the markers", codes_.scale.size(), codes_.centre.size());
  fill(source, callbacks);
  squares_ = squares_of_columns();
}

MarkerMatrix::MarkerMatrix(const MarkerMatrix& all, const std::vector<Index>& animals)
    : n_animals_(static_cast<Index>(animals.size())), codes_(all.codes_), threads_(all.threads_) {
  if (all.packed_) {
    packed_ = all.packed_->of_animals(animals);
  } else {
    coded_.resize(n_animals_, all.coded_.cols());
    for (Index i = 0; i < n_animals_; ++i) coded_.row(i) = all.coded_.row(animals[i]);
  }
  squares_ = squares_of_columns();
}

MarkerMatrix MarkerMatrix::of_animals(const std::vector<Index>& animals) const {
  return MarkerMatrix(*this, animals);
}

void MarkerMatrix::fill(const linalg::ColumnSource& source, Callbacks& callbacks) {
  const Index n_markers = codes_.centre.size();
  packed_.emplace(n_animals_, n_markers);
  Matrix block(n_animals_, std::min(kBlock, n_markers));
  for (Index first = 0; first < n_markers; first += kBlock) {
    callbacks.stop_if_interrupted();
    const Index width = std::min(kBlock, n_markers - first);
    source(first, block.leftCols(width));
    if (packed_ && is_packable(block.leftCols(width))) {
      packed_->put(first, block.leftCols(width));
      continue;
    }
    if (packed_) {
      coded_.resize(n_animals_, n_markers);
      for (Index j = 0; j < first; ++j) {
        packed_->read(j, codes_.centre[j], coded_.col(j));
        code(j, coded_.col(j));
      }
      packed_.reset();
    }
    coded_.middleCols(first, width) = block.leftCols(width);
    for (Index j = first; j < first + width; ++j) code(j, coded_.col(j));
  }
}

void MarkerMatrix::code(Index marker, VectorRef genotypes) const {
  const double centre = codes_.centre[marker], scale = codes_.scale[marker];
  genotypes =
      genotypes.unaryExpr([=](double g) { return std::isnan(g) ? 0.0 : (g - centre) * scale; });
}

double MarkerMatrix::bytes() const {
  return packed_ ? PackedGenotypes::bytes(n_animals_, packed_->n_markers())
                 : static_cast<double>(coded_.size()) * sizeof(double);
}

void MarkerMatrix::read(Index first, MatrixRef block) const {
  for (Index c = 0; c < block.cols(); ++c) {
    const Index j = first + c;
    if (j == codes_.centre.size()) {
      block.col(c).setConstant(codes_.constant);
    } else if (packed_) {
      packed_->read(j, codes_.centre[j], block.col(c));
      code(j, block.col(c));
    } else {
      block.col(c) = coded_.col(j);
    }
  }
}

Vector MarkerMatrix::squares_of_columns() const {
  const Index m = codes_.centre.size();
  Vector squares(n_columns());
  if (packed_) {
    const PackedGenotypes::Tallies n = packed_->tallies();
    const auto none = static_cast<double>(n_animals_) - (n.one + n.two + n.missing).array();
    const auto c = codes_.centre.array();
    squares.head(m) =
        codes_.scale.array().square() * (none * c.square() + n.one.array() * (1.0 - c).square() +
                                         n.two.array() * (2.0 - c).square());
  } else {
    squares.head(m) = coded_.colwise().squaredNorm().transpose();
  }
  if (codes_.constant != 0.0)
    squares[m] = static_cast<double>(n_animals_) * codes_.constant * codes_.constant;
  return squares;
}

void MarkerMatrix::multiply_add(Index width, const double* a, double* out) const {
  const Index m = codes_.centre.size();
  const Eigen::Map<const SideBySide> effects(a, n_columns(), width);
  Eigen::Map<SideBySide> sums(out, n_animals_, width);
  Eigen::RowVectorXd common = Eigen::RowVectorXd::Zero(width);
  if (codes_.constant != 0.0) common += codes_.constant * effects.row(m);
  if (packed_) {
    const SideBySide scaled = codes_.scale.asDiagonal() * effects.topRows(m);
    common -= codes_.centre.transpose() * scaled;
    packed_->multiply_add(codes_.centre, width, scaled.data(), threads_, out);
  } else {
    sums.noalias() += coded_ * effects.topRows(m);
  }
  sums.rowwise() += common;
}

void MarkerMatrix::multiply_back_add(Index width, const double* x, double* out) const {
  const Index m = codes_.centre.size();
  const Eigen::Map<const SideBySide> rows(x, n_animals_, width);
  Eigen::Map<SideBySide> effects(out, n_columns(), width);
  const Eigen::RowVectorXd total = rows.colwise().sum();
  if (codes_.constant != 0.0) effects.row(m) += codes_.constant * total;
  if (!packed_) {
    effects.topRows(m).noalias() += coded_.transpose() * rows;
    return;
  }
  SideBySide own = SideBySide::Zero(m, width);
  packed_->multiply_back_add(codes_.centre, width, x, threads_, own.data());
  own -= codes_.centre * total;
  effects.topRows(m) += codes_.scale.asDiagonal() * own;
}

}  // namespace henderson::pedigree
