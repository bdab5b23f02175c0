// SPDX-License-Identifier: GPL-3.0-or-later
// Inbreeding and Mendelian variances of systems of mating whose answer is known (Wright 1921,
// Genetics 6:111).
#include <catch.h>

#include "core/pedigree/inbreeding.h"

namespace henderson::pedigree {
namespace {

void add(Pedigree& pedigree, SmallIndex sire, SmallIndex dam) {
  pedigree.parents.sire.push_back(sire);
  pedigree.parents.dam.push_back(dam);
}

Inbreeding all_inbreeding(const Pedigree& pedigree) {
  Callbacks callbacks;
  return inbreeding(pedigree, 1, callbacks);
}

Vector inbreeding_of(const Pedigree& pedigree) { return all_inbreeding(pedigree).total; }

}  // namespace

TEST_CASE("inbreeding: selfing halves what is not inbred") {
  Pedigree p;
  add(p, kNone, kNone);
  for (SmallIndex i = 0; i < 8; ++i) add(p, i, i);
  const Vector f = inbreeding_of(p), m = mendelian_variances(p, all_inbreeding(p));
  double left = 1.0;
  for (SmallIndex i = 0; i < 9; ++i, left *= 0.5) {
    CHECK(f[i] == Approx(1.0 - left));
    if (i > 0) CHECK(m[i] == Approx(0.5 * (1.0 - f[i - 1])));
  }
}

// F_t = (1 + 2 F_t-1 + F_t-2) / 4
TEST_CASE("inbreeding: full sibs") {
  Pedigree p;
  add(p, kNone, kNone);
  add(p, kNone, kNone);
  for (SmallIndex i = 0; i < 20; i += 2) {
    add(p, i, i + 1);
    add(p, i, i + 1);
  }
  const Vector f = inbreeding_of(p);
  CHECK(f[2] == 0.0);
  CHECK(f[4] == Approx(0.25));
  CHECK(f[6] == Approx(0.375));
  for (SmallIndex i = 6; i < 22; i += 2)
    CHECK(f[i] == Approx((1.0 + 2.0 * f[i - 2] + f[i - 4]) / 4.0));
}

TEST_CASE("inbreeding: parent and offspring, half sibs, and unknown parents") {
  Pedigree p;
  add(p, kNone, kNone);  // 0
  add(p, kNone, kNone);  // 1
  add(p, kNone, kNone);  // 2
  add(p, 0, 1);          // 3, 4: half sibs
  add(p, 0, 2);
  add(p, 0, 3);      // 5: of a sire and his daughter
  add(p, 3, 4);      // 6: of half sibs
  add(p, 0, kNone);  // 7
  const Vector f = inbreeding_of(p), m = mendelian_variances(p, all_inbreeding(p));
  CHECK(f[5] == Approx(0.25));
  CHECK(f[6] == Approx(0.125));
  CHECK(f[7] == 0.0);
  CHECK(m[0] == 1.0);
  CHECK(m[3] == Approx(0.5));
  CHECK(m[7] == Approx(0.75));
}

// F = 1 - (1 - F0) / 2^k after k generations of selfing (Wright 1921).
TEST_CASE("inbreeding: lines by selfing, doubled haploids, known coefficients, clones") {
  Pedigree p;
  add(p, kNone, kNone);  // 0: an inbred line
  add(p, kNone, kNone);  // 1: F = 0.5
  add(p, 0, 1);          // 2: their cross
  add(p, 2, 2);          // 3: a doubled haploid of it
  add(p, 0, 2);          // 4: a backcross, selfed twice
  add(p, 4, 4);          // 5: a clone of 4
  add(p, 3, kNone);      // 6
  p.own = Vector::Zero(7);
  p.share = Vector::Ones(7);
  p.own[0] = 1.0, p.share[0] = 0.0;
  p.own[1] = 0.5, p.share[1] = 0.0;
  p.own[3] = 1.0, p.share[3] = 0.0;
  p.own[4] = 0.75, p.share[4] = 0.25;
  p.own[5] = -1.0, p.share[5] = 2.0;
  const Inbreeding found = all_inbreeding(p);
  const Vector m = mendelian_variances(p, found);
  CHECK(found.total[0] == 1.0);
  CHECK(found.total[1] == 0.5);
  CHECK(found.total[2] == 0.0);
  CHECK(found.total[3] == 1.0);
  // a(0, 2) = 2 / 2, so a backcross has F0 = 1 / 2.
  CHECK(found.by_parents[4] == 0.5);
  CHECK(found.total[4] == 1.0 - 0.5 / 4.0);
  CHECK(found.total[5] == found.total[4]);
  CHECK(m[0] == 2.0);
  CHECK(m[1] == 1.5);
  CHECK(m[2] == 1.0 - 2.0 / 4.0 - 1.5 / 4.0);
  CHECK(m[3] == 1.0);  // 1 - F of its parent
  CHECK(m[5] == 0.0);
  CHECK(m[6] == 0.5);
}

}  // namespace henderson::pedigree
