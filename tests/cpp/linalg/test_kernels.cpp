// SPDX-License-Identifier: GPL-3.0-or-later
// Every kernel of every instruction set that this processor has: against Eigen, at sizes around the
// edges of its blocks.
#include <catch.h>

#include <Eigen/Cholesky>
#include <Eigen/LU>

#include "core/linalg/kernels.h"
#include "core/linalg/kernels_table.h"
#include "support/linalg_matrices.h"

namespace henderson::linalg::kernels::test {

using linalg::test::relative_difference;

namespace {

constexpr double kTolerance = 1e-12;

Matrix random(Index m, Index n) {
  static std::mt19937 engine(3);
  Matrix out(m, n);
  for (Index i = 0; i < out.size(); ++i)
    out.data()[i] = std::uniform_real_distribution<double>(-1, 1)(engine);
  return out;
}

Matrix triangle(Index n) {
  Matrix l = random(n, n).triangularView<Eigen::Lower>();
  l.diagonal().array() += n;
  return l;
}

Matrix definite(Index n) {
  const Matrix g = random(n, n + 3);
  return g * g.transpose() + Matrix::Identity(n, n);
}

}  // namespace

TEST_CASE("products") {
  for (const Table* table : available_tables())
    for (const Index m : {1, 3, 4, 7, 8, 11, 12, 13, 17, 23, 24, 25, 40})
      for (const Index n : {1, 2, 3, 4, 5, 30})
        for (const Index k : {1, 2, 7, 193, 400}) {
          INFO(table->name << " " << m << " " << n << " " << k);
          Scratch scratch;
          scratch.reserve(m, n);
          const Matrix a = random(m, k), b = random(k, n), c = random(m + 2, n);
          const Matrix at = a.transpose(), bt = b.transpose();
          Matrix expected = c;
          expected.topRows(m) -= a * b;
          for (const bool turn_a : {false, true})
            for (const bool turn_b : {false, true}) {
              Matrix x = c;
              const Product product = {m,
                                       n,
                                       k,
                                       -1,
                                       turn_a ? transposed(at.data(), k) : plain(a.data(), m),
                                       turn_b ? transposed(bt.data(), n) : plain(b.data(), k),
                                       x.data(),
                                       m + 2,
                                       Shape::full};
              table->product_packed(product, scratch);
              CHECK(relative_difference(x, expected) < kTolerance);
              if (turn_a) continue;
              x = c;
              table->product_direct(product);
              CHECK(relative_difference(x, expected) < kTolerance);
            }
        }
}

TEST_CASE("the lower triangle of a product, beyond the size of every block") {
  const Index n = 700, k = 210;
  for (const Table* table : available_tables()) {
    Scratch scratch;
    scratch.reserve(n, n);
    const Matrix a = random(n, k);
    Matrix c = Matrix::Zero(n, n);
    table->product_packed(
        {n, n, k, 1, plain(a.data(), n), transposed(a.data(), n), c.data(), n, Shape::lower},
        scratch);
    const Matrix lower = c.triangularView<Eigen::Lower>(),
                 expected = (a * a.transpose()).triangularView<Eigen::Lower>();
    CHECK(relative_difference(lower, expected) < kTolerance);
  }
}

TEST_CASE("triangular solves") {
  for (const Table* table : available_tables())
    for (const Index m : {1, 2, 5, 9, 12, 25})
      for (const Index w : {1, 2, 3, 4, 5, 8, 21}) {
        INFO(table->name << " " << m << " " << w);
        const Matrix l = triangle(w), x = random(m, w);
        Matrix y = x;
        table->solve_transposed(m, w, l.data(), w, y.data(), m);
        CHECK(relative_difference(y * l.transpose(), x) < kTolerance);
        y = x;
        table->solve_plain(m, w, l.data(), w, y.data(), m);
        CHECK(relative_difference(y * l, x) < kTolerance);
      }
}

TEST_CASE("square factor and inverse, transposition") {
  for (const Table* table : available_tables())
    for (const Index w : {1, 2, 3, 4, 5, 12, 13, 30}) {
      INFO(table->name << " " << w);
      const Matrix a = definite(w);
      Matrix l = a;
      CHECK(table->factor_square(w, l.data(), w, {}) == kNoFailure);
      const Matrix lower = l.triangularView<Eigen::Lower>();
      CHECK(relative_difference(lower * lower.transpose(), a) < kTolerance);
      table->invert_square(w, l.data(), w);
      table->mirror(w, w, l.data(), w);
      CHECK(relative_difference(l * a, Matrix::Identity(w, w)) < 1e-10);
      const Matrix b = random(w, 7);
      Matrix t(7, w);
      table->transpose(w, 7, b.data(), w, t.data(), 7);
      CHECK(t == b.transpose());
    }
}

TEST_CASE("panels of every width: factor and inverse") {
  for (const Index w : {1, 3, 12, 13, 47, 64, 65, 100, 193, 250})
    for (const Index r : {0, 1, 30, 210}) {
      INFO(w << " columns, " << r << " rows below");
      const Index h = w + r;
      Scratch scratch;
      scratch.reserve(h, w);
      const Matrix a = definite(h), z = a.llt().solve(Matrix::Identity(h, h));
      const Matrix l = a.llt().matrixL();
      Matrix panel = a.leftCols(w);
      CHECK(factor_panel(h, w, panel.data(), h, {}, scratch) == kNoFailure);
      const Matrix lower = panel.triangularView<Eigen::Lower>();
      CHECK(relative_difference(lower, l.leftCols(w)) < 1e-10);
      Matrix below = z.bottomRightCorner(r, r).triangularView<Eigen::Lower>();
      invert_panel(w, r, panel.data(), h, below.data(), r, scratch);
      const Matrix inverse = panel.triangularView<Eigen::Lower>();
      const Matrix expected = Matrix(z.leftCols(w)).triangularView<Eigen::Lower>();
      CHECK(relative_difference(inverse, expected) < 1e-10);
    }
}

TEST_CASE("block solves of a panel") {
  const Index w = 17, r = 9, n = 40;
  Matrix panel = random(w + r, w);
  panel.topRows(w) = triangle(w);
  std::vector<SmallIndex> rows;
  for (SmallIndex i = 0; i < r; ++i) rows.push_back(w + 2 * i);
  Scratch scratch;
  scratch.reserve(w + r, w);
  for (const Index k : {1, 4, 8, 12}) {
    const Matrix x = random(k, n);  // the right-hand sides' transpose
    Matrix expected = x, found = x;
    const Matrix l = panel.topRows(w);
    expected.leftCols(w) = x.leftCols(w) * l.inverse().transpose();
    for (Index i = 0; i < r; ++i)
      expected.col(rows[i]) -= expected.leftCols(w) * panel.row(w + i).transpose();
    solve_lower_panel(k, w, r, panel.data(), w + r, rows.data(), found.data(), found.data());
    CHECK(relative_difference(found, expected) < 1e-10);
    for (Index i = 0; i < r; ++i) expected.leftCols(w) -= expected.col(rows[i]) * panel.row(w + i);
    expected.leftCols(w) = Matrix(expected.leftCols(w)) * l.inverse();
    solve_upper_panel(k, w, r, panel.data(), w + r, rows.data(), found.data(), found.data(),
                      scratch);
    CHECK(relative_difference(found, expected) < 1e-10);
  }
}

}  // namespace henderson::linalg::kernels::test
