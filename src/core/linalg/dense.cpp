// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/dense.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/linalg/kernels.h"
#include "core/linalg/shared_scratch.h"

namespace henderson::linalg {
namespace {

constexpr Index kBlock = 512;  // columns of A A' at a time
// Multiplications from which on the kernels and their team are worth calling.
constexpr double kManyProducts = 1e7;

constexpr Index kPairBlock = 64;  // rows and columns met at a time, within the cache

// Calls visit(i, j) for all i >= j of a square of n rows, by blocks: entries (i, j) and (j, i) then
// lie in the cache together.
template <class Visit>
void for_each_pair(Index n, Visit visit) {
  for (Index first = 0; first < n; first += kPairBlock) {
    const Index last = std::min(first + kPairBlock, n);
    for (Index below = first; below < n; below += kPairBlock) {
      const Index end = std::min(below + kPairBlock, n);
      for (Index j = first; j < last; ++j) {
        for (Index i = std::max(below, j); i < end; ++i) visit(i, j);
      }
    }
  }
}

}  // namespace

Symmetry symmetry(const ConstMatrixRef& a) {
  Symmetry found;
  bool finite = true;
  for_each_pair(a.rows(), [&](Index i, Index j) {
    finite = finite && std::isfinite(a(i, j)) && std::isfinite(a(j, i));
    found.largest = std::max(found.largest, std::abs(a(i, j)));
    found.asymmetry = std::max(found.asymmetry, std::abs(a(i, j) - a(j, i)));
  });
  if (!finite) found.largest = std::numeric_limits<double>::infinity();
  return found;
}

void mirror_lower(Matrix& a) {
  for_each_pair(a.rows(), [&](Index i, Index j) { a(j, i) = a(i, j); });
}

double trace_of_product(const Matrix& a, const Matrix& b) {
  double sum = 0.0;
  for_each_pair(a.rows(), [&](Index i, Index j) {
    sum += a(i, j) * b(j, i);
    if (i != j) sum += a(j, i) * b(i, j);
  });
  return sum;
}

std::variant<DenseInverse, FailedPivot> symmetric_inverse(Matrix a, int threads) {
  const Index n = a.rows();
  if (n == 0) return DenseInverse{};
  SharedScratch scratch(n, threads);
  const Index failed = kernels::factor_panel(n, n, a.data(), n, {}, scratch.first());
  if (failed != kernels::kNoFailure) return FailedPivot{failed, a(failed, failed)};
  DenseInverse result;
  result.log_determinant = 2.0 * a.diagonal().array().log().sum();
  double none = 0.0;
  kernels::invert_panel(n, 0, a.data(), n, &none, 1, scratch.first());
  mirror_lower(a);
  result.inverse = std::move(a);
  return result;
}

Matrix product(const ConstMatrixRef& a, const ConstMatrixRef& b, int threads) {
  Matrix found = Matrix::Zero(a.rows(), b.cols());
  if (found.size() == 0 || a.cols() == 0) return found;
  SharedScratch scratch(std::max({a.rows(), a.cols(), b.cols()}), threads);
  kernels::gemm(a.rows(), b.cols(), a.cols(), 1.0, a.data(), a.outerStride(), b.data(),
                b.outerStride(), found.data(), found.rows(), scratch.first());
  return found;
}

Matrix own_products(const ConstMatrixRef& a, int threads) {
  const auto write = [&](Index first, MatrixRef block) {
    block = a.middleRows(first, block.cols()).transpose();
  };
  Callbacks quiet;
  return cross_product(a.cols(), a.rows(), write, threads, quiet);
}

Matrix symmetric_product(const ConstMatrixRef& a, const ConstMatrixRef& b, int threads) {
  const Index n = a.cols();
  if (static_cast<double>(n) * n * a.rows() < kManyProducts) return a.transpose() * b;
  SharedScratch scratch(n, threads);
  Matrix product = Matrix::Zero(n, n), left(n, kBlock), right(n, kBlock);
  for (Index first = 0; first < a.rows(); first += kBlock) {
    const Index width = std::min(kBlock, a.rows() - first);
    left.leftCols(width) = a.middleRows(first, width).transpose();
    right.leftCols(width) = b.middleRows(first, width).transpose();
    kernels::subtract_lower(n, width, left.data(), n, right.data(), n, product.data(), n,
                            scratch.first());
  }
  product *= -1.0;
  mirror_lower(product);
  return product;
}

Matrix cross_product(Index n, Index n_columns, const ColumnSource& source, int threads,
                     Callbacks& callbacks) {
  SharedScratch scratch(n, threads);
  Matrix product = Matrix::Zero(n, n);
  Matrix block(n, std::min(kBlock, n_columns));
  for (Index first = 0; first < n_columns; first += kBlock) {
    callbacks.stop_if_interrupted();
    const Index width = std::min(kBlock, n_columns - first);
    source(first, block.leftCols(width));
    kernels::subtract_aat(n, width, block.data(), n, product.data(), n, scratch.first());
  }
  product *= -1.0;
  mirror_lower(product);
  return product;
}

}  // namespace henderson::linalg
