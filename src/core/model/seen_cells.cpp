// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/seen_cells.h"

#include <algorithm>

namespace henderson::model {
namespace {

// Of its lower triangle, below which K^-1 is a sparse matrix, as that of a pedigree is.
constexpr double kLeastDense = 0.25;
constexpr double kMostSeen = 0.5;

double lower_entries(std::size_t n) {
  return 0.5 * static_cast<double>(n) * (static_cast<double>(n) + 1.0);
}

}  // namespace

SeenCells seen_cells(const std::vector<CoefficientRows>& incidences, SmallIndex term,
                     SmallIndex n_levels, const Coding* combination) {
  std::vector<std::vector<SmallIndex>> of_level(static_cast<std::size_t>(n_levels));
  const auto note = [&](SmallIndex level, SmallIndex coef) {
    std::vector<SmallIndex>& own = of_level[static_cast<std::size_t>(level)];
    if (own.empty() || own.back() != coef) own.push_back(coef);
  };
  for (const CoefficientRows& incidence : incidences) {
    if (incidence.term != term) continue;
    for (Index r = 0; r < incidence.rows.n_rows(); ++r) {
      for (Index k = incidence.rows.start[r]; k < incidence.rows.start[r + 1]; ++k) {
        const SmallIndex coef = incidence.first_coef + incidence.rows.column[k];
        for_each_part(combination, (*incidence.level_of_record)[r],
                      [&](SmallIndex level, double) { note(level, coef); });
      }
    }
  }
  SeenCells cells;
  for (std::vector<SmallIndex>& own : of_level) {
    std::sort(own.begin(), own.end());
    own.erase(std::unique(own.begin(), own.end()), own.end());
    cells.coef.insert(cells.coef.end(), own.begin(), own.end());
    cells.start.push_back(cells.size());
  }
  return cells;
}

std::vector<std::vector<SmallIndex>> seen_levels(const SeenCells& cells, SmallIndex n_coef) {
  std::vector<std::vector<SmallIndex>> levels(static_cast<std::size_t>(n_coef));
  for (SmallIndex l = 0; l + 1 < static_cast<SmallIndex>(cells.start.size()); ++l)
    for (Index k = cells.start[l]; k < cells.start[l + 1]; ++k)
      levels[static_cast<std::size_t>(cells.coef[k])].push_back(l);
  return levels;
}

bool has_dense_precision(const Relationship& precision) {
  if (precision.is_identity || precision.rules || precision.single_step) return false;
  const auto entries = static_cast<double>(precision.value.size());
  return entries >= kLeastDense * lower_entries(precision.start.size() - 1);
}

bool are_few(const std::vector<std::vector<SmallIndex>>& levels, const Relationship& precision) {
  double seen = 0.0;
  for (const std::vector<SmallIndex>& own : levels) seen += lower_entries(own.size());
  const auto entries = static_cast<double>(precision.value.size());
  return seen < kMostSeen * entries * static_cast<double>(levels.size());
}

}  // namespace henderson::model
