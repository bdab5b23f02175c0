// SPDX-License-Identifier: GPL-3.0-or-later
// Scores of markers: against m's and m'Am marker by marker.
#include <catch.h>

#include <algorithm>
#include <limits>
#include <random>

#include "core/pedigree/marker_scan.h"

namespace henderson::pedigree {
namespace {

Matrix random_matrix(Index rows, Index columns, std::mt19937& engine) {
  std::normal_distribution<double> draw;
  return Matrix::NullaryExpr(rows, columns, [&] { return draw(engine); });
}

Matrix genotypes(Index n, Index n_markers, std::mt19937& engine) {
  std::uniform_int_distribution<int> draw(0, 2);
  return Matrix::NullaryExpr(n, n_markers, [&] { return static_cast<double>(draw(engine)); });
}

linalg::ColumnSource columns_of(const Matrix& m) {
  return [&m](Index first, MatrixRef block) { block = m.middleCols(first, block.cols()); };
}

}  // namespace

TEST_CASE("marker scan: scores and information of each marker") {
  std::mt19937 engine(81);
  Callbacks callbacks;
  // Below and above the rows and the markers of a block.
  for (const Index n : {1, 7, 300, 601}) {
    for (const Index n_markers : {1, 20, 700}) {
      INFO("n " << n << ", markers " << n_markers);
      Matrix m = genotypes(n, n_markers, engine);
      m(0, 0) = std::numeric_limits<double>::quiet_NaN();
      const Matrix s = random_matrix(n, 2, engine);
      // Not symmetric, as those of two effects.
      const Matrix a = random_matrix(n, n, engine), b = random_matrix(n, n, engine);
      const std::vector<ConstMatrixRef> matrices{a, b};
      const MarkerScores found =
          scan_markers(n_markers, s, matrices, 2.0, columns_of(m), 2, callbacks);
      double worst = 0.0;
      for (Index j = 0; j < n_markers; ++j) {
        const MarkerSummary own = summarise_marker(m.col(j), 2.0);
        Vector z = m.col(j).array() - 2.0 * own.frequency;
        if (j == 0) z[0] = 0.0;
        const Vector score = s.transpose() * z;
        worst = std::max({worst, (found.score.row(j).transpose() - score).cwiseAbs().maxCoeff(),
                          std::abs(found.information(j, 0) - z.dot(a * z)),
                          std::abs(found.information(j, 1) - z.dot(b * z)),
                          std::abs(found.squares[j] - z.squaredNorm())});
        CHECK(found.summary[static_cast<std::size_t>(j)].frequency == own.frequency);
      }
      CHECK(worst < 1e-9);
      CHECK(found.summary[0].n_missing == 1);
      const MarkerScores again =
          scan_markers(n_markers, s, matrices, 2.0, columns_of(m), 1, callbacks);
      CHECK(found.information == again.information);
      const MarkerScores without = scan_markers(n_markers, s, {}, 2.0, columns_of(m), 1, callbacks);
      CHECK(without.information.cols() == 0);
      CHECK(without.score == found.score);
    }
  }
}

TEST_CASE("marker scan: an interrupt stops it") {
  class Interrupt final : public Callbacks {
   public:
    bool interrupted() override { return true; }
  } callbacks;
  std::mt19937 engine(82);
  const Matrix m = genotypes(5, 3, engine);
  CHECK_THROWS_AS(
      scan_markers(3, random_matrix(5, 1, engine), {}, 2.0, columns_of(m), 1, callbacks),
      Interrupted);
}

}  // namespace henderson::pedigree
