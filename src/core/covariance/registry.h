// SPDX-License-Identifier: GPL-3.0-or-later
// The table of structures: from the name that a user writes to the blocks that the engine works
// with.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/covariance/recipe.h"
#include "core/covariance/structure.h"
#include "core/covariance/value_counts.h"

namespace henderson::covariance {

// Some coefficients of a term, first_coef and those after it, with a covariance of their own. A
// structure whose Lambda is diagonal becomes one block per coefficient: its equations stay as
// sparse as the records make them.
struct Block {
  Index first_coef = 0;
  bool held = false;  // all values are held
  std::unique_ptr<const Structure> structure;
};

// Values that are held, on the scale of the structure. Empty: none.
struct Held {
  std::vector<bool> held;
  Vector values;
  bool natural = false;  // every value has a coordinate()
  double unit = 1.0;     // of the coefficients, where the values do not show it (own)
};

// Under which changes of its coefficients a structure stays the same: where it contains
// F Sigma F' with every Sigma, for all F, for diagonal F, or only for F = c I. `scales`: for
// diagonal F, the values being variances, which F changes, and numbers, which it does not.
enum class CoefficientChange { any, diagonal, scales, scalar };

// What the engine asks of a structure before it is built.
struct StructureTraits {
  const char* name;
  CoefficientChange change;
  bool is_uncorrelated;  // the coefficients are independent, each with a variance of its own: as a
                         // random term it is a block for each
};

StructureTraits structure_traits(const Recipe& recipe);

// Those of all structures, in the order of the table.
std::vector<StructureTraits> all_structures();

// The blocks of a structure, in the order of its values. Throws InvalidSpec for an unknown name or
// impossible held values.
std::vector<Block> make_blocks(const Recipe& recipe, const Held& held);

// The same where the sum of two structures has a block for each: a structure of several
// coefficients last, before it one for each of their own variances. Several blocks then have the
// same coefficient.
std::vector<Block> make_parted_blocks(const Recipe& recipe, const Held& held);

// The structure as one, for a residual. Throws as make_blocks.
std::unique_ptr<const Structure> make_structure(const Recipe& recipe, const Held& held);

// The values under a change of coefficients: where u = F v, values of u = value_transform(F) x
// values of v. Needs: F as coefficient_change() allows. Of CoefficientChange::scalar the first
// entry of F is enough.
Matrix value_transform(const Recipe& recipe, const Matrix& coef_transform);

// The values on the user's scale, counted without building the structure.
ValueCounts value_counts(const Recipe& recipe);
Index n_values(const Recipe& recipe);

}  // namespace henderson::covariance
