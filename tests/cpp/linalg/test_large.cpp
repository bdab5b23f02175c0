// SPDX-License-Identifier: GPL-3.0-or-later
// Factors with more than 2^31 entries. The matrices are arrows that point the wrong way, so that L
// fills, and whose inverse and determinant are known:
//   A = [m 1'; 1 2I] of order m,  s = m - (m - 1) / 2,  |A| = 2^(m - 1) s,
//   A^-1 = [1 -1'/2; -1/2 11'/4] / s + [0 0; 0 I/2].
#include <catch.h>

#include <cmath>

#include "core/linalg/selected_inverse.h"

namespace henderson::linalg::test {

namespace {

// `blocks` arrows of order m, one after the other, in natural order.
LowerPattern arrows(SmallIndex blocks, SmallIndex m) {
  LowerPattern pattern;
  pattern.n = blocks * m;
  pattern.start.push_back(0);
  for (SmallIndex first = 0; first < pattern.n; first += m)
    for (SmallIndex j = 0; j < m; ++j) {
      for (SmallIndex i = j; i < (j == 0 ? m : j + 1); ++i) pattern.row.push_back(first + i);
      pattern.start.push_back(static_cast<Index>(pattern.row.size()));
    }
  return pattern;
}

std::shared_ptr<const SymbolicFactor> analyzed(const LowerPattern& pattern,
                                               AnalyzeOptions options = {}) {
  options.ordering = AnalyzeOptions::Ordering::natural;
  return analyze(pattern, options);
}

// An arrow's values, times `scale`; of its inverse, over `scale`.
double arrow(SmallIndex i, SmallIndex j, SmallIndex m) {
  if (i != j) return 1.0;
  return i == 0 ? m : 2.0;
}

double arrow_inverse(SmallIndex i, SmallIndex j, SmallIndex m) {
  const double s = m - (m - 1) / 2.0;
  const double outer = (i == 0 ? 1.0 : -0.5) * (j == 0 ? 1.0 : -0.5) / s;
  return i == j && i > 0 ? outer + 0.5 : outer;
}

// Largest relative error of the inverse's diagonals and first columns.
double check_arrows(SmallIndex blocks, SmallIndex m, int threads, double* log_determinant_error,
                    const AnalyzeOptions& analyze_options = {}) {
  const LowerPattern pattern = arrows(blocks, m);
  const auto symbolic = analyzed(pattern, analyze_options);
  const std::vector<Index> position = symbolic->positions(pattern);
  const auto scale = [&](SmallIndex column) { return 1.0 + 0.01 * (column / m); };
  const auto at_every_entry = [&](const auto& visit) {
    for (SmallIndex j = 0; j < pattern.n; ++j)
      for (Index k = pattern.start[j]; k < pattern.start[j + 1]; ++k)
        visit(pattern.row[k] % m, j % m, scale(j), position[k]);
  };
  Panels panels(symbolic);
  at_every_entry([&](SmallIndex i, SmallIndex j, double c, Index at) {
    panels.data()[at] = c * arrow(i, j, m);
  });
  Callbacks callbacks;
  auto result = factorize(std::move(panels), FactorOptions{threads}, callbacks);
  CholeskyFactor factor = std::get<CholeskyFactor>(std::move(result));
  double expected = 0;
  for (SmallIndex b = 0; b < blocks; ++b)
    expected += m * std::log(scale(b * m)) + (m - 1) * std::log(2.0) + std::log(m - (m - 1) / 2.0);
  *log_determinant_error = std::abs(factor.log_determinant() / expected - 1);
  InverseOptions options;
  options.threads = threads;
  const SelectedInverse inverse = selected_inverse(std::move(factor), options, callbacks);
  double worst = 0;
  at_every_entry([&](SmallIndex i, SmallIndex j, double c, Index at) {
    worst = std::max(worst, std::abs(inverse[at] * c / arrow_inverse(i, j, m) - 1));
  });
  return worst;
}

}  // namespace

TEST_CASE("offsets of a factor go beyond 32 bits") {
  const SmallIndex n = 66000;
  const LowerPattern pattern = arrows(1, n);
  const auto symbolic = analyzed(pattern);
  CHECK(symbolic->factor_entries() == Index{n} * (n + 1) / 2);
  CHECK(symbolic->storage_size() < Index{n} * n / 2 + Index{n} * 520);
  const std::vector<Index> position = symbolic->positions(pattern);
  CHECK(position.front() == 0);
  CHECK(position[n - 1] == n - 1);
  CHECK(position.back() == symbolic->storage_size() - 1);
}

TEST_CASE("arrows have their inverse") {
  double log_determinant_error = 1;
  CHECK(check_arrows(7, 150, 2, &log_determinant_error) < 1e-12);
  CHECK(log_determinant_error < 1e-13);
}

TEST_CASE("arrows so wide that they are stored in pieces have their inverse") {
  double log_determinant_error = 1;
  CHECK(check_arrows(2, 2100, 2, &log_determinant_error) < 1e-10);
  CHECK(log_determinant_error < 1e-12);
}

// 18 GB and some minutes: `make -C tests/cpp large`.
TEST_CASE("a factor of more than 2^31 entries", "[.][large]") {
  double log_determinant_error = 1;
  AnalyzeOptions whole;
  whole.piece = 4000;
  CHECK(check_arrows(135, 4000, 2, &log_determinant_error, whole) < 1e-10);
  CHECK(log_determinant_error < 1e-12);
}

}  // namespace henderson::linalg::test
