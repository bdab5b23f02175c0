// SPDX-License-Identifier: GPL-3.0-or-later
// Quadratic forms by the inverse of the top of a factor, against the dense inverse.
#include <catch.h>

#include <Eigen/LU>

#include "core/linalg/top_inverse.h"
#include "support/mixed_models.h"

namespace henderson::linalg {

using henderson::test::normal;

TEST_CASE("forms by the inverse of the top are those of the whole inverse") {
  std::mt19937 engine(8);
  Callbacks callbacks;
  // Ten dense blocks that meet in 12 columns.
  constexpr Index kBlock = 9, kBlocks = 10, kTop = 12, kSize = kBlock * kBlocks + kTop;
  Matrix root = Matrix::Zero(kSize, kSize);
  for (Index b = 0; b < kBlocks; ++b)
    for (Index j = 0; j < kBlock; ++j) {
      root.col(b * kBlock + j).segment(b * kBlock, kBlock) = normal(kBlock, engine);
      root.col(b * kBlock + j).tail(kTop) = normal(kTop, engine);
    }
  root.bottomRightCorner(kTop, kTop).diagonal().setConstant(3.0);
  const Matrix c = root * root.transpose() + Matrix::Identity(kSize, kSize);
  const Matrix pattern = root * root.transpose();
  LowerPattern lower{static_cast<SmallIndex>(kSize), {0}, {}};
  std::vector<double> values;
  for (Index j = 0; j < kSize; ++j) {
    for (Index i = j; i < kSize; ++i) {
      if (i != j && pattern(i, j) == 0.0) continue;
      lower.row.push_back(static_cast<SmallIndex>(i));
      values.push_back(c(i, j));
    }
    lower.start.push_back(static_cast<Index>(lower.row.size()));
  }
  const auto symbolic = analyze(lower, AnalyzeOptions{});
  Panels panels(symbolic);
  panels.set_zero();
  const std::vector<Index> positions = symbolic->positions(lower);
  for (std::size_t k = 0; k < positions.size(); ++k) panels.data()[positions[k]] = values[k];
  auto result = factorize(std::move(panels), FactorOptions{}, callbacks);
  REQUIRE(std::holds_alternative<CholeskyFactor>(result));
  const auto& factor = std::get<CholeskyFactor>(result);
  CHECK(TopInverse::top_size(factor) > 0);
  const TopInverse top(factor, 1);
  for (const Index n : {1, 7, 70}) {
    Matrix x = Matrix::Zero(kSize, n);
    for (Index k = 0; k < n; ++k) {
      x.col(k).segment((k % kBlocks) * kBlock, kBlock) = normal(kBlock, engine);
      x(kSize - 1 - k % kTop, k) = 0.7;
    }
    const Vector expected = (x.cwiseProduct(c.inverse() * x)).colwise().sum().transpose();
    CHECK(henderson::test::difference(top.quadratic_forms(x), expected) < 1e-11);
  }
}

}  // namespace henderson::linalg
