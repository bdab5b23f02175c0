// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/effects.h"

#include "core/model/columns.h"

namespace henderson::answers {

using model::Model;
using model::RandomBlock;

namespace {

std::vector<Matrix> zero_effects(const Model& model) {
  std::vector<Matrix> u;
  for (std::size_t t = 0; t < model.n_coef_of_term.size(); ++t) {
    u.push_back(Matrix::Zero(model.n_coef_of_term[t], model.n_levels_of_term[t]));
  }
  return u;
}

// part: n_coef x n_levels of C.
void add_effects(const RandomBlock& block, const ConstMatrixRef& part, std::vector<Matrix>& u) {
  Matrix& all = u[block.term];
  const Matrix own = (block.coef_transform * part).transpose();
  all.middleRows(block.first_coef, block.n_coef) +=
      block.levels->over_term(own, static_cast<SmallIndex>(all.cols())).transpose();
}

}  // namespace

std::vector<Matrix> random_effects(const Model& model, const Vector& unscaled) {
  std::vector<Matrix> u = zero_effects(model);
  for (const RandomBlock& block : model.blocks) add_effects(block, block.over_levels(unscaled), u);
  return u;
}

std::vector<Matrix> marker_effects(const Model& model, const Vector& unscaled) {
  std::vector<Matrix> effects;
  for (const SmallIndex n_coef : model.n_coef_of_term) effects.emplace_back(n_coef, 0);
  for (const RandomBlock& block : model.blocks) {
    const pedigree::SingleStep* levels = block.levels->single_step();
    if (levels == nullptr) continue;
    Matrix& all = effects[block.term];
    all.conservativeResize(Eigen::NoChange, levels->n_effects());
    all.middleRows(block.first_coef, block.n_coef) =
        block.coef_transform * block.over_levels(unscaled).rightCols(levels->n_effects());
  }
  return effects;
}

std::vector<Matrix> random_effects(const likelihood::Evaluation& at) {
  const Model& model = at.model();
  std::vector<Matrix> u = zero_effects(model);
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    const RandomBlock& block = model.blocks[b];
    const Index first = at.equations().columns().nodes.first_column[block.first_node];
    const Eigen::Map<const Matrix> v(at.solution().scaled.data() + first,
                                     block.structure->n_columns(), block.n_levels);
    add_effects(block, at.lambda()[b] * v, u);
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
