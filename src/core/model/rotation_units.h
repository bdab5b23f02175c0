// SPDX-License-Identifier: GPL-3.0-or-later
// Whether the records of one random term can be turned among its levels by one orthogonal matrix,
// and how they fall apart for that.
//
// A unit is what a level is seen by: a record, or a subject with a record at each of the positions
// of a residual structure, or a record for each coefficient where residuals are independent. All
// units have the same rows of coefficients, times a loading, and all have the same R: what turns
// units of different levels into each other, position by position, leaves R as it is.
#pragma once

#include <optional>
#include <vector>

#include "core/model/columns.h"
#include "core/model/spec.h"

namespace henderson::model {

struct RotationUnits {
  std::vector<SmallIndex> levels;                 // those with units, ascending
  std::vector<std::vector<SmallIndex>> of_level;  // the units of levels[j]
  std::vector<std::vector<SmallIndex>> records;   // of each unit, position by position
  Vector loading;                                 // of each unit
  bool loading_is_all = false;  // of single records: it has their coefficient and weight
  Vector record_scale;          // root of the weight of each record

  Index n_positions() const { return static_cast<Index>(records.front().size()); }
};

// A row for each record, with its zeros: the coefficients of a row of Z without its level.
Matrix dense_rows(const SparseRows& rows);

// Nothing where the records of the term are others: unequal rows of coefficients, a residual with
// several sections, subjects that lack a record, weights beside several positions, records that
// stand for cells. Cost: linear in the records, and a sort.
std::optional<RotationUnits> rotation_units(const ModelSpec& spec, SmallIndex term);

}  // namespace henderson::model
