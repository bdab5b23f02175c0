// SPDX-License-Identifier: GPL-3.0-or-later
#include "support/linalg_matrices.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace henderson::linalg::test {

namespace {

using Engine = std::mt19937;

double uniform(Engine& engine) { return std::uniform_real_distribution<double>(-1, 1)(engine); }

int pick(Engine& engine, int n) { return std::uniform_int_distribution<int>(0, n - 1)(engine); }

// A diagonal that makes a symmetric matrix with these off-diagonal entries positive definite.
Matrix dominant(Matrix a, Engine& engine) {
  for (Index i = 0; i < a.rows(); ++i) {
    a(i, i) = 0;
    a(i, i) = a.row(i).cwiseAbs().sum() + 0.5 + std::abs(uniform(engine));
  }
  return a;
}

void link(Matrix& a, Index i, Index j, Engine& engine) { a(i, j) = a(j, i) = uniform(engine); }

Matrix arrow(int n, Engine& engine) {
  Matrix a = Matrix::Zero(n, n);
  for (int i = 1; i < n; ++i) link(a, i, 0, engine);
  return dominant(a, engine);
}

Matrix banded(int n, Engine& engine) {
  Matrix a = Matrix::Zero(n, n);
  const int width = 1 + pick(engine, 6);
  for (int i = 0; i < n; ++i)
    for (int j = std::max(0, i - width); j < i; ++j) link(a, i, j, engine);
  return dominant(a, engine);
}

Matrix grid(int n, Engine& engine) {
  const int side = std::max(1, static_cast<int>(std::sqrt(n)));
  Matrix a = Matrix::Zero(side * side, side * side);
  for (int i = 0; i < side; ++i)
    for (int j = 0; j < side; ++j) {
      if (i + 1 < side) link(a, i * side + j, (i + 1) * side + j, engine);
      if (j + 1 < side) link(a, i * side + j, i * side + j + 1, engine);
    }
  return dominant(a, engine);
}

Matrix blocks(int n, Engine& engine) {
  Matrix a = Matrix::Zero(n, n);
  for (int first = 0; first < n;) {
    const int size = 1 + pick(engine, 12);
    for (int i = first; i < std::min(n, first + size); ++i)
      for (int j = first; j < i; ++j) link(a, i, j, engine);
    first += size;
  }
  for (int i = 0; i < n; ++i) link(a, i, (i + 1) % n, engine);  // a ring around the blocks
  return dominant(a, engine);
}

Matrix scattered(int n, int links, Engine& engine) {
  Matrix a = Matrix::Zero(n, n);
  for (int k = 0; k < links; ++k) {
    const int i = pick(engine, n), j = pick(engine, n);
    if (i != j) link(a, i, j, engine);
  }
  return dominant(a, engine);
}

Matrix full(int n, Engine& engine) {
  Matrix g(n, n + 5);
  for (Index i = 0; i < g.size(); ++i) g.data()[i] = uniform(engine);
  return g * g.transpose() + Matrix::Identity(n, n);
}

// The equations of an animal model: Henderson's inverse of the relationship matrix, plus records,
// plus a mean.
Matrix pedigree(int n, Engine& engine) {
  Matrix a = Matrix::Zero(n + 1, n + 1);
  for (int i = 0; i < n; ++i) {
    Vector w = Vector::Zero(n + 1);
    w(i) = 1;
    if (i > 4) w(pick(engine, i)) -= 0.5;
    if (i > 8) w(pick(engine, i)) -= 0.5;
    a += (i > 8 ? 2 : i > 4 ? 4.0 / 3 : 1) * w * w.transpose();
    if (pick(engine, 3) != 0) {
      Vector record = Vector::Zero(n + 1);
      record(i) = record(n) = 1;
      a += 0.7 * record * record.transpose();
    }
  }
  a(n, n) += 1;
  return a;
}

// Two crossed factors, and their levels' variances.
Matrix crossed(int n, Engine& engine) {
  const int rows = std::max(1, 2 * n / 3), columns = std::max(1, n - rows);
  Matrix a = Matrix::Identity(rows + columns, rows + columns);
  for (int k = 0; k < 3 * n; ++k) {
    const int i = pick(engine, rows), j = rows + pick(engine, columns);
    a(i, i) += 1;
    a(j, j) += 1;
    a(i, j) += 1;
    a(j, i) += 1;
  }
  return a;
}

}  // namespace

SparseCase sparse_case(const std::string& name, const Matrix& dense) {
  SparseCase c;
  c.name = name + " of order " + std::to_string(dense.rows());
  c.dense = dense;
  c.pattern.n = static_cast<SmallIndex>(dense.rows());
  c.pattern.start.push_back(0);
  for (SmallIndex j = 0; j < c.pattern.n; ++j) {
    for (SmallIndex i = j; i < c.pattern.n; ++i)
      if (i == j || dense(i, j) != 0) {
        c.pattern.row.push_back(i);
        c.value.push_back(dense(i, j));
      }
    c.pattern.start.push_back(static_cast<Index>(c.pattern.row.size()));
  }
  return c;
}

