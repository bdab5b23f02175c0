// SPDX-License-Identifier: GPL-3.0-or-later
// The sample of animals behind the preconditioner of marker effects.
#include <catch.h>

#include <cmath>

#include "core/equations/marker_preconditioner.h"

namespace henderson::equations {

TEST_CASE("a sample has each animal with records where there is room for them") {
  Vector weights(6);
  weights << 1.0, 0.0, 3.0, 0.5, 0.0, 2.0;
  const AnimalSample found = draw_animals(weights, 4);
  const std::vector<Index> with_records = {0, 2, 3, 5};
  CHECK(found.animals == with_records);
  Vector own(4);
  own << 1.0, 3.0, 0.5, 2.0;
  CHECK(found.weights == own);
  CHECK(found.share == Approx(1.0));
  CHECK(draw_animals(weights, 0).animals.empty());
  CHECK(draw_animals(Vector::Zero(3), 2).animals.empty());
}

TEST_CASE("a sample stands for all animals, and has those of large weight for certain") {
  constexpr Index n = 20000, wanted = 2000;
  Vector weights(n), values(n);
  for (Index i = 0; i < n; ++i) {
    weights[i] = i % 400 == 0 ? 500.0 : 1.0 + static_cast<double>(i % 7);
    values[i] = static_cast<double>(i % 11);
  }
  const AnimalSample found = draw_animals(weights, wanted);
  const auto size = static_cast<double>(found.animals.size());
  CHECK(std::abs(size - wanted) < 5.0 * std::sqrt(static_cast<double>(wanted)));
  double sum = 0.0, own = 0.0;
  Index large = 0;
  for (std::size_t k = 0; k < found.animals.size(); ++k) {
    const Index i = found.animals[k];
    sum += found.weights[static_cast<Index>(k)] * values[i];
    own += weights[i];
    if (weights[i] == 500.0) {
      ++large;
      CHECK(found.weights[static_cast<Index>(k)] == 500.0);
    }
  }
  CHECK(large == n / 400);
  CHECK(found.share == Approx(own / weights.sum()));
  // The relative error of such a sum of about 2000 terms is some percent.
  CHECK(sum == Approx(weights.dot(values)).epsilon(0.1));
}

}  // namespace henderson::equations
