// SPDX-License-Identifier: GPL-3.0-or-later
// The set of rows that empties from above, against a sorted set.
#include <catch.h>

#include <random>
#include <set>

#include "core/pedigree/ancestor_set.h"

namespace henderson::pedigree {

TEST_CASE("an ancestor set gives its rows from the highest down, those that enter meanwhile too") {
  std::mt19937 engine(81);
  for (const SmallIndex n : {1, 64, 65, 5000, 300000}) {
    AncestorSet set(n);
    std::set<SmallIndex> expected;
    const auto row = [&](SmallIndex below) {
      return std::uniform_int_distribution<SmallIndex>(0, below)(engine);
    };
    for (int k = 0; k < 50; ++k) {
      const SmallIndex i = row(n - 1);
      set.insert(i);
      expected.insert(i);
    }
    set.insert(n - 1);
    expected.insert(n - 1);
    int left = 100;
    set.drain(n - 1, [&](SmallIndex i) {
      REQUIRE(!expected.empty());
      CHECK(i == *expected.rbegin());
      expected.erase(i);
      if (i == 0 || left-- <= 0) return;
      const SmallIndex lower = row(i - 1);
      set.insert(lower);
      expected.insert(lower);
    });
    CHECK(expected.empty());
    set.drain(n - 1, [](SmallIndex) { FAIL("the set was empty"); });
  }
}

}  // namespace henderson::pedigree
