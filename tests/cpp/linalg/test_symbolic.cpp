// SPDX-License-Identifier: GPL-3.0-or-later
// Elimination tree, column counts, supernodes and positions: against a dense symbolic elimination.
#include <catch.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "core/linalg/etree.h"
#include "core/linalg/ordering.h"
#include "core/linalg/symbolic.h"
#include "support/linalg_matrices.h"

namespace henderson::linalg::test {

namespace {

// Pattern of L by elimination on a dense matrix of flags.
std::vector<std::vector<char>> eliminate(const LowerPattern& pattern) {
  std::vector<std::vector<char>> l(pattern.n, std::vector<char>(pattern.n, 0));
  for (SmallIndex j = 0; j < pattern.n; ++j)
    for (Index k = pattern.start[j]; k < pattern.start[j + 1]; ++k) l[pattern.row[k]][j] = 1;
  for (SmallIndex j = 0; j < pattern.n; ++j)
    for (SmallIndex i = j + 1; i < pattern.n; ++i)
      for (SmallIndex k = i; k < pattern.n && l[i][j]; ++k) l[k][i] = l[k][i] || l[k][j];
  return l;
}

}  // namespace

TEST_CASE("elimination tree and column counts") {
  for (const SparseCase& c : positive_definite_cases(4)) {
    INFO(c.name);
    const auto l = eliminate(c.pattern);
    const std::vector<SmallIndex> parent = elimination_tree(c.pattern);
    const std::vector<SmallIndex> counts = column_counts(
        c.pattern, parent, postorder(parent, std::vector<SmallIndex>(parent.size(), 0)));
    for (SmallIndex j = 0; j < c.pattern.n; ++j) {
      SmallIndex first = kNone, count = 0;
      for (SmallIndex i = c.pattern.n - 1; i >= j; --i)
        if (l[i][j]) {
          ++count;
          if (i > j) first = i;
        }
      CHECK(parent[j] == first);
      CHECK(counts[j] == count);
    }
  }
}

TEST_CASE("the supernodes hold the factor, and without merging nothing else") {
  for (const SparseCase& c : positive_definite_cases(6))
    for (const SmallIndex n_last : {0, 3}) {
      if (n_last > c.pattern.n) continue;
      INFO(c.name);
      AnalyzeOptions options;
      options.n_last = n_last;
      options.relax.merge = false;
      const auto symbolic = analyze(c.pattern, options);
      for (SmallIndex i = c.pattern.n - n_last; i < c.pattern.n; ++i)
        CHECK(symbolic->new_of_old()[i] == i);
      const auto l = eliminate(permute(c.pattern, symbolic->new_of_old()));
      Index entries = 0;
      for (const auto& row : l) entries += std::count(row.begin(), row.end(), 1);
      if (n_last == 0) CHECK(symbolic->factor_entries() == entries);
      options.relax.merge = true;
      CHECK(analyze(c.pattern, options)->factor_entries() >= entries);
    }
}

TEST_CASE("every entry has a position of its own") {
  for (const SparseCase& c : positive_definite_cases(7)) {
    INFO(c.name);
    const auto symbolic = analyze(c.pattern, {});
    const std::vector<Index> positions = symbolic->positions(c.pattern);
    CHECK(std::set<Index>(positions.begin(), positions.end()).size() == positions.size());
    for (const Index k : positions) CHECK((k >= 0 && k < symbolic->storage_size()));
  }
}

TEST_CASE("an entry outside the factor is refused") {
  const SparseCase c = sparse_case("diagonal", Matrix::Identity(3, 3));
  const auto symbolic = analyze(c.pattern, {});
  CHECK_THROWS_AS(symbolic->positions(sparse_case("dense", Matrix::Ones(3, 3)).pattern),
                  PatternMismatch);
  CHECK_THROWS_AS(symbolic->positions(sparse_case("small", Matrix::Ones(2, 2)).pattern),
                  DimensionMismatch);
}

TEST_CASE("a pattern that is none is refused") {
  LowerPattern pattern = sparse_case("dense", Matrix::Ones(3, 3)).pattern;
  std::swap(pattern.row[0], pattern.row[1]);
  CHECK_THROWS_AS(analyze(pattern, {}), PatternMismatch);
  AnalyzeOptions options;
  options.n_last = 4;
  CHECK_THROWS_AS(analyze(sparse_case("dense", Matrix::Ones(3, 3)).pattern, options),
                  DimensionMismatch);
}

TEST_CASE("an empty matrix has an empty factor") {
  LowerPattern pattern;
  pattern.start = {0};
  CHECK(analyze(pattern, {})->storage_size() == 0);
}

TEST_CASE("the worked example of SymbolicFactor") {
  Matrix a = 4 * Matrix::Identity(4, 4);
  a(2, 0) = a(3, 1) = a(3, 2) = a(0, 2) = a(1, 3) = a(2, 3) = 1;
  AnalyzeOptions options;
  options.ordering = AnalyzeOptions::Ordering::natural;
  options.relax.merge = false;
  const auto symbolic = analyze(sparse_case("example", a).pattern, options);
  REQUIRE(symbolic->n_supernodes() == 3);
  CHECK(symbolic->width(2) == 2);
  CHECK(symbolic->rows(0)[0] == 3);
  CHECK(symbolic->rows(1)[0] == 2);
  CHECK(symbolic->rows_in_parent(0)[0] == 1);
  CHECK(symbolic->rows_in_parent(1)[0] == 0);
  CHECK(symbolic->storage_size() == 8);
}

// 2500 neighbours that are numbered near 10^6: the sum of their numbers passes 2^31, which the
// sanitizer build would see.
TEST_CASE("minimum degree with more neighbours than 32 bits can add up") {
  const SmallIndex n = 1000000, side = 2500, first = n - 2 * side;
  LowerPattern pattern;
  pattern.n = n;
  pattern.start.push_back(0);
  for (SmallIndex j = 0; j < n; ++j) {
    pattern.row.push_back(j);
    if (j >= first && j < first + side)
      for (SmallIndex i = first + side; i < n; ++i) pattern.row.push_back(i);
    pattern.start.push_back(static_cast<Index>(pattern.row.size()));
  }
  std::vector<SmallIndex> order = amd_order(pattern, 0);
  std::sort(order.begin(), order.end());
  for (SmallIndex j = 0; j < n; j += 9973) CHECK(order[j] == j);
}

}  // namespace henderson::linalg::test
