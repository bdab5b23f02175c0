// SPDX-License-Identifier: GPL-3.0-or-later
// The same numbers, bit for bit, on any number of threads.
#include <catch.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "core/linalg/selected_inverse.h"
#include "support/linalg_matrices.h"

namespace henderson::linalg::test {

namespace {

struct Numbers {
  SmallIndex failed = kNone;
  std::vector<double> factor, inverse;  // at the positions of C
};

std::vector<double> at(const double* data, const std::vector<Index>& position) {
  std::vector<double> out;
  for (const Index k : position) out.push_back(data[k]);
  return out;
}

Numbers numbers(const SparseCase& c, int threads) {
  const auto symbolic = analyze(c.pattern, {});
  const std::vector<Index> position = symbolic->positions(c.pattern);
  Callbacks callbacks;
  auto result = factorize(assemble(c, symbolic), {threads}, callbacks);
  Numbers out;
  if (std::holds_alternative<NotPositiveDefinite>(result)) {
    out.failed = std::get<NotPositiveDefinite>(result).column;
    return out;
  }
  Panels panels = std::get<CholeskyFactor>(std::move(result)).release();
  out.factor = at(panels.data(), position);
  result = factorize(assemble(c, symbolic), {threads}, callbacks);
  const SelectedInverse inverse =
      selected_inverse(std::get<CholeskyFactor>(std::move(result)), {threads, false}, callbacks);
  out.inverse = at(inverse.data(), position);
  return out;
}

// Enough work to be shared: tasks with small supernodes (grid), and one large supernode (crossed).
std::vector<SparseCase> large_cases() { return {large_grid(150), large_crossed(900, 500)}; }

}  // namespace

TEST_CASE("results do not depend on the number of threads") {
  for (const SparseCase& c : large_cases()) {
    INFO(c.name);
    CHECK(analyze(c.pattern, {})->factor_flops() > 2.5e7);
    const Numbers one = numbers(c, 1);
    for (const int threads : {2, 3, 5}) {
      const Numbers more = numbers(c, threads);
      CHECK(more.factor == one.factor);
      CHECK(more.inverse == one.inverse);
    }
  }
}

TEST_CASE("the same column fails on any number of threads") {
  for (SparseCase c : large_cases()) {
    INFO(c.name);
    for (SmallIndex j = 0; j < c.pattern.n; j += 97) c.value[c.pattern.start[j]] = -1;
    const SmallIndex failed = numbers(c, 1).failed;
    CHECK(failed != kNone);
    for (int round = 0; round < 5; ++round) CHECK(numbers(c, 3).failed == failed);
  }
}

namespace {
struct Impatient : Callbacks {
  bool interrupted() override { return true; }
};
}  // namespace

TEST_CASE("an interrupt ends all threads") {
  const SparseCase c = large_grid(150);
  const auto symbolic = analyze(c.pattern, {});
  Impatient callbacks;
  Callbacks patient;
  for (const int threads : {1, 3}) {
    CHECK_THROWS_AS(factorize(assemble(c, symbolic), {threads}, callbacks), Interrupted);
    auto result = factorize(assemble(c, symbolic), {threads}, patient);
    CHECK_THROWS_AS(
        selected_inverse(std::get<CholeskyFactor>(std::move(result)), {threads, false}, callbacks),
        Interrupted);
  }
}

TEST_CASE("a team carries exceptions over") {
  Team team(3);
  CHECK(team.size() == 3);
  std::atomic<int> calls{0};
  CHECK_THROWS_AS(team.run([&](int t) {
    ++calls;
    if (t > 0) throw std::runtime_error("worker");
  }),
                  std::runtime_error);
  CHECK(calls == 3);
  team.run([&](int) { ++calls; });
  CHECK(calls == 6);
}

}  // namespace henderson::linalg::test
