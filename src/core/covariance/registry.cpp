// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/registry.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/covariance/antedependence.h"
#include "core/covariance/arma.h"
#include "core/covariance/autoregressive.h"
#include "core/covariance/banded.h"
#include "core/covariance/compound_symmetry.h"
#include "core/covariance/diagonal.h"
#include "core/covariance/distance.h"
#include "core/covariance/entries.h"
#include "core/covariance/factor_analytic.h"
#include "core/covariance/general_correlation.h"
#include "core/covariance/higher_antedependence.h"
#include "core/covariance/identity.h"
#include "core/covariance/log_linear.h"
#include "core/covariance/lower.h"
#include "core/covariance/matern.h"
#include "core/covariance/own.h"
#include "core/covariance/partly_held.h"
#include "core/covariance/process.h"
#include "core/covariance/product.h"
#include "core/covariance/scaled.h"
#include "core/covariance/toeplitz.h"
#include "core/covariance/unstructured.h"

namespace henderson::covariance {
namespace {

using StructurePointer = std::unique_ptr<const Structure>;

bool any_held(const Held& held) {
  return std::find(held.held.begin(), held.held.end(), true) != held.held.end();
}

bool all_held(const Held& held) {
  return any_held(held) && std::find(held.held.begin(), held.held.end(), false) == held.held.end();
}

StructurePointer unstructured(const Recipe& recipe, const Held& held) {
  if (recipe.n_coef == 1 && !any_held(held)) return std::make_unique<Unstructured>(1);
  if (!any_held(held) && !held.natural) return std::make_unique<Unstructured>(recipe.n_coef);
  if (held.natural) return std::make_unique<Entries>(recipe.n_coef, held.held, held.values);
  return std::make_unique<PartlyHeld>(recipe.n_coef, held.held, held.values);
}

StructurePointer diagonal(const Recipe& recipe, const Held& held) {
  return std::make_unique<Diagonal>(recipe.n_coef, held.held, held.values);
}

// Column (r, c): F Sigma F' of the Sigma that is 1 in (r, c) and (c, r).
Matrix unstructured_transform(const Matrix& f) {
  const Index n = f.rows();
  Matrix transform(lower_size(n), lower_size(n));
  for (Index r = 0; r < n; ++r) {
    for (Index c = 0; c <= r; ++c) {
      const Matrix outer = f.col(r) * f.col(c).transpose();
      const Matrix image = r == c ? outer : Matrix(outer + outer.transpose());
      transform.col(lower_position(r, c)) = lower_of(image);
    }
  }
  return transform;
}

using MakeCorrelation = std::shared_ptr<const Correlation> (*)(const Recipe& recipe);

template <class Model>
std::shared_ptr<const Correlation> of_size(const Recipe& recipe) {
  return std::make_shared<Model>(recipe.n_coef);
}

std::shared_ptr<const Correlation> toeplitz(const Recipe& recipe) {
  return std::make_shared<Toeplitz>(recipe.n_coef, recipe.order);
}

std::shared_ptr<const Correlation> antedependence(const Recipe& recipe) {
  if (recipe.order <= 1) return std::make_shared<Antedependence>(recipe.n_coef);
  return std::make_shared<HigherAntedependence>(recipe.n_coef, recipe.order);
}

template <Decay decay, Metric metric = Metric::euclidean>
std::shared_ptr<const Correlation> of_distance(const Recipe& recipe) {
  return std::make_shared<Distance>(recipe.coordinates, decay, recipe.together, metric);
}

std::shared_ptr<const Correlation> matern(const Recipe& recipe) {
  return std::make_shared<Matern>(recipe.coordinates, recipe.constants, recipe.together);
}

template <ProcessKind kind, Index order>
std::shared_ptr<const Correlation> process(const Recipe& recipe) {
  return std::make_shared<Process>(recipe.n_coef, kind, order);
}

template <Index order>
std::shared_ptr<const Correlation> symmetric_process(const Recipe& recipe) {
  return std::make_shared<SymmetricProcess>(recipe.n_coef, order);
}

template <MakeCorrelation make, bool own_variances>
StructurePointer scaled(const Recipe& recipe, const Held& held) {
  return std::make_unique<Scaled>(make(recipe), own_variances, held.held, held.values,
                                  held.natural);
}

template <FactorAnalytic::Specific specific>
StructurePointer factors(const Recipe& recipe, const Held& held) {
  return std::make_unique<FactorAnalytic>(recipe.n_coef, recipe.order, specific, held.held,
                                          held.values);
}

StructurePointer cholesky(const Recipe& recipe, const Held& held) {
  return std::make_unique<Banded>(recipe.n_coef, recipe.order, held.held, held.values,
                                  held.natural);
}

StructurePointer log_linear(const Recipe& recipe, const Held& held) {
  return std::make_unique<LogLinear>(recipe.coordinates, recipe.constants, held.held, held.values);
}

StructurePointer own(const Recipe& recipe, const Held& held) {
  return std::make_unique<Own>(recipe.n_coef, recipe.user, held.held, held.values, held.unit);
}

StructurePointer product(const Recipe& recipe, const Held& held);
ValueCounts product_values(const Recipe& recipe);

std::vector<Block> parted_factors(const Recipe& recipe, const Held& held);

struct Entry {
  StructureTraits traits;
  CountValues count;
  StructurePointer (*make)(const Recipe& recipe, const Held& held);
  std::vector<Block> (*part)(const Recipe& recipe, const Held& held) = nullptr;  // of a sum of two
};

template <MakeCorrelation make, CountParameters parameters>
constexpr Entry homogeneous(const char* name) {
  return {{name, CoefficientChange::scalar, false}, one_variance<parameters>, scaled<make, false>};
}

template <MakeCorrelation make, CountParameters parameters>
constexpr Entry heterogeneous(const char* name) {
  return {{name, CoefficientChange::scales, false}, own_variances<parameters>, scaled<make, true>};
}

constexpr Entry kTable[] = {
    {{"us", CoefficientChange::any, false}, lower_triangle, unstructured},
    {{"diag", CoefficientChange::diagonal, true}, diagonal_entries, diagonal},
    homogeneous<of_size<Identity>, fixed<0>>("id"),
    homogeneous<of_size<CompoundSymmetry>, fixed<1>>("cs"),
    heterogeneous<of_size<CompoundSymmetry>, fixed<1>>("csh"),
    homogeneous<of_size<Autoregressive>, fixed<1>>("ar1"),
    heterogeneous<of_size<Autoregressive>, fixed<1>>("ar1h"),
    homogeneous<toeplitz, lags>("toep"),
    heterogeneous<toeplitz, lags>("toeph"),
    heterogeneous<antedependence, antedependences>("ante"),
    homogeneous<of_size<Arma>, fixed<2>>("arma11"),
    homogeneous<process<ProcessKind::autoregression, 2>, fixed<2>>("ar2"),
    heterogeneous<process<ProcessKind::autoregression, 2>, fixed<2>>("ar2h"),
    homogeneous<process<ProcessKind::autoregression, 3>, fixed<3>>("ar3"),
    heterogeneous<process<ProcessKind::autoregression, 3>, fixed<3>>("ar3h"),
    homogeneous<process<ProcessKind::moving_average, 1>, fixed<1>>("ma1"),
    heterogeneous<process<ProcessKind::moving_average, 1>, fixed<1>>("ma1h"),
    homogeneous<process<ProcessKind::moving_average, 2>, fixed<2>>("ma2"),
    heterogeneous<process<ProcessKind::moving_average, 2>, fixed<2>>("ma2h"),
    homogeneous<symmetric_process<1>, fixed<1>>("sar"),
    homogeneous<symmetric_process<2>, fixed<2>>("sar2"),
    homogeneous<of_size<GeneralCorrelation>, pairs>("corg"),
    homogeneous<of_distance<Decay::exponential>, fixed<1>>("exp"),
    homogeneous<of_distance<Decay::exponential, Metric::city_block>, fixed<1>>("iexp"),
    homogeneous<of_distance<Decay::gaussian>, fixed<1>>("gau"),
    homogeneous<matern, range_and_smoothness>("matern"),
    {{"fa", CoefficientChange::scalar, false},
     loadings_and_specific,
     factors<FactorAnalytic::Specific::yes>,
     parted_factors},
    {{"rr", CoefficientChange::scalar, false},
     loadings_alone,
     factors<FactorAnalytic::Specific::no>},
    {{"chol", CoefficientChange::scalar, false}, band, cholesky},
    {{"loglin", CoefficientChange::scalar, false}, one_variance<dimensions>, log_linear},
    {{"own", CoefficientChange::scalar, false}, user_parameters, own},
    {{"product", CoefficientChange::scalar, false}, product_values, product},
};

const Entry& find(const Recipe& recipe) {
  for (const Entry& entry : kTable) {
    if (recipe.name == entry.traits.name) return entry;
  }
  throw InvalidSpec("structure", "there is no '" + recipe.name + "'");
}

// The variances of a product are those of its first factor; each other one leaves out its own.
ValueCounts product_values(const Recipe& recipe) {
  ValueCounts counts;
  for (std::size_t k = 0; k < recipe.factors.size(); ++k) {
    const ValueCounts own = value_counts(recipe.factors[k]);
    if (k == 0) counts = own;
    if (k > 0) counts.others += own.total() - 1;
  }
  return counts;
}

// The factors of a product after the first have their variance held at 1.
StructurePointer product(const Recipe& recipe, const Held& held) {
  std::vector<StructurePointer> factors;
  Index first = 0;
  for (std::size_t k = 0; k < recipe.factors.size(); ++k) {
    const Recipe& factor = recipe.factors[k];
    const Index n = n_values(factor), skipped = k == 0 ? 0 : 1;
    Held own{std::vector<bool>(static_cast<std::size_t>(n), false), Vector::Ones(n), held.natural};
    own.held[0] = k > 0;
    for (Index i = skipped; i < n && any_held(held); ++i) {
      own.held[i] = held.held[first + i - skipped];
      own.values[i] = held.values[first + i - skipped];
    }
    factors.push_back(find(factor).make(factor, own));
    first += n - skipped;
  }
  if (factors.empty()) throw InvalidSpec("structure", "a product has no factors");
  return std::make_unique<Product>(std::move(factors));
}

// A block for each coefficient.
std::vector<Block> scalar_blocks(Index n_coef, const Held& held) {
  std::vector<Block> blocks(static_cast<std::size_t>(n_coef));
  for (Index c = 0; c < n_coef; ++c) {
    blocks[c].first_coef = c;
    blocks[c].held = !held.held.empty() && held.held[c];
    blocks[c].structure = std::make_unique<Unstructured>(1);
  }
  return blocks;
}

Held held_part(const Held& held, Index first, Index n) {
  Held part{{}, {}, held.natural, held.unit};
  if (held.held.empty()) return part;
  part.held.assign(held.held.begin() + first, held.held.begin() + first + n);
  part.values = held.values.segment(first, n);
  return part;
}

// The specific variances, then the loadings: the order of their values.
std::vector<Block> parted_factors(const Recipe& recipe, const Held& held) {
  const Index t = recipe.n_coef;
  std::vector<Block> blocks = scalar_blocks(t, held_part(held, 0, t));
  const Held own = held_part(held, t, n_values(recipe) - t);
  Block loadings;
  loadings.held = all_held(own);
  loadings.structure = factors<FactorAnalytic::Specific::no>(recipe, loadings.held ? Held{} : own);
  blocks.push_back(std::move(loadings));
  return blocks;
}

void check_size(const Recipe& recipe, const Held& held) {
  if (!held.held.empty() && held.values.size() != n_values(recipe)) {
    throw DimensionMismatch("values of " + recipe.name, held.values.size(), n_values(recipe));
  }
}

}  // namespace

std::vector<Block> make_blocks(const Recipe& recipe, const Held& held) {
  const Entry& entry = find(recipe);
  check_size(recipe, held);
  if (entry.traits.is_uncorrelated) return scalar_blocks(recipe.n_coef, held);
  std::vector<Block> blocks(1);
  blocks[0].held = all_held(held);
  // Held as a whole it may be singular, and needs no parameters of its own.
  blocks[0].structure = entry.make(recipe, blocks[0].held ? Held{} : held);
  return blocks;
}

std::vector<Block> make_parted_blocks(const Recipe& recipe, const Held& held) {
  const Entry& entry = find(recipe);
  check_size(recipe, held);
  return entry.part != nullptr ? entry.part(recipe, held) : make_blocks(recipe, held);
}

std::unique_ptr<const Structure> make_structure(const Recipe& recipe, const Held& held) {
  check_size(recipe, held);
  return find(recipe).make(recipe, held);
}

Matrix value_transform(const Recipe& recipe, const Matrix& coef_transform) {
  switch (structure_traits(recipe).change) {
    case CoefficientChange::any:
      return unstructured_transform(coef_transform);
    case CoefficientChange::diagonal:
      return coef_transform.diagonal().cwiseAbs2().asDiagonal();
    case CoefficientChange::scales: {
      Vector factors = Vector::Ones(n_values(recipe));
      factors.head(recipe.n_coef) = coef_transform.diagonal().cwiseAbs2();
      return factors.asDiagonal();
    }
    case CoefficientChange::scalar:
      break;
  }
  const double unit = coef_transform(0, 0);
  const Vector powers = value_powers(value_counts(recipe));
  return powers.unaryExpr([unit](double power) { return std::pow(unit, power); }).asDiagonal();
}

StructureTraits structure_traits(const Recipe& recipe) { return find(recipe).traits; }

ValueCounts value_counts(const Recipe& recipe) { return find(recipe).count(recipe); }

Index n_values(const Recipe& recipe) { return value_counts(recipe).total(); }

std::vector<StructureTraits> all_structures() {
  std::vector<StructureTraits> all;
  for (const Entry& entry : kTable) all.push_back(entry.traits);
  return all;
}

}  // namespace henderson::covariance
