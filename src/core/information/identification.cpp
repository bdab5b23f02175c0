// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/identification.h"

#include <Eigen/Eigenvalues>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "core/coordinates/boundary.h"
#include "core/coordinates/free_space.h"
#include "core/model/error_space.h"

namespace henderson::information {
namespace {

using coordinates::FreeSpace;
using covariance::Positions;
using likelihood::Parameters;
using model::ErrorSpace;
using model::Model;
using model::RandomBlock;
using model::ResidualBlock;
using model::ResidualPattern;

constexpr Index kMostParameters = 600;
constexpr Index kFewProbes = 2;
constexpr Index kMostProbes = 128;
// Records up to which the vectors stand as they are; else their entries are summed, with random
// signs, in so many places for each parameter.
constexpr Index kFewRecords = 2000;
constexpr Index kPlaces = 4;
// Singular values of vectors of length one that are rounding.
constexpr double kDependent = 1e-9;
// A vector of which the projection leaves no more is zero.
constexpr double kNothing = 1e-10;
// How far the point goes from the start.
constexpr double kShare = 0.3;
constexpr double kLeast = 0.2;
// And farther, in correlations, ranges and the like: where no two records are correlated the
// likelihood does not contain them.
constexpr double kFarther[] = {2.0, -2.0, 4.0, -4.0};

// In (-1, 1), the same on every machine.
class Numbers {
 public:
  double next() { return std::ldexp(static_cast<double>(engine_() >> 11), -52) - 1.0; }
  Vector vector(Index n) {
    Vector x(n);
    for (Index i = 0; i < n; ++i) x[i] = next();
    return x;
  }

 private:
  std::mt19937_64 engine_{20240607};
};

// Which theta of a slot are correlations, ranges and the like.
std::vector<Index> numbers_of(const model::Slot& slot) {
  std::vector<Index> found;
  for (Index k = 0; k < slot.n_values() && !slot.held; ++k) {
    const std::optional<covariance::Coordinate> at = slot.structure->coordinate(k);
    if (at && at->link == covariance::Link::other) found.push_back(at->theta);
  }
  return found;
}

bool has_numbers(const Model& model) {
  const auto slots = model.slots();
  return std::any_of(slots.begin(), slots.end(),
                     [](const model::Slot& slot) { return !numbers_of(slot).empty(); });
}

// A point without symmetries near the start, `farther` from it in correlations and ranges.
Parameters generic_point(const Model& model, const FreeSpace& space, const Parameters& start,
                         double farther, Numbers& numbers) {
  Vector theta = start.theta();
  for (const model::Slot& slot : model.slots()) {
    if (slot.held) continue;
    Vector own = slot.theta_of(start.theta());
    for (Index i = 0; i < own.size(); ++i)
      own[i] += kShare * numbers.next() * (std::abs(own[i]) + kLeast);
    for (const Index i : numbers_of(slot)) own[i] += farther;
    if (own.allFinite() && slot.structure->is_valid(own)) slot.theta_of(theta) = own;
  }
  const std::optional<Parameters> found = space.restored({std::move(theta), start.log_residual()});
  // A bound may have taken a matrix back to where it is none.
  return found && likelihood::relative_factors(model, *found) ? *found : start;
}

// The vectors that probe a model: an entry for each record, weighed as in ErrorSpace, and one for
// its pure error, which the residual variance alone scales.
Index n_entries(const Model& model) {
  return model.n_records + (model.pure_error.df > 0.0 ? 1 : 0);
}

// V_i x for every parameter of the model.
class Products {
 public:
  Products(const Model& model, const Parameters& at) : model_(model), at_(at) {
    for (const RandomBlock& block : model.blocks) of_blocks_.push_back(derivatives_of(block));
  }

  Matrix of(const Vector& x) const {
    Matrix found = Matrix::Zero(x.size(), model_.n_parameters());
    for (std::size_t b = 0; b < model_.blocks.size(); ++b) add_block(b, x, found);
    for (const ResidualBlock& block : model_.residual.blocks) add_residual(block, x, found);
    if (!model_.has_structured_residual()) found.col(model_.n_theta) = at_.residual() * x;
    return found;
  }

