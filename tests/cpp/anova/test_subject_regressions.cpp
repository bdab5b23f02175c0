// SPDX-License-Identifier: GPL-3.0-or-later
// Least squares by subject against dense normal equations.
#include <catch.h>

#include <Eigen/Dense>
#include <cmath>

#include "core/anova/subject_regressions.h"
#include "core/base/error.h"
#include "support/mixed_models.h"

namespace henderson::anova {
namespace {

using test::difference;

TEST_CASE("Least squares of every subject", "[anova]") {
  std::mt19937 engine(5);
  const Index n = 80;
  const SmallIndex n_subjects = 9;
  std::vector<SmallIndex> subject = test::random_levels(n, n_subjects - 1, engine);
  subject[10] = n_subjects - 1;  // one record only
  Matrix z = Matrix::Ones(n, 3);
  z.col(1) = test::normal(n, engine).array() + 50.0;
  z.col(2) = z.col(1).array().square();
  const Vector y = test::normal(n, engine);
  Callbacks callbacks;
  const SubjectRegressions found = subject_regressions(z, y, subject, n_subjects, callbacks);
  for (SmallIndex i = 0; i < n_subjects; ++i) {
    std::vector<Index> rows;
    for (Index r = 0; r < n; ++r)
      if (subject[r] == i) rows.push_back(r);
    CHECK(found.records[i] == static_cast<SmallIndex>(rows.size()));
    if (rows.size() < 3) {
      CHECK(found.rank[i] < 3);
      CHECK(std::isnan(found.coefficients(0, i)));
      continue;
    }
    Matrix own(rows.size(), 3);
    Vector own_y(rows.size());
    for (std::size_t r = 0; r < rows.size(); ++r) {
      own.row(static_cast<Index>(r)) = z.row(rows[r]);
      own_y[static_cast<Index>(r)] = y[rows[r]];
    }
    const Vector beta = own.householderQr().solve(own_y);
    const Matrix root = found.roots.middleCols(3 * i, 3);
    CHECK(found.rank[i] == 3);
    CHECK(difference(own * found.coefficients.col(i), own * beta) < 1e-8);
    CHECK(difference(root.transpose() * root, own.transpose() * own) < 1e-12);
    CHECK(std::abs(found.residual_ss[i] - (own_y - own * beta).squaredNorm()) < 1e-8);
  }
}

TEST_CASE("Dependent columns of a subject are found", "[anova]") {
  Matrix z = Matrix::Ones(4, 2);
  z.col(1) << 2.0, 2.0, 1.0, 3.0;
  Callbacks callbacks;
  const SubjectRegressions found =
      subject_regressions(z, Vector::Ones(4), {0, 0, 1, 1}, 2, callbacks);
  CHECK(found.rank[0] == 1);
  CHECK(found.rank[1] == 2);
  CHECK_THROWS_AS(subject_regressions(z, Vector::Ones(3), {0, 0, 1, 1}, 2, callbacks),
                  DimensionMismatch);
}

}  // namespace
}  // namespace henderson::anova
