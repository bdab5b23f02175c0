// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/higher_antedependence.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/base/error.h"
#include "core/covariance/among.h"
#include "core/covariance/dual.h"
#include "core/covariance/factor_whitening.h"
#include "core/covariance/limits.h"

namespace henderson::covariance {
namespace {

// A position from some beside it, the one of the lowest index first, and what they leave of its
// variance.
struct Prediction {
  std::vector<Dual> coefficients;
  Dual rest;
};

// A partial correlation and 1 less its square.
struct Partial {
  Dual value;
  Dual rest;
};

// The correlations of two positions with those between, and the prediction of either from those.
struct Pair {
  Prediction later;
  Prediction earlier;
};

// The partial correlation number `i` of positions that these predictions are for, of which those
// between predict the product `predicted`.
using PartialOf = std::function<Partial(Index i, const Pair& pair, const Dual& predicted)>;

// One more position at the far end of what predicts: it takes what the others leave of both.
Prediction extended(const Prediction& own, const Prediction& other, const Partial& partial,
                    bool at_front) {
  const Dual weight = partial.value * sqrt(own.rest / other.rest);
  Prediction found{{}, own.rest * partial.rest};
  for (std::size_t s = 0; s < own.coefficients.size(); ++s)
    found.coefficients.push_back(own.coefficients[s] - weight * other.coefficients[s]);
  found.coefficients.insert(at_front ? found.coefficients.begin() : found.coefficients.end(),
                            weight);
  return found;
}

// Levinson's recursion where nothing is stationary: from positions `lag` apart to those lag + 1
// apart.
class Recursion {
 public:
  Recursion(Index size, Index order, Index n_slopes)
      : size_(size), order_(order), n_slopes_(n_slopes), r_(size * size, number(0.0)) {
    for (Index i = 0; i < size; ++i) r_[i * size + i] = number(1.0);
  }

  void run(const PartialOf& partial_of) {
    const Prediction none{{}, number(1.0)};
    predictions.assign(static_cast<std::size_t>(size_), none);
    std::vector<Pair> pairs(static_cast<std::size_t>(size_ - 1), {none, none});
    Index i = 0;
    for (Index lag = 1; lag <= order_; ++lag) {
      std::vector<Prediction> later, earlier;
      for (Index first = 0; first + lag < size_; ++first) {
        const Pair& pair = pairs[static_cast<std::size_t>(first)];
        const Dual predicted = product_of(pair.later, first, first + 1);
        const Partial partial = partial_of(i++, pair, predicted);
        set(first, first + lag,
            predicted + partial.value * sqrt(pair.later.rest * pair.earlier.rest));
        later.push_back(extended(pair.later, pair.earlier, partial, true));
        earlier.push_back(extended(pair.earlier, pair.later, partial, false));
        if (lag == order_ || first == 0) predictions[first + lag] = later.back();
      }
      pairs.clear();
      for (std::size_t first = 0; first + 1 < later.size(); ++first)
        pairs.push_back({later[first + 1], earlier[first]});
    }
  }

  // Positions more than the order apart, through those before the later one.
  void fill() {
    for (Index j = order_ + 1; j < size_; ++j) {
      for (Index i = 0; i < j - order_; ++i) set(i, j, product_of(predictions[j], i, j - order_));
    }
  }

  const Dual& at(Index i, Index j) const { return r_[i * size_ + j]; }

  std::vector<Prediction> predictions;  // of each position from those before it, at most `order`

 private:
  Dual number(double value) const { return {value, Eigen::RowVectorXd::Zero(n_slopes_)}; }

  void set(Index i, Index j, const Dual& value) { r_[i * size_ + j] = r_[j * size_ + i] = value; }

  // With position i, of a prediction from `first` and those after it.
  Dual product_of(const Prediction& prediction, Index i, Index first) const {
    Dual sum = number(0.0);
    for (const Dual& coefficient : prediction.coefficients)
      sum = sum + coefficient * at(i, first++);
    return sum;
  }