  // Of all Sigma, one below the other.
  Matrix of_structures() const {
    Index n_rows = 1;
    for (const auto& all : of_blocks_) n_rows += all.empty() ? 0 : all[0].size();
    for (const ResidualBlock& block : model_.residual.blocks)
      n_rows += block.structure->n_coef() * block.structure->n_coef();
    Matrix found = Matrix::Zero(n_rows, model_.n_parameters());
    Index row = 0;
    const auto put = [&](const std::vector<Matrix>& all, Index first_theta) {
      for (std::size_t i = 0; i < all.size(); ++i)
        found.col(first_theta + static_cast<Index>(i)).segment(row, all[i].size()) =
            Eigen::Map<const Vector>(all[i].data(), all[i].size());
      if (!all.empty()) row += all[0].size();
    };
    for (std::size_t b = 0; b < of_blocks_.size(); ++b)
      put(of_blocks_[b], model_.blocks[b].first_theta);
    for (const ResidualBlock& block : model_.residual.blocks) {
      Positions at(static_cast<std::size_t>(block.structure->n_coef()));
      std::iota(at.begin(), at.end(), 0);
      put(block.structure->covariance_derivatives(at_.of(block), at), block.first_theta);
    }
    if (!model_.has_structured_residual()) found(row, model_.n_theta) = at_.residual();
    return found;
  }

 private:
  // Sigma_i = Lambda_i Lambda' + its transpose.
  std::vector<Matrix> derivatives_of(const RandomBlock& block) const {
    const std::optional<Matrix> lambda = block.structure->factor(at_.of(block));
    std::vector<Matrix> found;
    for (const Matrix& d : block.structure->derivatives(at_.of(block))) {
      const Matrix half = d * lambda->transpose();
      found.emplace_back(half + half.transpose());
    }
    return found;
  }

  // W^1/2 Z (Sigma_i x K) Z'W^1/2 x
  void add_block(std::size_t b, const Vector& x, Matrix& found) const {
    const RandomBlock& block = model_.blocks[b];
    if (block.held) return;
    const Index n = block.n_design_columns();
    const model::SparseRows& w = model_.w;
    Vector weighed = x.head(model_.n_records);
    model::weigh(model_, weighed);
    Vector u = Vector::Zero(model_.w.n_columns);
    const auto each = [&](auto visit) {
      for (Index r = 0; r < w.n_rows(); ++r) {
        for (Index k = w.start[r]; k < w.start[r + 1]; ++k) {
          const Index column = w.column[k] - block.first_column;
          if (column >= 0 && column < n) visit(r, column, w.value[k]);
        }
      }
    };
    each([&](Index r, Index column, double value) {
      u[block.first_column + column] += value * weighed[r];
    });
    Matrix ku = block.over_levels(u).transpose();
    if (!block.levels->is_identity()) block.levels->multiply(ku);
    for (std::size_t i = 0; i < of_blocks_[b].size(); ++i) {
      Vector v(n);
      block.to_design(of_blocks_[b][i] * ku.transpose(), v.data());
      Vector sum = Vector::Zero(model_.n_records);
      each([&](Index r, Index column, double value) { sum[r] += value * v[column]; });
      model::weigh(model_, sum);
      found.col(block.first_theta + static_cast<Index>(i)).head(model_.n_records) = sum;
    }
  }

  void add_residual(const ResidualBlock& block, const Vector& x, Matrix& found) const {
    for (const ResidualPattern& pattern : block.patterns) {
      const std::vector<Matrix> all =
          block.structure->covariance_derivatives(at_.of(block), pattern.positions);
      const auto size = static_cast<Index>(pattern.positions.size());
      const auto n = static_cast<Index>(pattern.first_row.size());
      const auto each = [&](auto visit) {
        for (Index s = 0; s < n; ++s) {
          const SmallIndex* record = model_.residual.record_of_row.data() + pattern.first_row[s];
          for (Index i = 0; i < size; ++i) {
            if (record[i] != kNone) visit(record[i], i, s);
          }
        }
      };
      Matrix own = Matrix::Zero(size, n);  // a column for each subject
      each([&](Index record, Index i, Index s) { own(i, s) = x[record]; });
      for (std::size_t k = 0; k < all.size(); ++k) {
        const Matrix image = all[k] * own;
        auto column = found.col(block.first_theta + static_cast<Index>(k));
        each([&](Index record, Index i, Index s) { column[record] = image(i, s); });
      }
    }
  }

