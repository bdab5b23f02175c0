// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/row_limit.h"

#include <cmath>

namespace henderson::equations {
namespace {

using model::RandomBlock;

// Of A, the rows from which C is factorised.
constexpr double kMostEntries = 4e6;

double n_columns(const model::Model& model) {
  auto n = static_cast<double>(model.n_free_columns());
  for (const RandomBlock& block : model.blocks)
    n += static_cast<double>(block.n_levels) * static_cast<double>(block.structure->n_columns());
  return n;
}

double n_rows(const model::Model& model) {
  return static_cast<double>(model.has_structured_residual() ? model.residual.n_rows()
                                                             : model.n_records);
}

}  // namespace

// 2 m n^2 flops of an orthogonal triangularisation of the records and the prior, all dense.
bool takes_rows(const model::Model& model) {
  const double n = n_columns(model);
  return 2.0 * (n_rows(model) + n) * n * n <= kMostRowFlops;
}

bool may_have_rows(const model::Model& model) {
  const double n = n_columns(model);
  if ((n_rows(model) + n) * n > kMostEntries) return false;
  double flops = 0.0;
  for (const RandomBlock& block : model.blocks)
    if (!block.levels->is_identity()) flops += std::pow(static_cast<double>(block.n_levels), 3) / 3;
  return flops <= kMostRowFlops;
}

}  // namespace henderson::equations