std::vector<SparseCase> positive_definite_cases(unsigned seed) {
  Engine engine(seed);
  std::vector<SparseCase> cases;
  cases.push_back(sparse_case("single", Matrix::Constant(1, 1, 2.5)));
  for (const int n : {2, 5, 17, 40, 90}) {
    cases.push_back(sparse_case("diagonal", scattered(n, 0, engine)));
    cases.push_back(sparse_case("arrow", arrow(n, engine)));
    cases.push_back(sparse_case("banded", banded(n, engine)));
    cases.push_back(sparse_case("grid", grid(n, engine)));
    cases.push_back(sparse_case("blocks", blocks(n, engine)));
    cases.push_back(sparse_case("disconnected", scattered(n, n / 2, engine)));
    cases.push_back(sparse_case("scattered", scattered(n, 2 * n, engine)));
    cases.push_back(sparse_case("dense", full(n, engine)));
    cases.push_back(sparse_case("pedigree", pedigree(n, engine)));
    cases.push_back(sparse_case("crossed", crossed(n, engine)));
  }
  return cases;
}

SparseCase semidefinite_case(unsigned seed) {
  Engine engine(seed);
  // A mean, and three factors in full dummy coding: three dependencies if the design is connected.
  // Some levels are empty.
  const int n_records = 60, levels[3] = {3 + pick(engine, 5), 2 + pick(engine, 6), 4};
  Matrix x = Matrix::Zero(n_records, 1 + levels[0] + levels[1] + levels[2]);
  for (int r = 0; r < n_records; ++r) {
    x(r, 0) = 1;
    for (int f = 0, first = 1; f < 3; first += levels[f++])
      x(r, first + pick(engine, levels[f])) = 1;
  }
  if (seed % 3 == 0) x.col(2).setZero();
  return sparse_case("semidefinite", x.transpose() * x);
}

namespace {

SparseCase from_entries(const std::string& name,
                        const std::vector<std::map<SmallIndex, double>>& columns) {
  SparseCase c;
  c.name = name;
  c.pattern.n = static_cast<SmallIndex>(columns.size());
  c.pattern.start.push_back(0);
  for (const auto& column : columns) {
    for (const auto& [row, value] : column) {
      c.pattern.row.push_back(row);
      c.value.push_back(value);
    }
    c.pattern.start.push_back(static_cast<Index>(c.value.size()));
  }
  return c;
}

}  // namespace

SparseCase large_grid(SmallIndex side) {
  std::vector<std::map<SmallIndex, double>> columns(side * side);
  for (SmallIndex k = 0; k < side * side; ++k) {
    columns[k][k] = 4.1;
    if (k % side + 1 < side) columns[k][k + 1] = -1;
    if (k + side < side * side) columns[k][k + side] = -1;
  }
  return from_entries("large grid", columns);
}

SparseCase large_crossed(SmallIndex rows, SmallIndex columns) {
  Engine engine(9);
  std::vector<std::map<SmallIndex, double>> entries(rows + columns);
  for (SmallIndex k = 0; k < rows + columns; ++k) entries[k][k] = 1;
  for (SmallIndex i = 0; i < rows; ++i)
    for (int record = 0; record < 20; ++record) {
      const SmallIndex j = rows + pick(engine, columns);
      entries[i][i] += 1;
      entries[j][j] += 1;
      entries[i][j] += 1;
    }
  return from_entries("large crossed", entries);
}

SparseCase trees_below_a_root() {
  const Index root = 400, trees = 20, levels = 3, width = 5, n = root + trees * levels * width;
  Matrix a = Matrix::Zero(n, n);
  const auto connect = [&](Index first, Index size, Index other, Index others) {
    for (Index j = first; j < first + size; ++j)
      for (Index i = other; i < other + others; ++i)
        a(i, j) = a(j, i) = i == j ? 4.0 * n : std::cos(1.0 + i + 3.0 * j);
  };
  const Index first_root = n - root;
  connect(first_root, root, first_root, root);
  for (Index t = 0; t < trees; ++t)
    for (Index level = 0; level < levels; ++level) {
      const Index own = (t * levels + level) * width;
      connect(own, width, own, width);
      if (level + 1 < levels)
        connect(own, width, own + width, width);
      else
        connect(own, width, first_root + 11 * t, 60);
    }
  return sparse_case("trees below a root", a);
}

Panels assemble(const SparseCase& c, std::shared_ptr<const SymbolicFactor> symbolic) {
  const std::vector<Index> position = symbolic->positions(c.pattern);
  Panels panels(std::move(symbolic));
  for (std::size_t k = 0; k < position.size(); ++k) panels.data()[position[k]] += c.value[k];
  return panels;
}

double relative_difference(const Matrix& a, const Matrix& b) {
  if (b.size() == 0) return 0;
  const double difference = (a - b).cwiseAbs().maxCoeff();
  return difference == 0 ? 0 : difference / b.cwiseAbs().maxCoeff();
}

}  // namespace henderson::linalg::test