  const Model& model_;
  const Parameters& at_;
  std::vector<std::vector<Matrix>> of_blocks_;
};

// Right singular vectors of a matrix with columns of length one (or zero) whose singular values are
// rounding, or the others.
Matrix singular_vectors(const Matrix& x, bool null) {
  const Index n = x.cols();
  const Eigen::BDCSVD<Matrix> svd(x, Eigen::ComputeFullV);
  Index rank = 0;
  while (rank < svd.singularValues().size() && svd.singularValues()[rank] > kDependent) ++rank;
  return null ? svd.matrixV().rightCols(n - rank) : svd.matrixV().leftCols(rank);
}

// The vectors M_i z of some z, one below the other, a column for each coordinate.
class Stack {
 public:
  Stack(const Products& products, const ErrorSpace& space, const Matrix& jacobian,
        const Model& model)
      : products_(products),
        space_(space),
        jacobian_(jacobian),
        n_records_(model.n_records),
        n_entries_(n_entries(model)) {}

  void add_probes(Index n, Numbers& numbers) {
    for (Index p = 0; p < n; ++p) add(numbers);
  }

  // Its null vectors, over coordinates, of length one.
  Matrix null_vectors() const {
    Matrix x = rows_;
    Vector scale = Vector::Ones(x.cols());
    for (Index j = 0; j < x.cols(); ++j) {
      const double length = x.col(j).norm(), whole = std::sqrt(whole_[j]);
      if (length <= kNothing * whole || whole == 0.0) {
        x.col(j).setZero();
        if (whole > 0.0) scale[j] = whole;
      } else {
        x.col(j) /= length;
        scale[j] = length;
      }
    }
    Matrix null = scale.cwiseInverse().asDiagonal() * singular_vectors(x, true);
    for (Index k = 0; k < null.cols(); ++k) null.col(k).normalize();
    return null;
  }

 private:
  void add(Numbers& numbers) {
    Vector z = numbers.vector(n_entries_);
    project(z);
    const Matrix images = products_.of(z) * jacobian_;
    const Index n = images.cols();
    const Index size = n_entries_ <= kFewRecords ? n_entries_ : std::max(kFewRecords, kPlaces * n);
    Matrix part = Matrix::Zero(size, n);
    Vector signs = size < n_entries_ ? numbers.vector(n_entries_) : Vector::Ones(n_entries_);
    if (whole_.size() == 0) whole_ = Vector::Zero(n);
    for (Index j = 0; j < n; ++j) {
      Vector image = images.col(j);
      whole_[j] += image.squaredNorm();
      project(image);
      for (Index r = 0; r < n_entries_; ++r) part(r % size, j) += signs[r] * image[r];
    }
    const Index before = rows_.rows();
    rows_.conservativeResize(before + size, n);
    rows_.bottomRows(size) = part;
  }

  void project(Vector& x) const {
    Vector of_records = x.head(n_records_);
    space_.project(of_records);
    x.head(n_records_) = of_records;
  }

