// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/front.h"

namespace henderson::linalg {

Front front_of(Panels& panels, SmallIndex f, double* stack) {
  const SymbolicFactor& symbolic = panels.symbolic();
  const Schedule& schedule = symbolic.schedule();
  const SmallIndex s = schedule.supernode[f];
  double* memory = schedule.shared[f] ? panels.workspace().shared() : stack;
  return {panels.data() + symbolic.panel(s), symbolic.height(s), symbolic.width(s),
          memory + schedule.update[f]};
}

void add_update(Index r, const double* u, const SmallIndex* place, const Front& parent) {
  for (Index j = 0; j < r; ++j) {
    double* to = parent.column(place[j]);
    for (Index i = j; i < r; ++i) to[place[i]] += u[j * r + i];
  }
}

void subtract_outer(Index r, const double* l, const SmallIndex* place, const Front& parent) {
  for (Index j = 0; j < r; ++j) {
    double* to = parent.column(place[j]);
    const double lj = l[j];
    for (Index i = j; i < r; ++i) to[place[i]] -= l[i] * lj;
  }
}

void extract(Index r, double* z, const SmallIndex* place, const Front& parent) {
  for (Index j = 0; j < r; ++j) {
    const double* from = parent.column(place[j]);
    for (Index i = j; i < r; ++i) z[j * r + i] = from[place[i]];
  }
}

}  // namespace henderson::linalg
