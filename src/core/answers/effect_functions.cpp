// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/effect_functions.h"

#include <algorithm>

#include "core/base/error.h"

namespace henderson::answers {

using likelihood::Evaluation;
using model::Model;
using model::Nodes;
using model::RandomBlock;
using SparseColumns = Eigen::SparseMatrix<double>;

EffectFunctions::EffectFunctions(const Evaluation& at) : at_(at) {
  const Model& model = at.model();
  first_.push_back(model.fixed.n_original);
  for (std::size_t t = 0; t < model.n_coef_of_term.size(); ++t)
    first_.push_back(first_.back() +
                     static_cast<Index>(model.n_coef_of_term[t]) * model.n_levels_of_term[t]);
  place_of_fixed_.assign(static_cast<std::size_t>(model.fixed.n_original), kNone);
  for (SmallIndex j = 0; j < model.rank(); ++j) place_of_fixed_[model.fixed.kept[j]] = j;
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    turned_.push_back(model.blocks[b].coef_transform * at.lambda()[b]);
    has_rest_ |= model.blocks[b].levels->has_some();
  }
}

EffectFunctions::Place EffectFunctions::place_of(Index effect) const {
  const auto t = static_cast<SmallIndex>(std::upper_bound(first_.begin(), first_.end(), effect) -
                                         first_.begin() - 1);
  const Index n_coef = at_.model().n_coef_of_term[t], within = effect - first_[t];
  return {t, static_cast<SmallIndex>(within / n_coef), static_cast<SmallIndex>(within % n_coef)};
}

Index EffectFunctions::effect_of(const RandomBlock& block, SmallIndex level) const {
  return first_[block.term] + Index{level} * at_.model().n_coef_of_term[block.term] +
         block.first_coef;
}

template <class Visit>
void EffectFunctions::for_each_block(const Place& place, Visit visit) const {
  const std::vector<RandomBlock>& blocks = at_.model().blocks;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const SmallIndex own = place.coef - blocks[b].first_coef;
    if (blocks[b].term == place.term && own >= 0 && own < blocks[b].n_coef) visit(b, own);
  }
}

bool EffectFunctions::is_met(std::size_t b, const SparseColumns& k) const {
  const RandomBlock& block = at_.model().blocks[b];
  const Index begin = first_[block.term], end = first_[block.term + 1];
  const Index n_coef = at_.model().n_coef_of_term[block.term];
  for (Index j = 0; j < k.cols(); ++j)
    for (SparseColumns::InnerIterator entry(k, j); entry; ++entry) {
      const Index coef = (entry.row() - begin) % n_coef - block.first_coef;
      if (entry.row() >= begin && entry.row() < end && coef >= 0 && coef < block.n_coef)
        return true;
    }
  return false;
}

Matrix EffectFunctions::over_levels(std::size_t b, const SparseColumns& k) const {
  const RandomBlock& block = at_.model().blocks[b];
  const Index n_coef = at_.model().n_coef_of_term[block.term];
  Matrix z = Matrix::Zero(at_.model().n_levels_of_term[block.term], k.cols());
  for (Index j = 0; j < k.cols(); ++j) {
    for (SparseColumns::InnerIterator entry(k, j); entry; ++entry) {
      const Index within = entry.row() - first_[block.term];
      if (within >= 0 && within < z.rows() * n_coef && within % n_coef == block.first_coef)
        z(within / n_coef, j) = entry.value();
    }
  }
  return z;
}

Matrix EffectFunctions::columns(const SparseColumns& k) const {
  const Model& model = at_.model();
  const model::FixedBasis& fixed = model.fixed;
  const bool fixed_only = k.rows() == fixed.n_original;
  if (!fixed_only && k.rows() != n_effects())
    throw DimensionMismatch("rows of K", k.rows(), n_effects());
  const Nodes& nodes = at_.equations().columns().nodes;
  Matrix found = Matrix::Zero(nodes.n_columns(), k.cols());
  Vector of_fixed(fixed.n_original);
  for (Index j = 0; j < k.cols(); ++j) {
    of_fixed.setZero();
    for (SparseColumns::InnerIterator entry(k, j); entry; ++entry) {
      if (entry.row() < fixed.n_original) {
        of_fixed[entry.row()] = entry.value();
        continue;
      }
      const Place place = place_of(entry.row());
      for_each_block(place, [&](std::size_t b, SmallIndex coef) {
        const RandomBlock& block = model.blocks[b];
        if (block.levels->has_some()) return;
        model::for_each_part(block.levels->combination(), place.level,
                             [&](SmallIndex part, double share) {
                               found.col(j).segment(nodes.first_column[block.first_node + part],
                                                    turned_[b].cols()) +=
                                   share * entry.value() * turned_[b].row(coef).transpose();
                             });
      });
    }
    found.col(j).tail(model.rank()) = model.response_unit * fixed.transposed(of_fixed);
  }
  for (std::size_t b = 0; b < model.blocks.size() && !fixed_only; ++b) {
    const RandomBlock& block = model.blocks[b];
    if (block.levels->has_some() && is_met(b, k))
      found.middleRows(nodes.first_column[block.first_node], block.n_levels) =
          turned_[b](0, 0) * block.levels->from_term(over_levels(b, k));
  }
  return found;
}

