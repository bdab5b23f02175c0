// SPDX-License-Identifier: GPL-3.0-or-later
// Which coefficients of which levels the records meet.
//
// In a trial of many environments a line is seen in few of them. Where the levels of a term are
// related, the coefficients that are not seen have equations of their own nevertheless: K^-1 is
// that of all levels. But a term of which each coefficient is for itself, or for itself beside a
// few factors, needs K_TT of the seen levels T alone.
#pragma once

#include <vector>

#include "core/model/design_rows.h"

namespace henderson::model {

// Of which levels and coefficients the columns of W are made.
enum class Cells { all, seen };

// The seen coefficients of level l, ascending: coef[start[l]], ..., coef[start[l + 1] - 1].
struct SeenCells {
  std::vector<Index> start{0};
  std::vector<SmallIndex> coef;

  Index size() const { return static_cast<Index>(coef.size()); }
  SmallIndex size(SmallIndex level) const {
    return static_cast<SmallIndex>(start[level + 1] - start[level]);
  }
  // visit(k, coefficient, level) for cell k = 0, 1, ..., level by level.
  template <class Visit>
  void visit(Visit visit) const {
    for (SmallIndex l = 0; l + 1 < static_cast<SmallIndex>(start.size()); ++l)
      for (Index k = start[l]; k < start[l + 1]; ++k) visit(k, coef[k], l);
  }
};

// What: the cells of one term, its levels being those of `combination` where there is one. Needs:
// coefficients that no basis mixes. Cost: linear in the entries of its rows.
SeenCells seen_cells(const std::vector<CoefficientRows>& incidences, SmallIndex term,
                     SmallIndex n_levels, const Coding* combination);

// levels[c]: the levels that are seen in coefficient c, ascending.
std::vector<std::vector<SmallIndex>> seen_levels(const SeenCells& cells, SmallIndex n_coef);

// Whether K^-1 is given with no more zeros than one between related lines may have: not as that of
// a pedigree.
bool has_dense_precision(const Relationship& precision);

// Whether the seen levels have less than half of the entries of K^-1, for all coefficients
// together. Needs: K^-1 of all levels.
bool are_few(const std::vector<std::vector<SmallIndex>>& levels, const Relationship& precision);

}  // namespace henderson::model
