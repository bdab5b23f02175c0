// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/anova/projected_products.h"

#include <algorithm>

namespace henderson::anova {
namespace {

constexpr SmallIndex kBlock = 64;
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// A'B for a sparse A.
RowMatrix transposed_product(const Sparse& a, const RowMatrix& b) {
  RowMatrix product = RowMatrix::Zero(a.cols(), b.cols());
  for (Index c = 0; c < a.cols(); ++c) {
    for (Sparse::InnerIterator it(a, c); it; ++it)
      product.row(c).noalias() += it.value() * b.row(it.row());
  }
  return product;
}

class Accumulator {
 public:
  Accumulator(const model::Model& model, const std::vector<GrowingModel>& models, bool with_inner)
      : model_(model),
        models_(models),
        with_inner_(with_inner),
        n_terms_(static_cast<SmallIndex>(model.blocks.size())),
        cross_(full_cross_products(model)),
        with_(n_terms_) {
    products_.trace = Matrix::Zero(n_terms_, n_terms_);
    products_.inner.resize(n_terms_);
    for (SmallIndex m = 0; m < n_terms_; ++m) {
      products_.inner[m].assign(n_terms_,
                                with_inner ? Matrix(Matrix::Zero(m + 1, m + 1)) : Matrix());
      for (SmallIndex k = 0; k <= m; ++k)
        with_[m].push_back(
            models[k].cross_products_with(cross_, block(m).first_column, block(m).n_levels));
    }
  }

  void add_columns(SmallIndex l, SmallIndex first, SmallIndex count) {
    std::vector<RowMatrix> solved;  // (W_k'W_k)^- W_k'Z_l of these columns, k = 0, ..., l
    for (SmallIndex k = 0; k <= l; ++k) {
      Matrix x = with_[l][k].middleCols(first, count);
      models_[k].solve(x);
      solved.push_back(x);
    }
    for (SmallIndex m = with_inner_ ? 0 : l; m <= l; ++m) add_pair(m, l, first, count, solved);
  }

  ProjectedProducts take() { return std::move(products_); }

 private:
  const model::RandomBlock& block(SmallIndex term) const { return model_.blocks[term]; }

  void add_pair(SmallIndex m, SmallIndex l, SmallIndex first, SmallIndex count,
                const std::vector<RowMatrix>& solved) {
    std::vector<RowMatrix> steps;  // H_i of these columns
    for (SmallIndex k = 0; k <= m; ++k) steps.push_back(transposed_product(with_[m][k], solved[k]));
    const RowMatrix whole = cross_.block(block(m).first_column, block(l).first_column + first,
                                         block(m).n_levels, count);
    for (SmallIndex i = 0; i <= m; ++i) steps[i] = (i < m ? steps[i + 1] : whole) - steps[i];
    if (m == l) {
      for (SmallIndex i = 0; i <= l; ++i)
        products_.trace(i, l) += steps[i].middleRows(first, count).trace();
    }
    if (!with_inner_) return;
    for (SmallIndex i = 0; i <= m; ++i) {
      for (SmallIndex j = 0; j <= m; ++j)
        products_.inner[m][l](i, j) += steps[i].cwiseProduct(steps[j]).sum();
    }
  }

  const model::Model& model_;
  const std::vector<GrowingModel>& models_;
  bool with_inner_;
  SmallIndex n_terms_;
  Sparse cross_;                           // W'W
  std::vector<std::vector<Sparse>> with_;  // with_[m][k] = W_k'Z_m
  ProjectedProducts products_;
};

}  // namespace

ProjectedProducts projected_products(const model::Model& model,
                                     const std::vector<GrowingModel>& models, bool with_inner,
                                     Callbacks& callbacks) {
  Accumulator products(model, models, with_inner);
  for (SmallIndex l = 0; l < static_cast<SmallIndex>(model.blocks.size()); ++l) {
    const SmallIndex n_levels = model.blocks[l].n_levels;
    for (SmallIndex first = 0; first < n_levels; first += kBlock) {
      products.add_columns(l, first, std::min(kBlock, n_levels - first));
      callbacks.stop_if_interrupted();
    }
  }
  return products.take();
}

double products_flops(const model::Model& model, const std::vector<GrowingModel>& models,
                      bool with_inner) {
  double flops = 0.0;
  const double entries = static_cast<double>(model.cross_products.node.size());
  for (std::size_t l = 0; l < model.blocks.size(); ++l) {
    const double n_levels = model.blocks[l].n_levels, pairs = with_inner ? l + 1.0 : 1.0;
    for (std::size_t k = 0; k <= l; ++k) {
      flops += n_levels * (4.0 * models[k].factor_entries() + 2.0 * pairs * entries);
      if (with_inner) flops += n_levels * pairs * 2.0 * (l + 1.0) * model.blocks[k].n_levels;
    }
  }
  return flops;
}

}  // namespace henderson::anova
