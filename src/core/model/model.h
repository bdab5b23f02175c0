// SPDX-License-Identifier: GPL-3.0-or-later
// The model as the equations need it: one pass over the records turns the recipe into W'W, W'y and
// y'y.
//
// Units. The response is replaced by its least-squares residual divided by its standard deviation
// (REML and ML do not change but for a constant, and y'Py loses no digits to the mean), the columns
// of X are those of FixedBasis, and the coefficients of Z those of coefficient_basis. So the search
// for the variances does not see the units of the user; the transforms take the results back.
//
// W = [Z_1, Z_2, ..., M, X~], a block of columns for each covariance block, level by level, and the
// fixed effects last. M has the unknowns of rows without a record (residual.h); as a rule there are
// none.
//
// The residuals are independent with one variance, or structured: then R = sigma^2 R~(theta), the
// theta of R~ stand after those of the random blocks, and sigma^2 is no parameter but the common
// factor of all variances that an evaluation may choose freely.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/covariance/registry.h"
#include "core/model/constraints.h"
#include "core/model/cross_products.h"
#include "core/model/fixed_basis.h"
#include "core/model/record_groups.h"
#include "core/model/relationship.h"
#include "core/model/residual.h"
#include "core/model/seen_cells.h"

namespace henderson::model {

// What is asked of the variance parameters, on the user's scale, the residual variance last. NaN:
// no value given.
struct VarianceRequest {
  std::vector<bool> held;
  Vector values;
  Constraints constraints = {};  // of values that are not held
};

// theta first_theta, ... follow those of an equal structure: times `scale`.
struct ThetaCopy {
  Index first_value = 0;
  Index n_values = 0;
  Index first_theta = 0;
  Index first_lead = 0;
  Vector scale;
};

// Some coefficients of a random term, for all its levels.
struct RandomBlock : Slot {
  SmallIndex term = 0;
  SmallIndex first_coef = 0;
  SmallIndex n_coef = 0;
  SmallIndex n_levels = 0;
  SmallIndex first_node = 0;    // node first_node + l is level l
  SmallIndex first_column = 0;  // of W
  Matrix coef_transform;        // u in the user's units = coef_transform x u
  std::shared_ptr<const LevelCovariance> levels;
  std::shared_ptr<const SeenCells> seen;  // the columns of W; null: all coefficients of all levels

  Index n_design_columns() const {
    return seen ? seen->size() : static_cast<Index>(n_coef) * n_levels;
  }
  // The part of a vector over W that is its own as n_coef x n_levels, 0 where there is no column;
  // and back.
  Matrix over_levels(const ConstVectorRef& over_design) const;
  void to_design(const ConstMatrixRef& over_levels, double* own) const;
};

struct Model {
  Index n_records = 0;    // rows of W
  PureError pure_error;   // in units of the model; its sums are part of those below
  double n_unseen = 0.0;  // records that have no row
  bool reml = true;
  FixedBasis fixed;  // its rows have moved into `w`
  SparseRows w;
  Vector response;                // what least squares leave of it, in response_unit
  Vector weights;                 // empty: all one
  BlockSymmetric cross_products;  // W' diag(weights) W; of a structured residual its pattern alone:
                                  // 0 where an entry is zero for every R, else positive
  Vector rhs;                     // W' diag(weights) y
  double weighted_ss = 0.0;       // y' diag(weights) y, of all observations
  ResidualModel residual;         // empty: independent, with one variance
  std::shared_ptr<const RecordGroups> groups;  // of a structured residual
  SmallIndex n_missing = 0;                    // columns of M
  double sum_log_weights = 0.0;
  double response_unit = 1.0;
  Vector least_squares;  // b of the least-squares fit that was taken out of the response, in the
                         // user's units
  std::vector<RandomBlock> blocks;
  SmallIndex n_random_columns = 0;  // of W; those of M and X~ follow
  std::vector<SmallIndex> n_coef_of_term;
  std::vector<SmallIndex> n_levels_of_term;
  Index n_theta = 0;   // of all blocks and of R~; log sigma^2 is not counted
  Index n_values = 0;  // of all blocks, and the residual's
  Constraints constraints;
  std::vector<ThetaCopy> copies;
  bool residual_held = false;
  double residual_value = 0.0;  // where held, in units of the model

  // Of the random blocks, then of the residual: in the order of their theta and of their values.
  std::vector<std::reference_wrapper<const Slot>> slots() const;

  SmallIndex rank() const { return fixed.rank(); }
  bool has_structured_residual() const { return !residual.empty(); }
  // Columns of W without a prior: those of M and X~.
  SmallIndex n_free_columns() const { return n_missing + rank(); }
  // All theta, and log sigma^2 where that is a parameter.
  Index n_parameters() const { return n_theta + (has_structured_residual() ? 0 : 1); }
  // Records, and those of which only the pure error is left.
  double n_observations() const { return static_cast<double>(n_records) + n_unseen; }
  // Observations less the fixed effects that REML accounts for.
  double error_df() const { return n_observations() - (reml ? rank() : 0); }
};

// Whether W'W is made. `records`: not where the residuals are independent, whose products with
// vectors are then made record by record; cross_products has its nodes alone.
enum class Products { made, records };

// Cost: linear in the records, and one pass of cross_products where they are made. Throws
// InvalidSpec, Interrupted.
// Cells::seen: where that saves work, terms with a relationship leave cells out that no record
// meets. Likelihood, fixed effects and their errors are the same.
Model build_model(const ModelSpec& spec, const VarianceRequest& request, Products products,
                  Cells cells, Callbacks& callbacks);
// With W'W and all cells.
Model build_model(const ModelSpec& spec, const VarianceRequest& request, Callbacks& callbacks);

}  // namespace henderson::model
