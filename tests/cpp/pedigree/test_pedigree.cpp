// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch.h>

#include <random>

#include "core/base/error.h"
#include "core/pedigree/ainverse.h"
#include "core/pedigree/inbreeding.h"
#include "core/pedigree/product.h"

namespace {

using namespace henderson;
using pedigree::Pedigree;

// A by the tabular method.
Matrix tabular(const Pedigree& p) {
  Matrix a = Matrix::Zero(p.size(), p.size());
  if (p.has_metafounders()) a.topLeftCorner(p.n_groups, p.n_groups) = p.gamma;
  for (SmallIndex i = p.n_groups; i < p.size(); ++i) {
    const SmallIndex sire = p.parents.sire[i], dam = p.parents.dam[i];
    Vector row = Vector::Zero(i);
    if (sire != kNone) row += 0.5 * a.col(sire).head(i);
    if (dam != kNone) row += p.dam_weight * a.col(dam).head(i);
    a.row(i).head(i) = row.transpose();
    a.col(i).head(i) = row;
    const double f0 = sire != kNone && dam != kNone ? p.dam_weight * a(sire, dam) : 0.0;
    a(i, i) = 1.0 + (p.has_lines() ? p.own[i] + p.share[i] * f0 : f0);
  }
  return a;
}

// Parents anywhere before the animal, equal ones (selfing) too.
Pedigree random_pedigree(SmallIndex n, unsigned seed) {
  std::mt19937 random(seed);
  Pedigree p;
  for (SmallIndex i = 0; i < n; ++i) {
    const auto parent = [&] {
      const auto k = static_cast<SmallIndex>(random() % static_cast<unsigned>(i + 2));
      return k >= i ? kNone : k;
    };
    p.parents.sire.push_back(parent());
    p.parents.dam.push_back(random() % 5 == 0 ? p.parents.sire.back() : parent());
  }
  return p;
}

Matrix dense(const pedigree::LowerMatrix& lower) {
  const auto n = static_cast<Index>(lower.start.size()) - 1;
  Matrix full = Matrix::Zero(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index k = lower.start[j]; k < lower.start[j + 1]; ++k)
      full(lower.row[k], j) = full(j, lower.row[k]) = lower.value[k];
  }
  return full;
}

void check_against_tabular(const Pedigree& p) {
  Callbacks callbacks;
  const Matrix a = tabular(p);
  const pedigree::Inbreeding f = pedigree::inbreeding(p, 2, callbacks);
  CHECK((f.total.array() + 1.0 - a.diagonal().array()).abs().maxCoeff() < 1e-12);
  CHECK(f.total == pedigree::inbreeding(p, 1, callbacks).total);
  const Vector variance = pedigree::mendelian_variances(p, f);
  const Matrix inverse = dense(pedigree::ainverse(p, variance));
  const Matrix identity = Matrix::Identity(p.size(), p.size());
  CHECK((inverse * a - identity).cwiseAbs().maxCoeff() < 1e-9);
  Matrix product = identity;
  pedigree::multiply(p, variance, 2, product);
  CHECK((product - a).cwiseAbs().maxCoeff() < 1e-12);
}

}  // namespace

// Lines of one to three generations of selfing among animals that are crosses.
TEST_CASE("relationships of lines agree with the tabular method", "[pedigree]") {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    Pedigree p = random_pedigree(static_cast<SmallIndex>(5 * seed + 2), seed);
    p.share = Vector::Ones(p.size());
    for (SmallIndex i = 0; i < p.size(); i += 2) p.share[i] = 1.0 / (2 << (i % 3));
    p.own = 1.0 - p.share.array();
    check_against_tabular(p);
  }
  Pedigree wrong = random_pedigree(5, 1);
  wrong.own = Vector::Zero(5);
  CHECK_THROWS_AS(pedigree::validate(wrong), DimensionMismatch);
}

TEST_CASE("relationships agree with the tabular method", "[pedigree]") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    Pedigree p = random_pedigree(static_cast<SmallIndex>(3 * seed + 1), seed);
    if (seed % 4 == 0) p.dam_weight = 0.25;
    check_against_tabular(p);
  }
  check_against_tabular(random_pedigree(400, 99));
}

TEST_CASE("metafounders", "[pedigree]") {
  Pedigree p = random_pedigree(60, 7);
  p.n_groups = 2;
  for (SmallIndex i = 0; i < 2; ++i) p.parents.sire[i] = p.parents.dam[i] = kNone;
  p.gamma = (Matrix(2, 2) << 0.5, 0.2, 0.2, 0.7).finished();
  check_against_tabular(p);
}

TEST_CASE("generations and cycles", "[pedigree]") {
  const pedigree::Parents chain{{1, 2, kNone, 0}, {kNone, kNone, kNone, 2}};
  const auto found = std::get<std::vector<SmallIndex>>(pedigree::generations(chain));
  const std::vector<SmallIndex> expected{2, 1, 0, 3};
  CHECK(found == expected);
  CHECK(pedigree::order_by_generation(found) == expected);
  const pedigree::Parents ring{{1, 2, 0, 0}, {kNone, kNone, kNone, kNone}};
  CHECK(std::get<pedigree::Cycle>(pedigree::generations(ring)).members.size() == 3);
  const pedigree::Parents self{{0}, {kNone}};
  CHECK(std::get<pedigree::Cycle>(pedigree::generations(self)).members.size() == 1);
}

TEST_CASE("a pedigree that is not in order is refused", "[pedigree]") {
  Pedigree p;
  p.parents = {{1, kNone}, {kNone, kNone}};
  CHECK_THROWS_AS(pedigree::validate(p), InvalidSpec);
}
