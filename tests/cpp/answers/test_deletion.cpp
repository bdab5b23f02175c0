// SPDX-License-Identifier: GPL-3.0-or-later
// Deletion of groups of records: against generalised least squares without them.
#include <catch.h>

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "core/answers/deletion.h"
#include "core/answers/deletion_ways.h"
#include "support/evaluations.h"

namespace henderson::answers {
namespace {

using test::MixedModel;

// beta of the kept columns without some records; of size 0 where it cannot be estimated.
Vector beta_without(const MixedModel& given, const test::Oracle& oracle,
                    const std::vector<SmallIndex>& group, SmallIndex without) {
  std::vector<Index> left;
  for (std::size_t r = 0; r < group.size(); ++r)
    if (group[r] != without) left.push_back(static_cast<Index>(r));
  const auto n = static_cast<Index>(left.size()), p = static_cast<Index>(oracle.kept.size());
  Matrix x(n, p), v(n, n);
  Vector y(n);
  for (Index i = 0; i < n; ++i) {
    y[i] = given.spec.response[left[i]];
    for (Index j = 0; j < p; ++j) x(i, j) = given.x(left[i], oracle.kept[j]);
    for (Index j = 0; j < n; ++j) v(i, j) = oracle.v(left[i], left[j]);
  }
  Eigen::ColPivHouseholderQR<Matrix> qr(x);
  qr.setThreshold(1e-9);
  if (qr.rank() < p) return Vector();
  const Matrix vx = v.llt().solve(x);
  return (x.transpose() * vx).ldlt().solve(vx.transpose() * y);
}

}  // namespace

TEST_CASE("deletion is the fit without the records") {
  std::mt19937 engine(31);
  int n_lost = 0, n_found = 0;
  test::for_each_of(test::all_models(32), [&](const MixedModel& given, const model::Model& model,
                                              equations::MixedModelEquations& equations) {
    if (model.rank() == 0) return;
    const Vector values = test::random_values(given, engine);
    const test::Oracle oracle = test::oracle(given, values);
    const likelihood::Evaluation at = test::evaluate_at(equations, values);
    Callbacks callbacks;
    // Single records, and groups with more and with fewer records than columns.
    const auto n = static_cast<SmallIndex>(model.n_records);
    for (const SmallIndex n_groups : {n, SmallIndex{6}, SmallIndex{2}}) {
      const std::vector<SmallIndex> group = test::random_levels(n, n_groups, engine);
      const Matrix changes = deletion_changes(at, group, n_groups, callbacks);
      REQUIRE(changes.cols() == n_groups);
      const Vector distances = deletion_distances(at, group, n_groups, callbacks);
      const auto p = static_cast<Index>(oracle.kept.size());
      const Matrix precision = oracle.error.topLeftCorner(p, p).inverse();
      REQUIRE(changes.rows() == given.x.cols());
      for (SmallIndex g = 0; g < std::min(n_groups, SmallIndex{8}); ++g) {
        INFO(given.name << ", " << n_groups << " groups, group " << g);
        const Vector beta = beta_without(given, oracle, group, g);
        if (beta.size() == p) {
          const Vector own = oracle.beta - beta;
          const double distance = own.dot(precision * own) / static_cast<double>(p);
          CHECK(distances[g] == Approx(distance).epsilon(1e-6).margin(1e-8));
        } else {
          CHECK(std::isnan(distances[g]));
        }
        for (std::size_t j = 0; j < oracle.kept.size(); ++j) {
          const double change = changes(oracle.kept[j], g);
          if (beta.size() == 0) {
            CHECK(std::isnan(change));
            ++n_lost;
          } else {
            const double scale = 1.0 + oracle.beta.cwiseAbs().maxCoeff();
            CHECK(std::abs(change - (oracle.beta[j] - beta[j])) < 1e-7 * scale);
            ++n_found;
          }
        }
      }
    }
    CHECK_THROWS_AS(deletion_changes(at, {0, 0}, 1, callbacks), DimensionMismatch);
  });
  CHECK(n_found > 100);
  CHECK(n_lost > 0);
}

TEST_CASE("both ways of deletion agree") {
  std::mt19937 engine(33);
  int n_lost = 0, n_found = 0;
  test::for_each_model(34, [&](const MixedModel& given, const model::Model& model,
                               equations::MixedModelEquations& equations) {
    if (model.has_structured_residual() || model.rank() == 0) return;
    const likelihood::Evaluation at =
        test::evaluate_at(equations, test::random_values(given, engine));
    const ScaledRecords records(at);
    const FixedHalves fixed(at);
    DeletionByHalves by_halves(at.factor(), fixed);
    DeletionByDowndate by_downdate(at.factor(), fixed);
    const auto n = static_cast<SmallIndex>(model.n_records);
    const std::vector<SmallIndex> group = test::random_levels(n, 4, engine);
    // The last is of all records: without them nothing is estimable.
    for (SmallIndex g = 0; g < 5; ++g) {
      INFO(given.name << ", group " << g);
      std::vector<Index> members;
      for (SmallIndex r = 0; r < n; ++r)
        if (group[r] == g || g == 4) members.push_back(r);
      DeletedGroup own = deleted_group(records, members);
      Vector a(fixed.half().cols()), y(fixed.half().rows());
      by_downdate.solve(own, a);
      own.compress();
      for (const auto& row : own.rows) by_halves.halves().note(row);
      by_halves.halves().prepare();
      by_halves.solve(own, y);
      const Vector b = fixed.half().transpose() * y;
      if (a.hasNaN() || b.hasNaN()) {
        CHECK(a.hasNaN());
        CHECK(b.hasNaN());
        ++n_lost;
      } else {
        CHECK((a - b).norm() < 1e-7 * (1.0 + b.norm()));
        ++n_found;
      }
    }
  });
  CHECK(n_found > 100);
  CHECK(n_lost > 0);
}

}  // namespace henderson::answers
