// SPDX-License-Identifier: GPL-3.0-or-later
// Relationships of some rows, shares of groups, and what a set of rows descends from.
#include <catch.h>

#include "core/base/error.h"
#include "core/pedigree/inbreeding.h"
#include "core/pedigree/product.h"

namespace henderson::pedigree {
namespace {

// Two groups, of whose members 2 and 3 are the first animals; then 4 = (2, 3), 5 = (2, group 1),
// 6 = (4, 5).
Pedigree with_groups() {
  Pedigree p;
  p.n_groups = 2;
  p.parents.sire = {kNone, kNone, 0, 1, 2, 2, 4};
  p.parents.dam = {kNone, kNone, 0, 1, 3, 1, 5};
  return p;
}

}  // namespace

TEST_CASE("group shares: half from each parent") {
  const Pedigree p = with_groups();
  Matrix expected(7, 2);
  expected << 1, 0, 0, 1, 1, 0, 0, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5;
  CHECK(group_shares(p) == expected);
  Pedigree grandsires = p;
  grandsires.dam_weight = 0.25;
  CHECK(group_shares(grandsires)(4, 1) == 0.25 * 0.75);  // of 3, whose own parents give 3 / 4
}

TEST_CASE("relationships of some rows are those of the products with A") {
  const Pedigree p = with_groups();
  Callbacks callbacks;
  const Vector m = mendelian_variances(p, inbreeding(p, 1, callbacks));
  Matrix a = Matrix::Identity(7, 7);
  multiply(p, m, 1, a);
  CHECK(a.topRows(2).isZero(0.0));  // groups without gamma are fixed
  CHECK(a(2, 2) == 1.0);
  CHECK(a(4, 2) == 0.5);
  CHECK(a(4, 5) == Approx(0.25));
  CHECK(a(6, 6) == Approx(1.0 + 0.5 * a(4, 5)));
  const std::vector<SmallIndex> rows{6, 2, 5};
  const Matrix found = relationships(p, m, rows, 2, callbacks);
  for (Index i = 0; i < 3; ++i) {
    for (Index j = 0; j < 3; ++j) CHECK(found(i, j) == Approx(a(rows[i], rows[j])));
  }
  Matrix wrong(6, 1);
  CHECK_THROWS_AS(multiply(p, m, 1, wrong), DimensionMismatch);
}

TEST_CASE("with ancestors: the rows, what they descend from, and nothing else") {
  const Pedigree p = with_groups();
  CHECK((with_ancestors(p.parents, {5}) ==
         std::vector<bool>{true, true, true, false, false, true, false}));
  CHECK((with_ancestors(p.parents, {}) == std::vector<bool>(7, false)));
}

}  // namespace henderson::pedigree
