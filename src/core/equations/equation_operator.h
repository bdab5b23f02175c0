// SPDX-License-Identifier: GPL-3.0-or-later
// C as an operator: products with vectors from W, Lambda and the rules of K^-1. C is never made.
#pragma once

#include "core/equations/mme.h"
#include "core/linalg/side_by_side.h"

namespace henderson::equations {

using linalg::SideBySide;

class EquationOperator {
 public:
  // Keeps references to all of them. Needs: Lambda relative to sigma.
  EquationOperator(const model::Model& model, const Columns& columns, const Factors& lambda,
                   const Records& records)
      : model_(model), columns_(columns), lambda_(lambda), records_(records) {}

  const model::Model& model() const { return model_; }
  const Columns& columns() const { return columns_; }
  const Factors& lambda() const { return lambda_; }
  const Records& records() const { return records_; }
  Index size() const { return columns_.nodes.n_columns(); }

  // out = C x. Cost: for each vector 4 flops for each entry of W (or of W'R^-1 W, where the
  // residuals have a structure) and of the factor of K^-1, and a pass over them.
  void multiply(const SideBySide& x, SideBySide& out);

  // Lambda'x, from the columns of W to those of C, and Lambda x back, with transformed levels.
  void to_scaled(const SideBySide& x, SideBySide& scaled) const;
  void to_unscaled(const SideBySide& x, SideBySide& unscaled) const;

  // Of terms whose levels are an operator, over the columns of W: levels of K^-1 to those that the
  // records meet, and the transpose. Nothing where there are none.
  void transform_levels(SideBySide& x) const;
  void transform_levels_back(SideBySide& x) const;

  // out += W'R^-1 W x, in the columns of W.
  void add_record_products(const SideBySide& x, SideBySide& out) const;

 private:
  // Whether every Lambda is square: then C has the columns of W.
  bool has_columns_of_w() const;
  bool has_operator() const;
  // Lambda'x alone.
  void scale(const SideBySide& x, SideBySide& scaled) const;
  // x := Lambda'x there.
  void scale_in_place(SideBySide& x) const;

  const model::Model& model_;
  const Columns& columns_;
  const Factors& lambda_;
  const Records& records_;
  // Of the last product, kept for their memory; product_ where C has other columns than W.
  SideBySide unscaled_, product_;
};

}  // namespace henderson::equations