  Index size_, order_, n_slopes_;
  std::vector<Dual> r_;
};

// With the derivatives in the partial correlations, where wanted.
Recursion recursion(Index size, Index order, const Vector& partial, const Vector& rest,
                    bool with_slopes) {
  const Index n = with_slopes ? partial.size() : 0;
  Recursion found(size, order, n);
  found.run([&](Index i, const Pair&, const Dual&) {
    Eigen::RowVectorXd unit = Eigen::RowVectorXd::Zero(n);
    if (with_slopes) unit[i] = 1.0;
    return Partial{{partial[i], unit}, {rest[i], -2.0 * partial[i] * unit}};
  });
  return found;
}

Vector rest_of(const ConstVectorRef& partial) {
  return (1.0 - partial.array()) * (1.0 + partial.array());
}

bool is_from_first(const Positions& at) {
  for (std::size_t r = 0; r < at.size(); ++r) {
    if (at[r] != static_cast<SmallIndex>(r)) return false;
  }
  return true;
}

// T: a position less its prediction, over the root of what that leaves.
Whitening banded(const std::vector<Prediction>& predictions, Index n, Index n_parameters) {
  Whitening made;
  std::vector<Dual> entries;
  for (Index r = 0; r < n; ++r) {
    const Prediction& own = predictions[static_cast<std::size_t>(r)];
    if (!(own.rest.value > 0.0)) return {};
    const Dual root = Dual{1.0, Eigen::RowVectorXd::Zero(n_parameters)} / sqrt(own.rest);
    const auto width = static_cast<Index>(own.coefficients.size());
    for (Index c = 0; c < width; ++c) {
      const Dual scaled = own.coefficients[c] * root;
      entries.push_back({-scaled.value, -scaled.slope});
      made.column.push_back(static_cast<SmallIndex>(r - width + c));
    }
    entries.push_back(root);
    made.column.push_back(static_cast<SmallIndex>(r));
    made.start.push_back(static_cast<Index>(made.column.size()));
  }
  made.value.resize(static_cast<Index>(entries.size()));
  made.derivative.resize(made.value.size(), n_parameters);
  for (Index k = 0; k < made.value.size(); ++k) {
    made.value[k] = entries[k].value;
    made.derivative.row(k) = entries[k].slope;
  }
  return made;
}

Index n_partials(Index size, Index order) { return order * size - order * (order + 1) / 2; }

}  // namespace

HigherAntedependence::HigherAntedependence(Index size, Index order)
    : IntervalCorrelation(std::vector<Interval>(
          static_cast<std::size_t>(std::max<Index>(n_partials(size, order), 0)))),
      size_(size),
      order_(order) {
  if (order < 1 || order >= size)
    throw InvalidSpec("k", "the order of ante is not between 1 and the positions less one");
}

Correlation::Value HigherAntedependence::value(const ConstVectorRef& parameters,
                                               const Positions& at, bool with_derivatives) const {
  Recursion all = recursion(size_, order_, parameters, rest_of(parameters), with_derivatives);
  all.fill();
  Matrix whole(size_, size_);
  std::vector<Matrix> slopes(static_cast<std::size_t>(with_derivatives ? n_parameters() : 0),
                             Matrix(size_, size_));
  for (Index j = 0; j < size_; ++j) {
    for (Index i = 0; i < size_; ++i) {
      const Dual& entry = all.at(i, j);
      whole(i, j) = entry.value;
      for (std::size_t k = 0; k < slopes.size(); ++k)
        slopes[k](i, j) = entry.slope[static_cast<Index>(k)];
    }
  }
  Value found{among(whole, at), {}};
  for (const Matrix& slope : slopes) found.derivatives.push_back(among(slope, at));
  return found;
}

// The partial correlations of the empirical matrix, one after the other, kept off their limits.
Vector HigherAntedependence::start(const Matrix& empirical) const {
  Vector partial = Vector::Zero(n_parameters());
  Recursion all(size_, order_, 0);
  Index lag = 1, first = 0;
  all.run([&](Index i, const Pair& pair, const Dual& predicted) {
    const bool known = first + lag < empirical.rows();
    const double unit = std::sqrt(pair.later.rest.value * pair.earlier.rest.value);
    if (known) {
      const double own = (empirical(first + lag, first) - predicted.value) / unit;
      partial[i] = start_between(own, -1.0, 1.0, 0.0);
    }
    if (++first + lag == size_) {
      first = 0;
      ++lag;
    }
    return Partial{{partial[i], {}}, {1.0 - partial[i] * partial[i], {}}};
  });
  return partial;
}

Whitening HigherAntedependence::whitening(const ConstVectorRef& free, const Positions& at) const {
  const Vector partial = parameters(free);
  if (is_from_first(at)) {
    const Vector rest = free.unaryExpr([](double x) { return rest_of_tanh(x); });
    const Recursion all = recursion(size_, order_, partial, rest, true);
    return banded(all.predictions, static_cast<Index>(at.size()), n_parameters());
  }
  const Value r = value(partial, at, true);
  Whitening found = dense_whitening(r.matrix, r.derivatives);
  if (!has_lost_digits(found, r.matrix.diagonal())) return found;
  return whitening_of_factor(rows_at(*root(free), at), r.derivatives);
}

std::optional<Matrix> HigherAntedependence::root(const ConstVectorRef& free) const {
  const Vector rest = free.unaryExpr([](double x) { return rest_of_tanh(x); });
  const Recursion all = recursion(size_, order_, parameters(free), rest, false);
  Matrix root = Matrix::Zero(size_, size_);
  for (Index r = 0; r < size_; ++r) {
    const Prediction& own = all.predictions[static_cast<std::size_t>(r)];
    const auto width = static_cast<Index>(own.coefficients.size());
    for (Index c = 0; c < width; ++c)
      root.row(r) += own.coefficients[c].value * root.row(r - width + c);
    root(r, r) = std::sqrt(own.rest.value);
  }
  return root;
}

}  // namespace henderson::covariance
