// SPDX-License-Identifier: GPL-3.0-or-later
// The problem families of the sparse kernel's benchmarks: lower triangles of C.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "core/linalg/sparse.h"

namespace henderson::bench {

using linalg::LowerPattern;

struct Lower {
  LowerPattern pattern;
  std::vector<double> value;
};

// Sums the triplets (row, column, value) of a lower triangle.
class Triplets {
 public:
  explicit Triplets(SmallIndex n) : columns_(n) {}
  void add(SmallIndex i, SmallIndex j, double x) { columns_[std::min(i, j)][std::max(i, j)] += x; }
  Lower lower() const {
    Lower out;
    out.pattern.n = static_cast<SmallIndex>(columns_.size());
    out.pattern.start.push_back(0);
    for (const auto& column : columns_) {
      for (const auto& [row, value] : column) {
        out.pattern.row.push_back(row);
        out.value.push_back(value);
      }
      out.pattern.start.push_back(static_cast<Index>(out.value.size()));
    }
    return out;
  }

 private:
  std::vector<std::map<SmallIndex, double>> columns_;
};

inline SmallIndex pick(std::mt19937& engine, SmallIndex n) {
  return static_cast<SmallIndex>(engine() % static_cast<unsigned>(n));
}

// An animal model: 8 generations, one record each, fixed factors of 10 and 200 levels, h2 = 0.3.
inline Lower pedigree(SmallIndex n) {
  std::mt19937 engine(1);
  const SmallIndex generation = n / 8, fixed = 210;
  const double ratio = 0.7 / 0.3;
  Triplets c(n + fixed);
  for (SmallIndex i = 0; i < n; ++i) {
    const SmallIndex first = (i / generation - 1) * generation;
    SmallIndex member[3] = {i, 0, 0};
    double weight[3] = {1, -0.5, -0.5};
    const bool founder = first < 0;
    if (!founder) {
      member[1] = first + pick(engine, generation / 20);                         // sire
      member[2] = first + generation / 20 + pick(engine, generation * 19 / 40);  // dam
    }
    for (int a = 0; a < (founder ? 1 : 3); ++a)
      for (int b = 0; b <= a; ++b)
        c.add(member[a], member[b], ratio * (founder ? 1 : 2) * weight[a] * weight[b]);
    const SmallIndex effects[3] = {i, n + pick(engine, 10), n + 10 + pick(engine, 200)};
    for (int a = 0; a < 3; ++a)
      for (int b = 0; b <= a; ++b) c.add(effects[a], effects[b], 1);
  }
  for (SmallIndex j = n; j < n + fixed; ++j) c.add(j, j, 1e-3);
  return c.lower();
}

// Two crossed random factors: each record joins a level of either.
inline Lower crossed(SmallIndex rows, SmallIndex columns, SmallIndex records) {
  std::mt19937 engine(2);
  Triplets c(rows + columns);
  for (SmallIndex j = 0; j < rows + columns; ++j) c.add(j, j, 2);
  for (SmallIndex k = 0; k < records; ++k) {
    const SmallIndex i = pick(engine, rows), j = rows + pick(engine, columns);
    c.add(i, i, 1);
    c.add(j, j, 1);
    c.add(i, j, 1);
  }
  return c.lower();
}

inline Lower grid(SmallIndex side) {
  Triplets c(side * side);
  for (SmallIndex i = 0; i < side; ++i)
    for (SmallIndex j = 0; j < side; ++j) {
      c.add(i * side + j, i * side + j, 4.1);
      if (i + 1 < side) c.add(i * side + j, (i + 1) * side + j, -1);
      if (j + 1 < side) c.add(i * side + j, i * side + j + 1, -1);
    }
  return c.lower();
}

inline Lower dense(SmallIndex n) {
  Lower out;
  out.pattern.n = n;
  out.pattern.start.push_back(0);
  for (SmallIndex j = 0; j < n; ++j) {
    for (SmallIndex i = j; i < n; ++i) {
      out.pattern.row.push_back(i);
      out.value.push_back(i == j ? n : 1.0 / (1 + i - j));
    }
    out.pattern.start.push_back(static_cast<Index>(out.value.size()));
  }
  return out;
}

}  // namespace henderson::bench
