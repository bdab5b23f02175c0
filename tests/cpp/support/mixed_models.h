// SPDX-License-Identifier: GPL-3.0-or-later
// Small mixed models of many shapes, with dense counterparts that share no code with the engine: V
// form and textbook equations.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "core/model/model.h"
#include "support/matrices.h"

namespace henderson::test {

// A term as dense matrices: columns of z are level 1 coefficient 1, ..., t, level 2 coefficient 1,
// ...
struct DenseTerm {
  Matrix z;
  Matrix k;  // covariance of the levels
  Index n_coef = 0;
  bool diagonal = false;  // structure diag: one value per coefficient
};

struct MixedModel {
  std::string name;
  model::ModelSpec spec;
  Matrix x;  // all columns of the formula
  std::vector<DenseTerm> terms;
  std::vector<DenseTerm> residual;  // sections of a structured residual; z without weights

  Index n_values() const;
};

// What the textbook says about a model at given variances (user's scale, residual last).
struct Oracle {
  std::vector<Index> kept;  // columns of X that do not depend on earlier ones
  Matrix v, p;
  std::vector<Matrix> dv;  // dV / d value
  Vector py, beta, u;      // beta of the kept columns
  Matrix error;  // Var(beta^, u^ - u) of kept columns and all levels: the inverse of the textbook
                 // equations
  double minus2loglik = 0.0;
  Vector gradient;     // d(-2l) / d values
  Matrix information;  // average
};

Oracle oracle(const MixedModel& model, const Vector& values);

// Every shape, by REML and by ML.
std::vector<MixedModel> mixed_models(unsigned seed);

// Structured residuals: complete and with gaps, by groups, with weights, beside random terms.
std::vector<MixedModel> residual_models(unsigned seed);

// 80 fixed effects and a random term beside iid and structured residuals.
std::vector<MixedModel> models_of_many_fixed_effects(unsigned seed);

// Valid values: every covariance matrix well inside, or with correlation +-1 and zero variances
// where `singular`.
Vector random_values(const MixedModel& model, std::mt19937& engine);

// Parts of models.
Vector normal(Index n, std::mt19937& engine);
std::vector<SmallIndex> random_levels(Index n, SmallIndex n_levels, std::mt19937& engine);
model::Coding full_coding(SmallIndex n_levels);
model::Coding treatment_coding(SmallIndex n_levels);
Matrix dense_columns(const std::vector<model::ColumnTerm>& terms, Index n_records);
model::Relationship precision(const Matrix& dense);
model::VarianceRequest nothing_held(Index n_values);

double difference(const Matrix& a,
                  const Matrix& b);  // largest, relative to the largest entry of b, or to 1

}  // namespace henderson::test
