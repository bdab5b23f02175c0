// SPDX-License-Identifier: GPL-3.0-or-later
// Factor, solves, log determinants: against Eigen's dense factorisation. Rank and null vectors:
// against a dense decomposition.
#include <catch.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "core/linalg/cholesky.h"
#include "support/linalg_matrices.h"

namespace henderson::linalg::test {

namespace {

constexpr double kTolerance = 1e-10;

double log_determinant(const Matrix& a) {
  if (a.rows() == 0) return 0;
  const Matrix l = a.llt().matrixL();
  return 2 * l.diagonal().array().log().sum();
}

// Schur complement of the last k columns.
Matrix schur(const Matrix& a, Index k) {
  const Index m = a.rows() - k;
  if (m == 0 || k == 0) return a.bottomRightCorner(k, k);
  return a.bottomRightCorner(k, k) -
         a.bottomLeftCorner(k, m) * a.topLeftCorner(m, m).llt().solve(a.topRightCorner(m, k));
}

CholeskyFactor factor_of(const SparseCase& c, const AnalyzeOptions& options, int threads = 1) {
  Callbacks callbacks;
  auto result =
      factorize(assemble(c, analyze(c.pattern, options)), FactorOptions{threads}, callbacks);
  REQUIRE(std::holds_alternative<CholeskyFactor>(result));
  return std::get<CholeskyFactor>(std::move(result));
}

std::vector<AnalyzeOptions> all_options(SmallIndex n) {
  std::vector<AnalyzeOptions> out;
  for (const auto ordering : {AnalyzeOptions::Ordering::amd, AnalyzeOptions::Ordering::natural})
    for (const SmallIndex n_last : {0, 1, 4, n})
      for (const bool merge : {true, false})
        if (n_last <= n) {
          AnalyzeOptions options;
          options.n_last = n_last;
          options.ordering = ordering;
          options.relax.merge = merge;
          out.push_back(options);
        }
  return out;
}

void check_solves(const SparseCase& c, const CholeskyFactor& factor) {
  const Matrix inverse = c.dense.llt().solve(Matrix::Identity(c.dense.rows(), c.dense.cols()));
  for (const Index columns : {1, 3, 8, 29, 50, 230}) {
    Matrix b(c.dense.rows(), columns);
    for (Index i = 0; i < b.size(); ++i) b.data()[i] = std::sin(1.0 + i);
    Matrix x = b;
    factor.solve(x);
    CHECK(relative_difference(x, inverse * b) < kTolerance);
    Matrix halves = b;
    factor.solve_lower(halves);
    CHECK(relative_difference(halves.transpose() * halves, b.transpose() * inverse * b) <
          kTolerance);
    factor.solve_upper(halves);
    CHECK(relative_difference(halves, inverse * b) < kTolerance);
  }
}

// Blocks of the inverse of a few columns and of many, in any order; and sparse right-hand sides.
void check_inverse_blocks(const SparseCase& c, const CholeskyFactor& factor) {
  const SmallIndex n = c.pattern.n;
  const Matrix inverse = c.dense.llt().solve(Matrix::Identity(n, n));
  for (const SmallIndex step : {1, 3, n}) {
    std::vector<SmallIndex> columns;
    for (SmallIndex j = n - 1; j >= 0; j -= step) columns.push_back(j);
    const Matrix block = factor.inverse_block(columns);
    Matrix expected(block.rows(), block.cols()), half = Matrix::Zero(n, block.cols());
    for (Index j = 0; j < block.cols(); ++j) {
      for (Index i = 0; i < block.rows(); ++i) expected(i, j) = inverse(columns[i], columns[j]);
      half(columns[j], j) = 1;
    }
    CHECK(relative_difference(block, expected) < kTolerance);
    factor.solve_lower(half);
    CHECK(relative_difference(half.transpose() * half, expected) < kTolerance);
  }
}

}  // namespace

TEST_CASE("factor, solves and log determinants agree with dense results") {
  for (unsigned seed = 1; seed <= 8; ++seed)
    for (const SparseCase& c : positive_definite_cases(seed))
      for (const AnalyzeOptions& options : all_options(c.pattern.n)) {
        INFO(c.name << ", n_last " << options.n_last << ", seed " << seed);
        const CholeskyFactor factor = factor_of(c, options);
        check_solves(c, factor);
        check_inverse_blocks(c, factor);
        const double expected = log_determinant(c.dense),
                     last = log_determinant(schur(c.dense, options.n_last));
        CHECK(std::abs(factor.log_determinant() - expected) <
              kTolerance * (1 + std::abs(expected)));
        CHECK(std::abs(factor.log_determinant_last() - last) < kTolerance * (1 + std::abs(last)));
      }
}

// Of a few right-hand sides at a time, and of wide blocks on any number of threads.
TEST_CASE("many right-hand sides are solved as few are") {
  std::vector<SparseCase> cases = positive_definite_cases(3);
  cases.push_back(trees_below_a_root());
  for (const SparseCase& c : cases) {
    if (c.pattern.n == 0) continue;
    const CholeskyFactor factor = factor_of(c, AnalyzeOptions{});
    Matrix b(c.pattern.n, 400);
    for (Index i = 0; i < b.size(); ++i) b.data()[i] = std::cos(1.0 + i);
    b.topRows(b.rows() / 2).leftCols(100).setZero();
    Matrix few = b, many = b, shared = b;
    for (Index first = 0; first < b.cols(); first += 40) factor.solve(few.middleCols(first, 40));
    factor.solve(many);
    factor.solve(shared, 3);
    INFO(c.name);
    CHECK(relative_difference(many, few) < kTolerance);
    CHECK(shared == many);
  }
}

// Half solves pass over the right-hand sides of a block that have nothing in a supernode.
TEST_CASE("right-hand sides with entries in some rows alone are solved as full ones are") {
  std::vector<SparseCase> cases = positive_definite_cases(4);
  cases.push_back(trees_below_a_root());
  for (const SparseCase& c : cases) {
    const SmallIndex n = c.pattern.n;
    if (n == 0) continue;
    const CholeskyFactor factor = factor_of(c, AnalyzeOptions{});
    Matrix b = Matrix::Zero(n, 400);
    for (Index j = 0; j < b.cols(); ++j) b(j * n / b.cols(), j) = std::cos(1.0 + j);
    Matrix few = b, many = b, shared = b;
    for (Index first = 0; first < b.cols(); first += 40)
      factor.solve_lower(few.middleCols(first, 40));
    factor.solve_lower(many);
    factor.solve_lower(shared, 3);
    INFO(c.name);
    CHECK(relative_difference(many, few) < kTolerance);
    CHECK(shared == many);
  }
}

TEST_CASE("fronts below a large root add their updates straight to it") {
  const SparseCase c = trees_below_a_root();
  AnalyzeOptions options;
  options.ordering = AnalyzeOptions::Ordering::natural;
  options.relax.merge = false;
  const CholeskyFactor factor = factor_of(c, options, 2);
  const Schedule& schedule = factor.symbolic().schedule();
  CHECK(schedule.task_first.size() == 1);
  const auto is_straight = [](SmallIndex parent) { return parent != kNone; };
  CHECK(std::count_if(schedule.straight.begin(), schedule.straight.end(), is_straight) == 20);
  CHECK(schedule.shared_memory == 0);
  check_solves(c, factor);
  check_inverse_blocks(c, factor);
  CHECK(factor.log_determinant() == Approx(log_determinant(c.dense)).epsilon(1e-12));
}

TEST_CASE("a wide front is stored in pieces, with little above its diagonal") {
  for (unsigned seed = 1; seed <= 4; ++seed)
    for (const SparseCase& c : positive_definite_cases(seed))
      for (AnalyzeOptions options : all_options(c.pattern.n)) {
        const CholeskyFactor whole = factor_of(c, options);
        for (const SmallIndex piece : {1, 3, 7}) {
          INFO(c.name << ", n_last " << options.n_last << ", seed " << seed << ", piece " << piece);
          options.piece = piece;
          const CholeskyFactor factor = factor_of(c, options, 2);
          CHECK(factor.symbolic().old_of_new() == whole.symbolic().old_of_new());
          CHECK(factor.symbolic().factor_entries() == whole.symbolic().factor_entries());
          CHECK(factor.symbolic().storage_size() <= whole.symbolic().storage_size());
          check_solves(c, factor);
          check_inverse_blocks(c, factor);
          CHECK(factor.log_determinant() == Approx(whole.log_determinant()).margin(kTolerance));
          CHECK(factor.log_determinant_last() ==
                Approx(whole.log_determinant_last()).margin(kTolerance));
        }
      }
  AnalyzeOptions options;
  options.piece = 100;
  const SparseCase dense = sparse_case("dense", Matrix::Constant(1000, 1000, 1.0));
  const auto symbolic = analyze(dense.pattern, options);
  CHECK(symbolic->n_supernodes() == 10);
  CHECK(symbolic->storage_size() == 1000 * 1000 / 2 + 1000 * 100 / 2);
}

TEST_CASE("fronts add their updates straight to a root in pieces") {
  const SparseCase c = trees_below_a_root();
  AnalyzeOptions options;
  options.ordering = AnalyzeOptions::Ordering::natural;
  options.relax.merge = false;
  for (const SmallIndex piece : {16, 50, 100}) {
    options.piece = piece;
    const CholeskyFactor factor = factor_of(c, options, 2);
    const Schedule& schedule = factor.symbolic().schedule();
    CHECK(schedule.first_piece.back() < schedule.supernode.back());
    const auto is_straight = [](SmallIndex parent) { return parent != kNone; };
    CHECK(std::count_if(schedule.straight.begin(), schedule.straight.end(), is_straight) == 20);
    check_solves(c, factor);
    check_inverse_blocks(c, factor);
    CHECK(factor.log_determinant() == Approx(log_determinant(c.dense)).epsilon(1e-12));
  }
}

TEST_CASE("memory is reused from factor to factor") {
  const SparseCase c = positive_definite_cases(5)[30];
  const auto symbolic = analyze(c.pattern, {});
  const CholeskyFactor first = factor_of(c, {});
  Callbacks callbacks;
  Panels panels = assemble(c, symbolic);
  for (int round = 0; round < 3; ++round) {
    auto result = factorize(std::move(panels), {}, callbacks);
    const CholeskyFactor& factor = std::get<CholeskyFactor>(result);
    CHECK(factor.log_determinant() == first.log_determinant());
    panels = std::get<CholeskyFactor>(std::move(result)).release();
    panels.set_zero();
    const std::vector<Index> position = symbolic->positions(c.pattern);
    for (std::size_t k = 0; k < position.size(); ++k) panels.data()[position[k]] = c.value[k];
  }
}

TEST_CASE("a matrix that is not positive definite is reported with its column") {
  for (unsigned seed = 1; seed <= 3; ++seed)
    for (SparseCase c : positive_definite_cases(seed)) {
      const SmallIndex bad = c.pattern.n / 2;
      c.dense(bad, bad) = c.value[c.pattern.start[bad]] = -1;
      for (const auto ordering :
           {AnalyzeOptions::Ordering::amd, AnalyzeOptions::Ordering::natural}) {
        INFO(c.name);
        AnalyzeOptions options;
        options.ordering = ordering;
        const auto symbolic = analyze(c.pattern, options);
        Callbacks callbacks;
        auto result = factorize(assemble(c, symbolic), {}, callbacks);
        REQUIRE(std::holds_alternative<NotPositiveDefinite>(result));
        const NotPositiveDefinite& failure = std::get<NotPositiveDefinite>(result);
        // The leading block up to the column before it is positive definite, with it no more.
        const Index k = symbolic->new_of_old()[failure.column];
        Matrix permuted(k + 1, k + 1);
        for (Index i = 0; i <= k; ++i)
          for (Index j = 0; j <= k; ++j)
            permuted(i, j) = c.dense(symbolic->old_of_new()[i], symbolic->old_of_new()[j]);
        CHECK(permuted.topLeftCorner(k, k).llt().info() == Eigen::Success);
        const double pivot = schur(permuted, 1)(0, 0);
        CHECK(pivot <= 0);
        CHECK(std::abs(failure.pivot - pivot) < 1e-8 * (1 + std::abs(pivot)));
        CHECK(failure.storage.size() == symbolic->storage_size());
      }
    }
}

TEST_CASE("NaN is not positive") {
  SparseCase c = positive_definite_cases(2)[20];
  c.value[0] = std::nan("");
  Callbacks callbacks;
  const auto symbolic = analyze(c.pattern, {});
  CHECK(
      std::holds_alternative<NotPositiveDefinite>(factorize(assemble(c, symbolic), {}, callbacks)));
  CHECK_THROWS_AS(factorize_semidefinite(assemble(c, symbolic), 1e-9, {}, callbacks), Error);
}

TEST_CASE("rank and null vectors of X'X") {
  for (unsigned seed = 1; seed <= 40; ++seed)
    for (const auto ordering : {AnalyzeOptions::Ordering::amd, AnalyzeOptions::Ordering::natural}) {
      INFO("seed " << seed);
      const SparseCase c = semidefinite_case(seed);
      AnalyzeOptions options;
      options.ordering = ordering;
      Callbacks callbacks;
      const SemidefiniteFactor result =
          factorize_semidefinite(assemble(c, analyze(c.pattern, options)), 1e-9, {}, callbacks);
      const Index dependent = static_cast<Index>(result.dependent.size());
      Eigen::FullPivLU<Matrix> lu(c.dense);
      lu.setThreshold(1e-9);
      CHECK(c.dense.rows() - lu.rank() == dependent);
      const Matrix null = result.null_vectors();
      CHECK((c.dense * null).cwiseAbs().maxCoeff() < 1e-8);
      for (Index i = 0; i < dependent; ++i)
        for (Index k = 0; k < dependent; ++k)
          CHECK(null(result.dependent[i], k) == (i == k ? 1.0 : 0.0));
    }
}

TEST_CASE("a positive definite matrix has no dependent columns") {
  for (const SparseCase& c : positive_definite_cases(8)) {
    INFO(c.name);
    Callbacks callbacks;
    const SemidefiniteFactor result =
        factorize_semidefinite(assemble(c, analyze(c.pattern, {})), 1e-10, {}, callbacks);
    CHECK(result.dependent.empty());
    CHECK(result.factor.log_determinant() == factor_of(c, {}).log_determinant());
  }
}

namespace {
struct Impatient : Callbacks {
  bool interrupted() override { return true; }
};
}  // namespace

TEST_CASE("an interrupt stops the factorisation") {
  const SparseCase c = positive_definite_cases(1)[25];
  Impatient callbacks;
  CHECK_THROWS_AS(factorize(assemble(c, analyze(c.pattern, {})), {}, callbacks), Interrupted);
}

TEST_CASE("wrong sizes are refused") {
  const SparseCase c = positive_definite_cases(1)[25];
  const CholeskyFactor factor = factor_of(c, {});
  Matrix b = Matrix::Zero(c.pattern.n + 1, 2);
  CHECK_THROWS_AS(factor.solve(b), DimensionMismatch);
}

// Of D C^-1 D, D = diag(C)^1/2, whose largest eigenvalue Eigen gives.
double scaled_condition(const Matrix& c) {
  const Vector root = c.diagonal().cwiseSqrt();
  const Matrix scaled = root.asDiagonal() * c.inverse() * root.asDiagonal();
  return Eigen::SelfAdjointEigenSolver<Matrix>(scaled).eigenvalues().maxCoeff();
}

TEST_CASE("the condition without the scales of the columns") {
  for (const unsigned seed : {1U, 2U}) {
    for (const SparseCase& c : positive_definite_cases(seed)) {
      INFO(c.name);
      if (c.dense.rows() == 0) continue;
      const double found = factor_of(c, {}).scaled_condition(), largest = scaled_condition(c.dense);
      CHECK(found <= largest * (1 + 1e-8));
      CHECK(found >= 0.2 * largest);
    }
  }
}

// Kahan's triangle: its pivots, 1 to s^(n - 1), do not show how nearly its columns depend on each
// other. Source: Higham (2002), Accuracy and Stability of Numerical Algorithms, sec. 8.3.
TEST_CASE("a condition that no pivot shows") {
  const SmallIndex n = 20;
  const double cosine = 0.6, sine = 0.8;
  Matrix root = Matrix::Zero(n, n);
  for (Index i = 0; i < n; ++i) {
    root(i, i) = std::pow(sine, i);
    for (Index j = i + 1; j < n; ++j) root(i, j) = -cosine * std::pow(sine, i);
  }
  const SparseCase c = sparse_case("Kahan", root.transpose() * root);
  AnalyzeOptions options;
  options.ordering = AnalyzeOptions::Ordering::natural;
  const CholeskyFactor factor = factor_of(c, options);
  CHECK(factor.largest_loss() == Approx(std::pow(sine, -2 * (n - 1))));
  CHECK(factor.scaled_condition() == Approx(scaled_condition(c.dense)).epsilon(1e-3));
  CHECK(factor.scaled_condition() > 1e4 * factor.largest_loss());
}

}  // namespace henderson::linalg::test
