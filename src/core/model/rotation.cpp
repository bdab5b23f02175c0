// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/rotation.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/model/columns.h"
#include "core/model/seen_cells.h"

namespace henderson::model {
namespace {

constexpr Index kBand = 64;  // wide enough for products of matrices at the speed of the kernels
constexpr Index kMostDense = 200;  // columns of X and other terms, which become dense

// Of the norm of T: above what its reduction leaves of a pivot that is zero.
constexpr double kRounding = 16.0 * std::numeric_limits<double>::epsilon();

// A search takes about so many evaluations with their score; a turn takes longer than so many
// operations whatever it saves.
constexpr double kEvaluations = 5.0;
constexpr double kLeastSaved = 2e9;

double cube(double x) { return x * x * x; }

Index n_dense_columns(const ModelSpec& spec, SmallIndex turned) {
  Index n = n_columns(spec.fixed);
  for (std::size_t t = 0; t < spec.random.size(); ++t)
    if (static_cast<SmallIndex>(t) != turned)
      n += static_cast<Index>(spec.random[t].n_coef) * spec.random[t].n_levels;
  return n;
}

// The largest row sum of |T|.
double norm_of_band(const Matrix& band) {
  Vector sums = Vector::Zero(band.cols());
  for (Index j = 0; j < band.cols(); ++j) {
    for (Index k = 0; k < std::min(band.rows(), band.cols() - j); ++k) {
      sums[j] += std::abs(band(k, j));
      if (k > 0) sums[j + k] += std::abs(band(k, j));
    }
  }
  return sums.maxCoeff();
}

// Level i is row i of B; one more is no level at all.
Coding coding_of_band(const Matrix& band) {
  Coding coding;
  const Index n = band.cols(), width = band.rows() - 1;
  coding.n_columns = static_cast<SmallIndex>(n);
  coding.start.push_back(0);
  for (Index i = 0; i < n; ++i) {
    for (Index j = std::max<Index>(0, i - width); j <= i; ++j) {
      coding.column.push_back(static_cast<SmallIndex>(j));
      coding.value.push_back(band(i - j, j));
    }
    coding.start.push_back(static_cast<Index>(coding.column.size()));
  }
  coding.start.push_back(coding.start.back());
  return coding;
}

Vector lengths_of_loadings(const RotationUnits& units) {
  Vector scale = Vector::Zero(static_cast<Index>(units.levels.size()));
  for (Index j = 0; j < scale.size(); ++j)
    for (const SmallIndex unit : units.of_level[j])
      scale[j] = std::hypot(scale[j], units.loading[unit]);
  return scale;
}

// Of the bits of K among these levels, by the step of FNV-1a on words.
std::uint64_t code_of(const TermCovariance& known, const std::vector<SmallIndex>& levels) {
  std::uint64_t code = 14695981039346656037U;
  for (const SmallIndex j : levels) {
    for (const SmallIndex i : levels) {
      const double value = known.covariance(i, j);
      std::uint64_t bits = 0;
      std::memcpy(&bits, &value, sizeof bits);
      code = (code ^ bits ^ (bits >> 32U)) * 1099511628211U;
    }
  }
  return code;
}

TurnedLevels reduced(TurnedLevels own, const TermCovariance& known, int threads,
                     Callbacks& callbacks) {
  const auto n = static_cast<Index>(own.levels.size());
  Matrix scaled(n, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i)
      scaled(i, j) = own.scale[i] * known.covariance(own.levels[i], own.levels[j]) * own.scale[j];
  own.reduction.emplace(std::move(scaled), std::min(kBand, std::max<Index>(n - 1, 1)), threads,
                        callbacks);
  own.band =
      linalg::factor_band(own.reduction->band(), kRounding * norm_of_band(own.reduction->band()));
  return own;
}

}  // namespace

double RotationCost::saved() const { return kEvaluations * (whole - banded) - turn; }

// The reflections and the band beside a copy of K, which the reduction uses up.
RotationCost rotation_cost(const ModelSpec& spec, SmallIndex turned, const RotationUnits& units) {
  const RandomTerm& term = spec.random[static_cast<std::size_t>(turned)];
  const auto n = static_cast<double>(units.levels.size()), t = static_cast<double>(term.n_coef);
  const auto rank = static_cast<double>(term.relationship.start.size()) - 1.0;
  const auto n_dense = static_cast<double>(n_dense_columns(spec, turned));
  const double width = kBand * t + n_dense;
  RotationCost cost;
  cost.turn = 4.0 / 3.0 * cube(n);
  cost.banded = 3.0 * n * t * width * width;
  cost.whole = t * cube(rank);
  cost.bytes = sizeof(double) * (1.5 * n * n + static_cast<double>(spec.n_records()) * n_dense);
  return cost;
}

std::optional<TurnedTerm> turned_term(const ModelSpec& spec,
                                      const std::vector<TermCovariance>& known, Turning turning) {
  if (turning == Turning::never) return std::nullopt;
  for (const TermCovariance& one : known) {
    const bool is_dense =
        has_dense_precision(spec.random[static_cast<std::size_t>(one.term)].relationship);
    if (n_dense_columns(spec, one.term) > kMostDense || (turning != Turning::always && !is_dense))
      continue;
    std::optional<RotationUnits> units = rotation_units(spec, one.term);
    if (!units) continue;
    const RotationCost cost = rotation_cost(spec, one.term, *units);
    if (turning == Turning::by_count && !(cost.saved() > kLeastSaved)) continue;
    if (turning == Turning::kept && !(cost.saved() + cost.turn > kLeastSaved)) continue;
    return TurnedTerm{one, std::move(*units), cost};
  }
  return std::nullopt;
}

std::unique_ptr<const Rotation> rotated(const ModelSpec& spec,
                                        const std::vector<TermCovariance>& known, Turning turning,
                                        KeptLevels& kept, int threads, Callbacks& callbacks) {
  std::optional<TurnedTerm> found = turned_term(spec, known, turning);
  if (!found) return nullptr;
  const bool keeps = turning == Turning::kept;
  auto made = std::make_unique<const Rotation>(spec, found->known, std::move(found->units),
                                               keeps ? kept : nullptr, threads, callbacks);
  if (keeps) kept = made->levels();
  return made;
}

Rotation::Rotation(const ModelSpec& spec, const TermCovariance& known, RotationUnits units,
                   KeptLevels kept, int threads, Callbacks& callbacks)
    : known_(known), units_(std::move(units)) {
  TurnedLevels own;
  own.levels = units_.levels;
  own.scale = lengths_of_loadings(units_);
  own.code = code_of(known_, own.levels);
  const bool is_same =
      kept && kept->levels == own.levels && kept->scale == own.scale && kept->code == own.code;
  levels_ = is_same ? std::move(kept)
                    : std::make_shared<const TurnedLevels>(
                          reduced(std::move(own), known_, threads, callbacks));

  spec_.response = turned(spec.response);
  const Matrix x = turned(dense_rows(expand(spec.fixed, spec.n_records(), "fixed effects")));
  if (x.cols() > 0) spec_.fixed.push_back(ColumnTerm{{x}});
  for (std::size_t t = 0; t < spec.random.size(); ++t)
    spec_.random.push_back(static_cast<SmallIndex>(t) == known_.term ? turned_term(spec.random[t])
                                                                     : dense_term(spec.random[t]));
  spec_.residual = spec.residual;
  if (spec.weights.size() > 0) spec_.pure_error.sum_log_weights = spec.weights.array().log().sum();
  spec_.reml = spec.reml;
}

RandomTerm Rotation::turned_term(const RandomTerm& term) const {
  const auto n = static_cast<SmallIndex>(units_.levels.size());
  RandomTerm own;
  own.label = term.label;
  own.structure = term.structure;
  own.n_coef = term.n_coef;
  own.n_levels = n + 1;
  own.relationship.combination = coding_of_band(levels_->band);
  Incidence incidence = term.incidence.front();
  std::fill(incidence.level_of_record.begin(), incidence.level_of_record.end(), n);
  for (SmallIndex j = 0; j < n; ++j)
    for (const SmallIndex record : units_.records[units_.of_level[j].front()])
      incidence.level_of_record[record] = j;
  if (units_.loading_is_all) incidence.terms.assign(1, ColumnTerm{});
  own.incidence.push_back(std::move(incidence));
  return own;
}

// All records meet all levels.
RandomTerm Rotation::dense_term(const RandomTerm& term) const {
  const Index n_records = spec_.response.size();
  Matrix z = Matrix::Zero(n_records, static_cast<Index>(term.n_coef) * term.n_levels);
  for (const Incidence& incidence : term.incidence) {
    const Matrix rows = dense_rows(expand(incidence.terms, n_records, term.label));
    for (Index r = 0; r < n_records; ++r)
      z.row(r).segment(
          static_cast<Index>(incidence.level_of_record[r]) * term.n_coef + incidence.first_coef,
          rows.cols()) += rows.row(r);
  }
  z = turned(std::move(z));
  RandomTerm own = term;
  own.incidence.clear();
  for (SmallIndex l = 0; l < term.n_levels; ++l) {
    const Matrix columns = z.middleCols(static_cast<Index>(l) * term.n_coef, term.n_coef);
    own.incidence.push_back({std::vector<SmallIndex>(static_cast<std::size_t>(n_records), l),
                             {ColumnTerm{{columns}}},
                             0});
  }
  return own;
}

Matrix Rotation::turned(Matrix x) const {
  x.array().colwise() *= units_.record_scale.array();
  reflect_units(x, false);
  turn_levels(x, false);
  return x;
}

Vector Rotation::records(const Vector& turned) const {
  Matrix x = turned;
  turn_levels(x, true);
  reflect_units(x, true);
  return x.col(0).cwiseQuotient(units_.record_scale);
}

// H = I - 2 vv'/v'v with Ha = -sign(a_0)|a| e_0 for the loadings a of the units of a level, v = a +
// sign(a_0)|a| e_0; then that sign is taken out of the first.
void Rotation::reflect_units(Matrix& x, bool back) const {
  Matrix own;
  for (std::size_t j = 0; j < units_.of_level.size(); ++j) {
    const std::vector<SmallIndex>& of_level = units_.of_level[j];
    const auto n = static_cast<Index>(of_level.size());
    Vector v(n);
    for (Index k = 0; k < n; ++k) v[k] = units_.loading[of_level[k]];
    const double sign = std::copysign(1.0, v[0]);
    v[0] += sign * levels_->scale[static_cast<Index>(j)];
    own.resize(n, x.cols());
    for (Index p = 0; p < units_.n_positions(); ++p) {
      const auto record = [&](Index k) { return units_.records[of_level[k]][p]; };
      for (Index k = 0; k < n; ++k) own.row(k) = x.row(record(k));
      if (back) own.row(0) *= -sign;
      own -= v * ((2.0 / v.squaredNorm()) * (v.transpose() * own));
      if (!back) own.row(0) *= -sign;
      for (Index k = 0; k < n; ++k) x.row(record(k)) = own.row(k);
    }
  }
}

void Rotation::turn_levels(Matrix& x, bool back) const {
  const auto n = static_cast<Index>(units_.of_level.size());
  Matrix own(n, x.cols());
  for (Index p = 0; p < units_.n_positions(); ++p) {
    const auto record = [&](Index j) { return units_.records[units_.of_level[j].front()][p]; };
    for (Index j = 0; j < n; ++j) own.row(j) = x.row(record(j));
    own = back ? levels_->reduction->from_band(std::move(own))
               : levels_->reduction->to_band(std::move(own));
    for (Index j = 0; j < n; ++j) x.row(record(j)) = own.row(j);
  }
}

// of_seen: B v, a row for each turned level.
Matrix Rotation::all_levels(const Matrix& of_seen, Index n_levels) const {
  const auto n = static_cast<Index>(units_.levels.size());
  Matrix given = of_seen;
  linalg::solve_band(levels_->band, given);
  linalg::solve_band_transposed(levels_->band, given);
  const Matrix weights =
      levels_->scale.asDiagonal() * levels_->reduction->from_band(std::move(given));
  Matrix found = Matrix::Zero(n_levels, of_seen.cols());
  for (Index j = 0; j < n; ++j) found += known_.covariance.col(units_.levels[j]) * weights.row(j);
  const Matrix own = levels_->reduction->from_band(of_seen);
  for (Index j = 0; j < n; ++j) found.row(units_.levels[j]) = own.row(j) / levels_->scale[j];
  return found;
}

std::vector<Matrix> Rotation::effects(std::vector<Matrix> u) const {
  Matrix& own = u[static_cast<std::size_t>(known_.term)];
  const Matrix of_seen = own.leftCols(own.cols() - 1).transpose();
  own = all_levels(of_seen, known_.covariance.rows()).transpose();
  return u;
}

}  // namespace henderson::model