void EffectFunctions::row(const SparseColumns& k, Index j, std::vector<ScaledEntry>& row) const {
  const Model& model = at_.model();
  const model::FixedBasis& fixed = model.fixed;
  const Nodes& nodes = at_.equations().columns().nodes;
  const SmallIndex first_fixed = nodes.n_columns() - model.rank();
  Vector dense = Vector::Zero(fixed.n_dense);
  row.clear();
  for (SparseColumns::InnerIterator entry(k, j); entry; ++entry) {
    if (entry.row() >= fixed.n_original) {
      const Place place = place_of(entry.row());
      for_each_block(place, [&](std::size_t b, SmallIndex coef) {
        const RandomBlock& block = model.blocks[b];
        model::for_each_part(block.levels->combination(), place.level,
                             [&](SmallIndex part, double share) {
                               add_coefficient(turned_[b], coef, share * entry.value(),
                                               nodes.first_column[block.first_node + part], row);
                             });
      });
      continue;
    }
    const SmallIndex at = place_of_fixed_[entry.row()];
    if (at == kNone) continue;
    if (at < fixed.n_dense) {
      dense[at] = entry.value();
    } else {
      const double scale = fixed.sparse_scale[at - fixed.n_dense];
      row.push_back({first_fixed + at, model.response_unit * scale * entry.value()});
    }
  }
  if (dense.isZero(0.0)) return;
  const Vector turned = model.response_unit * (fixed.dense_transform.transpose() * dense);
  for (SmallIndex i = 0; i < fixed.n_dense; ++i) row.push_back({first_fixed + i, turned[i]});
}

Matrix EffectFunctions::effects(const ConstMatrixRef& scaled) const {
  const Model& model = at_.model();
  Matrix found = Matrix::Zero(n_effects(), scaled.cols());
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    const RandomBlock& block = model.blocks[b];
    const SmallIndex n_levels = model.n_levels_of_term[block.term];
    const Index first = at_.equations().columns().nodes.first_column[block.first_node];
    for (Index c = 0; c < scaled.cols(); ++c) {
      const Eigen::Map<const Matrix> v(scaled.col(c).data() + first, turned_[b].cols(),
                                       block.n_levels);
      const Matrix own = (turned_[b] * v).transpose();
      const Matrix of_term = block.levels->over_term(own, n_levels);
      for (SmallIndex l = 0; l < n_levels; ++l)
        found.col(c).segment(effect_of(block, l), block.n_coef) += of_term.row(l).transpose();
    }
  }
  for (Index c = 0; c < scaled.cols(); ++c)
    found.col(c).head(model.fixed.n_original) =
        model.response_unit * model.fixed.beta(scaled.col(c).tail(model.rank()), 0.0);
  return found;
}

std::vector<Matrix> EffectFunctions::over_blocks(const SparseColumns& k) const {
  const std::vector<RandomBlock>& blocks = at_.model().blocks;
  std::vector<Matrix> found(blocks.size());
  if (k.rows() != n_effects()) return found;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const RandomBlock& block = blocks[b];
    if (block.levels->has_some() && is_met(b, k))
      found[b] = block.coef_transform(0, 0) * block.levels->from_term(over_levels(b, k));
    else
      found[b] = Matrix::Zero(Index{block.n_coef} * block.n_levels, k.cols());
  }
  for (Index j = 0; j < k.cols(); ++j) {
    for (SparseColumns::InnerIterator entry(k, j); entry; ++entry) {
      if (entry.row() < at_.model().fixed.n_original) continue;
      const Place place = place_of(entry.row());
      for_each_block(place, [&](std::size_t b, SmallIndex coef) {
        const RandomBlock& block = blocks[b];
        if (block.levels->has_some()) return;
        model::for_each_part(
            block.levels->combination(), place.level, [&](SmallIndex part, double share) {
              found[b].col(j).segment(Index{part} * block.n_coef, block.n_coef) +=
                  share * entry.value() * block.coef_transform.row(coef).transpose();
            });
      });
    }
  }
  return found;
}

double EffectFunctions::variance_of(std::size_t b) const {
  return at_.residual() * turned_[b](0, 0) * turned_[b](0, 0);
}

void EffectFunctions::for_each_rest(const SparseColumns& k, const RestVisit& visit) const {
  const Model& model = at_.model();
  if (!has_rest_ || k.rows() != n_effects()) return;
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    if (!model.blocks[b].levels->has_some() || !is_met(b, k)) continue;
    const Matrix z = over_levels(b, k);
    visit(b, z, model.blocks[b].levels->left_of_term(z));
  }
}

std::vector<Matrix> EffectFunctions::unit_rests(const SparseColumns& k) const {
  std::vector<Matrix> found(at_.model().blocks.size());
  for_each_rest(k, [&](std::size_t b, const Matrix& z, const Matrix& rest) {
    const double unit = at_.model().blocks[b].coef_transform(0, 0);
    found[b] = unit * unit * (z.transpose() * rest);
  });
  return found;
}

Vector EffectFunctions::rest_variances(const SparseColumns& k) const {
  Vector found = Vector::Zero(k.cols());
  for_each_rest(k, [&](std::size_t b, const Matrix& z, const Matrix& rest) {
    found += variance_of(b) * z.cwiseProduct(rest).colwise().sum().transpose();
  });
  return found;
}

Matrix EffectFunctions::rest_covariance(const SparseColumns& k) const {
  Matrix found = Matrix::Zero(k.cols(), k.cols());
  for_each_rest(k, [&](std::size_t b, const Matrix& z, const Matrix& rest) {
    found.noalias() += variance_of(b) * (z.transpose() * rest);
  });
  return found;
}

void EffectFunctions::add_rest(const SparseColumns& k, Matrix& effects) const {
  for_each_rest(k, [&](std::size_t b, const Matrix&, const Matrix& rest) {
    const double variance = variance_of(b);
    for (Index l = 0; l < rest.rows(); ++l)
      effects.row(effect_of(at_.model().blocks[b], static_cast<SmallIndex>(l))) +=
          variance * rest.row(l);
  });
}

}  // namespace henderson::answers