  const Products& products_;
  const ErrorSpace& space_;
  const Matrix& jacobian_;
  Index n_records_;
  Index n_entries_;
  Matrix rows_;
  Vector whole_;  // squared lengths before the fixed effects are taken out
};

Matrix stable_null_vectors(Stack& stack, Index n_entries, Numbers& numbers) {
  stack.add_probes(kFewProbes, numbers);
  Matrix null = stack.null_vectors();
  for (Index n = 4 * kFewProbes; null.cols() > 0; n *= 4) {
    const Index before = null.cols();
    stack.add_probes(n, numbers);
    null = stack.null_vectors();
    if (null.cols() == before || n >= std::min(n_entries, kMostProbes)) break;
  }
  return null;
}

// Those of the directions that change some Sigma.
Matrix that_change(const Matrix& structures, const Matrix& null) {
  const double scale = structures.colwise().norm().maxCoeff();
  if (!(scale > 0.0)) return null.leftCols(0);
  return null * singular_vectors(structures * null / scale, false);
}

// Directions of the values along which the likelihood stays as it is at a point.
Matrix unidentified_at(const Parameters& at, const Model& model, const FreeSpace& space,
                       const ErrorSpace& errors, Numbers& numbers) {
  const Matrix jacobian = space.jacobian(at);
  const Products products(model, at);
  Stack stack(products, errors, jacobian, model);
  Matrix null = stable_null_vectors(stack, n_entries(model), numbers);
  if (null.cols() == 0) return Matrix(model.n_values, 0);
  null = that_change(products.of_structures() * jacobian, null);
  return likelihood::user_jacobian(model, at) * jacobian * null;
}

bool is_looked_at(const Model& model, const FreeSpace& space) {
  return space.size() > 0 && space.size() <= kMostParameters &&
         model.n_parameters() <= kMostParameters;
}

// The fewest directions that `directions_at` finds at points without symmetries: at one of them a
// correlation or a range may say nothing.
template <class DirectionsAt>
Matrix fewest(const Model& model, const FreeSpace& space, const Parameters& start, Numbers& numbers,
              DirectionsAt directions_at) {
  Matrix found = directions_at(generic_point(model, space, start, 0.0, numbers));
  if (!has_numbers(model)) return found;
  for (const double farther : kFarther) {
    if (found.cols() == 0) break;
    Matrix there = directions_at(generic_point(model, space, start, farther, numbers));
    if (there.cols() < found.cols()) found = std::move(there);
  }
  return found;
}

Matrix redundant_at(const Parameters& at, const Model& model, const FreeSpace& space) {
  const Matrix jacobian = space.jacobian(at);
  Matrix slopes = Products(model, at).of_structures() * jacobian;
  const Vector length = slopes.colwise().norm();
  // A column of zeros is a value that is held, or one that the data have to find.
  const Vector scale = (length.array() > 0.0).select(length.cwiseInverse(), 0.0);
  slopes = slopes * scale.asDiagonal();
  const Matrix null = scale.asDiagonal() * singular_vectors(slopes, true);
  std::vector<Index> moved;
  for (Index k = 0; k < null.cols(); ++k) {
    if (null.col(k).norm() > 0.0) moved.push_back(k);
  }
  Matrix found(model.n_values, static_cast<Index>(moved.size()));
  const Matrix of_values = likelihood::user_jacobian(model, at) * jacobian;
  for (Index k = 0; k < found.cols(); ++k)
    found.col(k) = of_values * null.col(moved[static_cast<std::size_t>(k)]).normalized();
  return found;
}

}  // namespace

bool tells_all_apart(const Model& model, const Parameters& at, const Matrix& average) {
  constexpr double kClear = 1e-6;
  if (coordinates::is_residual_gone(model, at) || coordinates::has_boundary(model, at))
    return false;
  const FreeSpace space(model);
  const Matrix jacobian = space.jacobian(at);
  const Matrix own = jacobian.transpose() * average * jacobian;
  if (own.size() == 0) return true;
  // Where the likelihood does not contain a coordinate, rounding is all that is on the diagonal.
  const Vector size = space.coordinates(at).cwiseAbs().cwiseMax(kLeast);
  if (!((own.diagonal().array() * size.array().square()).minCoeff() > kClear)) return false;
  const Vector scale = own.diagonal().cwiseSqrt().cwiseInverse();
  if (!scale.allFinite() || !own.allFinite()) return false;
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(scale.asDiagonal() * own * scale.asDiagonal(),
                                                    Eigen::EigenvaluesOnly);
  return eigen.eigenvalues()[0] > kClear;
}

bool may_be_unidentified(const Model& model) {
  return std::any_of(model.blocks.begin(), model.blocks.end(), [&](const RandomBlock& block) {
    return !block.held && block.levels->is_identity() &&
           block.n_design_columns() >= model.n_records;
  });
}

Matrix unidentified_values(const Model& model, const Parameters& start, Callbacks& callbacks) {
  const FreeSpace space(model);
  if (!is_looked_at(model, space)) return Matrix(model.n_values, 0);
  Numbers numbers;
  const ErrorSpace errors(model, callbacks);
  return fewest(model, space, start, numbers, [&](const Parameters& at) {
    return unidentified_at(at, model, space, errors, numbers);
  });
}

Matrix redundant_values(const Model& model, const Parameters& start) {
  const FreeSpace space(model);
  if (!is_looked_at(model, space)) return Matrix(model.n_values, 0);
  Numbers numbers;
  return fewest(model, space, start, numbers,
                [&](const Parameters& at) { return redundant_at(at, model, space); });
}

}  // namespace henderson::information
