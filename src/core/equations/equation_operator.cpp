// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/equation_operator.h"

#include <algorithm>

namespace henderson::equations {
namespace {

using model::RandomBlock;

using ConstLevel = Eigen::Map<const SideBySide>;
using Level = Eigen::Map<SideBySide>;

// to = A from for each level of a block, A being n_to x n_from. `to` may be `from` where A is
// square.
void multiply_levels(const Matrix& a, Index n_levels, Index width, const double* from, double* to) {
  if (a.size() == 1) {
    const double factor = a(0, 0);
    for (Index i = 0; i < n_levels * width; ++i) to[i] = factor * from[i];
    return;
  }
  SideBySide x(a.cols(), width);
  for (Index l = 0; l < n_levels; ++l) {
    x = ConstLevel(from + l * a.cols() * width, a.cols(), width);
    Level(to + l * a.rows() * width, a.rows(), width).noalias() = a.lazyProduct(x);
  }
}

}  // namespace

void EquationOperator::multiply(const SideBySide& x, SideBySide& out) {
  to_unscaled(x, unscaled_);
  if (has_columns_of_w()) {
    out.setZero(unscaled_.rows(), x.cols());
    add_record_products(unscaled_, out);
    transform_levels_back(out);
    scale_in_place(out);
  } else {
    product_.setZero(unscaled_.rows(), x.cols());
    add_record_products(unscaled_, product_);
    transform_levels_back(product_);
    scale(product_, out);
  }
  for (const RandomBlock& block : model_.blocks) {
    const Index first = columns_.nodes.first_column[block.first_node];
    block.levels->add_precision_times(block.structure->n_columns() * x.cols(),
                                      x.data() + first * x.cols(), out.data() + first * x.cols());
  }
}

void EquationOperator::transform_levels(SideBySide& x) const {
  for (const RandomBlock& block : model_.blocks)
    if (const pedigree::SingleStep* levels = block.levels->single_step())
      levels->transform(block.n_coef * x.cols(), x.data() + block.first_column * x.cols());
}

void EquationOperator::transform_levels_back(SideBySide& x) const {
  for (const RandomBlock& block : model_.blocks)
    if (const pedigree::SingleStep* levels = block.levels->single_step())
      levels->transform_back(block.n_coef * x.cols(), x.data() + block.first_column * x.cols());
}

bool EquationOperator::has_operator() const {
  return std::any_of(model_.blocks.begin(), model_.blocks.end(),
                     [](const RandomBlock& block) { return block.levels->is_operator(); });
}

bool EquationOperator::has_columns_of_w() const {
  return std::all_of(lambda_.begin(), lambda_.end(),
                     [](const Matrix& lambda) { return lambda.rows() == lambda.cols(); });
}

void EquationOperator::scale_in_place(SideBySide& x) const {
  for (std::size_t b = 0; b < model_.blocks.size(); ++b) {
    const RandomBlock& block = model_.blocks[b];
    double* own = x.data() + block.first_column * x.cols();
    multiply_levels(lambda_[b].transpose(), block.n_levels, x.cols(), own, own);
  }
}

void EquationOperator::add_record_products(const SideBySide& x, SideBySide& out) const {
  if (model_.has_structured_residual())
    records_.cross_products().multiply_add(x.cols(), x.data(), out.data());
  else
    model::add_record_products(model_.w, model_.weights, x.cols(), x.data(), out.data());
}

void EquationOperator::to_scaled(const SideBySide& x, SideBySide& scaled) const {
  if (has_operator()) {
    SideBySide own = x;
    transform_levels_back(own);
    return scale(own, scaled);
  }
  scale(x, scaled);
}

void EquationOperator::scale(const SideBySide& x, SideBySide& scaled) const {
  scaled.resize(size(), x.cols());
  for (std::size_t b = 0; b < model_.blocks.size(); ++b) {
    const RandomBlock& block = model_.blocks[b];
    const Index first = columns_.nodes.first_column[block.first_node];
    multiply_levels(lambda_[b].transpose(), block.n_levels, x.cols(),
                    x.data() + block.first_column * x.cols(), scaled.data() + first * x.cols());
  }
  scaled.bottomRows(model_.n_free_columns()) = x.bottomRows(model_.n_free_columns());
}

void EquationOperator::to_unscaled(const SideBySide& x, SideBySide& unscaled) const {
  unscaled.resize(model_.cross_products.nodes.n_columns(), x.cols());
  for (std::size_t b = 0; b < model_.blocks.size(); ++b) {
    const RandomBlock& block = model_.blocks[b];
    const Index first = columns_.nodes.first_column[block.first_node];
    multiply_levels(lambda_[b], block.n_levels, x.cols(), x.data() + first * x.cols(),
                    unscaled.data() + block.first_column * x.cols());
  }
  unscaled.bottomRows(model_.n_free_columns()) = x.bottomRows(model_.n_free_columns());
  transform_levels(unscaled);
}

}  // namespace henderson::equations
