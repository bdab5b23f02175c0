// SPDX-License-Identifier: GPL-3.0-or-later
// A model with one dense relationship as one whose equations are banded.
//
// Records of units of one level are reflected into one row that meets the level, with s_j the
// length of their loadings, and rows that do not. Of the former, u is seen as S u ~ N(0, Sigma x S
// K S), and U'(S K S)U = T is banded (linalg/band_reduction.h). With BB' = T, rows turned by U'
// meet B v, v ~ N(0, Sigma x I): the turned records make an ordinary model, with the same
// variances, residuals and fixed effects, whose Z is a band. X and the columns of other random
// terms become dense. K is reduced once, and an evaluation then takes n (band)^2 operations, not
// n^3.
//
// What is asked of all levels comes back by u = S^-1 U (B v) for those with records, and for the
// others as K_.T S U B^-T v, their mean given the former.
#pragma once

#include <cstdint>
#include <memory>

#include "core/linalg/band_reduction.h"
#include "core/model/rotation_units.h"

namespace henderson::model {

// A random term and K of all its levels, which stays where it is while a model is turned.
struct TermCovariance {
  SmallIndex term = 0;
  Eigen::Map<const Matrix> covariance;
};

// S K S of the levels with records, reduced to a band: the same for all models whose records meet
// them alike, whatever the response.
struct TurnedLevels {
  std::vector<SmallIndex> levels;
  Vector scale;            // S
  std::uint64_t code = 0;  // of K of these levels
  std::optional<linalg::BandReduction> reduction;
  Matrix band;  // B
};

// The last one, where somebody keeps it for models to come.
using KeptLevels = std::shared_ptr<const TurnedLevels>;

class Rotation {
 public:
  // Keeps a reference to the covariance. `kept` is used where it is of these levels; null: there is
  // none. Cost: 4/3 n^3 for n levels with records, or n^2. Throws Interrupted.
  Rotation(const ModelSpec& spec, const TermCovariance& known, RotationUnits units, KeptLevels kept,
           int threads, Callbacks& callbacks);

  const KeptLevels& levels() const { return levels_; }

  const ModelSpec& spec() const { return spec_; }

  // From the effects of the turned model to those of all levels; n_coef x n_levels for each term.
  std::vector<Matrix> effects(std::vector<Matrix> u) const;
  // From turned records to those of the data.
  Vector records(const Vector& x) const;

 private:
  const TermCovariance known_;
  const RotationUnits units_;
  KeptLevels levels_;
  ModelSpec spec_;

  Matrix turned(Matrix x) const;
  void reflect_units(Matrix& x, bool back) const;
  void turn_levels(Matrix& x, bool back) const;
  RandomTerm turned_term(const RandomTerm& term) const;
  RandomTerm dense_term(const RandomTerm& term) const;
  Matrix all_levels(const Matrix& of_seen, Index n_levels) const;
};

// Operations: once, and of an evaluation with its score, with and without; and the bytes that it
// takes beside a model without it.
struct RotationCost {
  double turn = 0.0;
  double banded = 0.0;
  double whole = 0.0;
  double bytes = 0.0;

  // Of a search.
  double saved() const;
};

RotationCost rotation_cost(const ModelSpec& spec, SmallIndex turned, const RotationUnits& units);

// Whether a model is turned: where that is possible, or where a search then takes fewer operations
// than with the factor of a dense K^-1; `kept`: without those of the reduction, which models to
// come share.
enum class Turning { never, by_count, kept, always };

// The first of these terms for which that is so, and its cost.
struct TurnedTerm {
  TermCovariance known;
  RotationUnits units;
  RotationCost cost;
};
std::optional<TurnedTerm> turned_term(const ModelSpec& spec,
                                      const std::vector<TermCovariance>& known, Turning turning);

// The rotation for it; null where there is none. Of Turning::kept `kept` is used and replaced.
std::unique_ptr<const Rotation> rotated(const ModelSpec& spec,
                                        const std::vector<TermCovariance>& known, Turning turning,
                                        KeptLevels& kept, int threads, Callbacks& callbacks);

}  // namespace henderson::model
