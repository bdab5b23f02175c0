// SPDX-License-Identifier: GPL-3.0-or-later
// Where everything stands in the coefficient matrix C of the scaled mixed model equations; made
// once per model.
#pragma once

#include <memory>
#include <vector>

#include "core/linalg/symbolic.h"
#include "core/model/model.h"

namespace henderson::equations {

// A column of C is a column of Lambda of a level, or a fixed effect. The columns keep the order of
// W: block by block, level by level, the fixed effects last. Node i of W has Lambda's number of
// columns here: first_column[i], ..., first_column[i + 1] - 1.
struct Columns {
  model::Nodes nodes;
  std::vector<SmallIndex> block_of_node;  // block_of_node[i] = b: a level of block b; the number of
                                          // blocks: a fixed effect
};

Columns make_columns(const model::Model& model);

// Where C stands in its factor.
struct EquationPattern {
  SmallIndex n_nodes = 0;  // those of the matrix that is factorised: the first ones of C
  std::shared_ptr<const linalg::SymbolicFactor> symbolic;

  // Positions in Panels of Lambda_i' M_ij Lambda_j for every block of W'W between nodes of the
  // matrix, in its order: column by column; of a diagonal block the lower triangle only. kNone: the
  // entry is zero for every Lambda and left out of C.
  std::vector<Index> cross_positions;
  // For every covariance block, the positions of I x K^-1: for each entry of the lower triangle of
  // K^-1 in its order, one for each column of Lambda. For K = I: the diagonal.
  std::vector<std::vector<Index>> precision_positions;
};

// What C keeps of the block of two nodes. A Lambda with zeros, such as [Gamma, Psi^1/2], has blocks
// Lambda_i' M_ij Lambda_j with entries that are always zero; between levels that K relates they
// would fill the whole factor. `needed` leaves them out: the likelihood and its score need no entry
// of the inverse there (traces.h). `whole` keeps them, for the covariances of all coefficients.
enum class BlockEntries { needed, whole };

// Which matrix is factorised: all of C, in any order or with the fixed effects last in the
// elimination (ML takes the determinant of the rest), or C_vv without the fixed effects.
enum class Part { whole, fixed_last, random };

// Cost: linear in the entries of C, and the analysis of its factor.
EquationPattern make_pattern(const model::Model& model, const Columns& columns, Part part,
                             BlockEntries entries);

// Whether entries are left out of the blocks of these levels.
bool has_sparse_blocks(const model::RandomBlock& block, BlockEntries entries);

}  // namespace henderson::equations
