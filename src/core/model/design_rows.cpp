// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/design_rows.h"

#include <cmath>

namespace henderson::model {

std::vector<double> coefficient_scales(const std::vector<CoefficientRows>& incidences, SmallIndex term,
                                       SmallIndex n_coef) {
  std::vector<double> squares(n_coef, 0.0);
  std::vector<double> count(n_coef, 0.0);
  for (const CoefficientRows& incidence : incidences) {
    if (incidence.term != term) continue;
    for (std::size_t k = 0; k < incidence.rows.column.size(); ++k) {
      const SmallIndex c = incidence.first_coef + incidence.rows.column[k];
      squares[c] += incidence.rows.value[k] * incidence.rows.value[k];
      count[c] += 1.0;
    }
  }
  for (SmallIndex c = 0; c < n_coef; ++c) {
    squares[c] = count[c] > 0.0 ? std::sqrt(squares[c] / count[c]) : 1.0;
  }
  return squares;
}

SparseRows design_rows(const SparseRows& x, SmallIndex first_fixed_column,
                       const std::vector<CoefficientRows>& incidences,
                       const std::vector<CoefficientPlaces>& places) {
  SparseRows w;
  w.n_columns = first_fixed_column + x.n_columns;
  std::size_t n_entries = x.column.size();
  for (const CoefficientRows& incidence : incidences) n_entries += incidence.rows.column.size();
  w.start.reserve(x.start.size());
  w.column.reserve(n_entries);
  w.value.reserve(n_entries);
  w.start.push_back(0);
  for (Index r = 0; r < x.n_rows(); ++r) {
    for (Index k = x.start[r]; k < x.start[r + 1]; ++k) {
      w.column.push_back(first_fixed_column + x.column[k]);
      w.value.push_back(x.value[k]);
    }
    for (const CoefficientRows& incidence : incidences) {
      const CoefficientPlaces& place = places[incidence.term];
      const SmallIndex level = (*incidence.level_of_record)[r];
      for (Index k = incidence.rows.start[r]; k < incidence.rows.start[r + 1]; ++k) {
        const SmallIndex c = incidence.first_coef + incidence.rows.column[k];
        w.column.push_back(place.first_column[c] + level * place.stride[c]);
        w.value.push_back(incidence.rows.value[k] / place.scale[c]);
      }
    }
    w.start.push_back(static_cast<Index>(w.column.size()));
  }
  return w;
}

}  // namespace henderson::model
