// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/effects.h"

#include "core/model/columns.h"

namespace henderson::answers {

using model::Model;
using model::RandomBlock;

std::vector<Matrix> random_effects(const Model& model, const Vector& unscaled) {
  std::vector<Matrix> u;
  for (std::size_t t = 0; t < model.n_coef_of_term.size(); ++t) {
    u.push_back(Matrix::Zero(model.n_coef_of_term[t], model.n_levels_of_term[t]));
  }
  for (const RandomBlock& block : model.blocks) {
    const Eigen::Map<const Matrix> part(unscaled.data() + block.first_column, block.n_coef,
                                        block.n_levels);
    Matrix& all = u[block.term];
    const Matrix own = block.coef_transform * part;
    for (Index l = 0; l < all.cols(); ++l) {
      model::for_each_part(
          block.levels->combination(), static_cast<SmallIndex>(l), [&](SmallIndex k, double share) {
            all.col(l).segment(block.first_coef, block.n_coef) += share * own.col(k);
          });
    }
  }
  return u;
}

Vector in_user_units(const Model& model, const Vector& unscaled) {
  Vector all = model.response_unit * unscaled;
  all.tail(model.rank()) += model.least_squares;
  return all;
}

Vector all_effects(const Model& model, const Vector& unscaled) {
  const std::vector<Matrix> u = random_effects(model, unscaled);
  Index n = model.fixed.n_original;
  for (const Matrix& term : u) n += term.size();
  Vector effects(n);
  effects.head(model.fixed.n_original) =
      model.fixed.beta(in_user_units(model, unscaled).tail(model.rank()), 0.0);
  Index first = model.fixed.n_original;
  for (const Matrix& term : u) {
    effects.segment(first, term.size()) = Eigen::Map<const Vector>(term.data(), term.size());
    first += term.size();
  }
  return effects;
}

}  // namespace henderson::answers
