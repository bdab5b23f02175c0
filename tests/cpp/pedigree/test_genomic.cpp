// SPDX-License-Identifier: GPL-3.0-or-later
// Genomic relationships: against the formulas of their papers, dense and marker by marker.
#include <catch.h>

#include <limits>
#include <random>

#include "core/pedigree/genomic.h"

namespace henderson::pedigree {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// Counts of the second allele; some missing where `gaps`, some not whole where `imputed`. The
// first marker does not vary.
Matrix genotypes(Index n, Index n_markers, bool gaps, bool imputed, std::mt19937& engine) {
  std::uniform_real_distribution<double> draw;
  Matrix m(n, n_markers);
  for (Index j = 0; j < n_markers; ++j) {
    const double p = 0.05 + 0.9 * draw(engine);
    for (Index i = 0; i < n; ++i) {
      m(i, j) = (draw(engine) < p) + (draw(engine) < p);
      if (gaps && draw(engine) < 0.1) m(i, j) = kMissing;
      if (imputed && j % 3 == 0) m(i, j) = 2.0 * draw(engine);
    }
  }
  m.col(0).setZero();
  return m;
}

linalg::ColumnSource columns_of(const Matrix& m) {
  return [&m](Index first, MatrixRef block) { block = m.middleCols(first, block.cols()); };
}

// Marker by marker: what VanRaden (2008) and Vitezica et al. (2013) write.
Matrix by_formula(const Matrix& m, const Vector& p, GenomicMethod method) {
  Matrix g = Matrix::Zero(m.rows(), m.rows());
  double divisor = 0.0;
  for (Index j = 0; j < m.cols(); ++j) {
    const double variance = 2.0 * p[j] * (1.0 - p[j]);
    if (variance == 0.0) continue;
    Vector z(m.rows());
    for (Index i = 0; i < m.rows(); ++i) {
      const double count = is_missing(m(i, j)) ? 2.0 * p[j] : m(i, j);
      z[i] = count - 2.0 * p[j];
      if (method == GenomicMethod::dominance) {
        const double q = 1.0 - p[j];
        z[i] = count == 0.0 ? -2.0 * p[j] * p[j] : count == 1.0 ? 2.0 * p[j] * q : -2.0 * q * q;
      }
    }
    if (method == GenomicMethod::vanraden1) divisor += variance;
    if (method == GenomicMethod::vanraden2) divisor += 1.0;
    if (method == GenomicMethod::dominance) divisor += variance * variance;
    g += (method == GenomicMethod::vanraden2 ? 1.0 / variance : 1.0) * z * z.transpose();
  }
  return g / divisor;
}

Vector frequencies(const Matrix& m) {
  Callbacks callbacks;
  Vector p(m.cols());
  const auto all = summarise_markers(m.rows(), m.cols(), 2.0, columns_of(m), callbacks);
  for (Index j = 0; j < m.cols(); ++j) p[j] = all[static_cast<std::size_t>(j)].frequency;
  return p;
}

double largest(const Matrix& a) { return a.cwiseAbs().maxCoeff(); }

}  // namespace

TEST_CASE("genomic: summaries of markers") {
  Matrix m(4, 3);
  m << 0.0, 2.0, kMissing,  //
      1.0, 2.0, kMissing,   //
      kMissing, 2.5, kMissing, 2.0, -0.1, kMissing;
  Callbacks callbacks;
  const std::vector<MarkerSummary> found = summarise_markers(4, 3, 2.0, columns_of(m), callbacks);
  CHECK(found[0].frequency == Approx(0.5));  // of three known ones
  CHECK(found[0].n_missing == 1);
  CHECK(found[0].in_range);
  CHECK(found[1].frequency == Approx(6.4 / 8.0));
  CHECK_FALSE(found[1].in_range);
  CHECK(found[2].n_missing == 4);
  CHECK(found[2].frequency == 0.0);
}

TEST_CASE("genomic: the matrices are those of their formulas") {
  std::mt19937 engine(71);
  for (const bool gaps : {false, true}) {
    for (const bool imputed : {false, true}) {
      for (const GenomicMethod method :
           {GenomicMethod::vanraden1, GenomicMethod::vanraden2, GenomicMethod::dominance}) {
        // Dominance is of genotypes that are known and whole.
        if (method == GenomicMethod::dominance && (gaps || imputed)) continue;
        INFO("method " << static_cast<int>(method) << ", gaps " << gaps << ", imputed " << imputed);
        const Matrix m = genotypes(30, 300, gaps, imputed, engine);
        const Vector p = frequencies(m);
        Callbacks callbacks;
        const GenomicRelationship found =
            genomic_relationship(30, p, method, 2.0, columns_of(m), 2, callbacks);
        CHECK(found.n_used == (p.array() * (1.0 - p.array()) > 0.0).count());
        CHECK(largest(found.relationship - by_formula(m, p, method)) < 1e-12);
        CHECK(found.relationship == found.relationship.transpose());
        const GenomicRelationship again =
            genomic_relationship(30, p, method, 2.0, columns_of(m), 1, callbacks);
        CHECK(found.relationship == again.relationship);
      }
    }
  }
}

// With the frequencies of the sample every marker is centred: rows of VanRaden's G sum to zero.
TEST_CASE("genomic: sample frequencies centre the matrix") {
  std::mt19937 engine(72);
  const Matrix m = genotypes(25, 400, false, false, engine);
  Callbacks callbacks;
  for (const GenomicMethod method : {GenomicMethod::vanraden1, GenomicMethod::vanraden2}) {
    const Matrix g =
        genomic_relationship(25, frequencies(m), method, 2.0, columns_of(m), 1, callbacks)
            .relationship;
    CHECK(largest(g.rowwise().sum()) < 1e-11);
  }
}

TEST_CASE("genomic: an interrupt stops it") {
  class Interrupt final : public Callbacks {
   public:
    bool interrupted() override { return true; }
  } callbacks;
  std::mt19937 engine(73);
  const Matrix m = genotypes(10, 50, false, false, engine);
  const Vector p = frequencies(m);
  for (const GenomicMethod method : {GenomicMethod::vanraden1, GenomicMethod::vanraden2})
    CHECK_THROWS_AS(genomic_relationship(10, p, method, 2.0, columns_of(m), 1, callbacks),
                    Interrupted);
}

// Counts of a tetraploid: as the formula with 4 in the place of 2.
TEST_CASE("genomic: any ploidy") {
  std::mt19937 engine(74);
  const Matrix m = genotypes(20, 60, false, false, engine) + genotypes(20, 60, true, false, engine);
  Callbacks callbacks;
  Vector p(m.cols());
  const auto all = summarise_markers(m.rows(), m.cols(), 4.0, columns_of(m), callbacks);
  Matrix expected = Matrix::Zero(20, 20);
  double divisor = 0.0;
  for (Index j = 0; j < m.cols(); ++j) {
    p[j] = all[static_cast<std::size_t>(j)].frequency;
    Vector z = m.col(j).array() - 4.0 * p[j];
    for (double* at = z.data(); at < z.data() + z.size(); ++at) *at = is_missing(*at) ? 0.0 : *at;
    expected += z * z.transpose();
    divisor += 4.0 * p[j] * (1.0 - p[j]);
  }
  const Matrix found =
      genomic_relationship(20, p, GenomicMethod::vanraden1, 4.0, columns_of(m), 2, callbacks)
          .relationship;
  CHECK(largest(found - expected / divisor) < 1e-12);
}

}  // namespace henderson::pedigree
