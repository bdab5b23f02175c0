// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/front.h"

#include <algorithm>

namespace henderson::linalg {

Front front_of(Panels& panels, SmallIndex f, double* stack) {
  const SymbolicFactor& symbolic = panels.symbolic();
  const Schedule& schedule = symbolic.schedule();
  const SmallIndex first = schedule.first_piece[f], last = schedule.supernode[f];
  double* memory = schedule.shared[f] ? panels.workspace().shared() : stack;
  return {panels.data() + symbolic.panel(first), symbolic.height(first),
          symbolic.height(first) - symbolic.below(last), memory + schedule.update[f],
          symbolic.width(first)};
}

Front front_from(const Front& front, SmallIndex first_piece, SmallIndex s) {
  return s == first_piece ? front : front.from((s - first_piece) * front.piece);
}

namespace {

// Columns of a lower triangle of order r, where they are many by the whole team.
template <class Work>
void for_columns(Index r, Team* team, const Work& work) {
  constexpr Index kSmallest = 400;  // order of a triangle that outweighs calling the team
  if (team == nullptr || r < kSmallest) return work(0, r);
  split(*team, 1, r, by_triangle, [&](int, Index first, Index last) { work(first, last); });
}

}  // namespace

void clear_update(const Front& front, Team* team) {
  const Index r = front.below();
  for_columns(r, team, [&](Index first, Index last) {
    for (Index j = first; j < last; ++j)
      std::fill(front.update + j * r + j, front.update + (j + 1) * r, 0.0);
  });
}

void add_update(Index r, const double* u, const SmallIndex* place, const Front& parent,
                Team* team) {
  for_columns(r, team, [&](Index first, Index last) {
    for (Index j = first; j < last; ++j) {
      double* to = parent.column(place[j]);
      for (Index i = j; i < r; ++i) to[place[i]] += u[j * r + i];
    }
  });
}

void subtract_outer(Index r, const double* l, const SmallIndex* place, const Front& parent) {
  for (Index j = 0; j < r; ++j) {
    double* to = parent.column(place[j]);
    const double lj = l[j];
    for (Index i = j; i < r; ++i) to[place[i]] -= l[i] * lj;
  }
}

void extract(Index r, double* z, const SmallIndex* place, const Front& parent, Team* team) {
  for_columns(r, team, [&](Index first, Index last) {
    for (Index j = first; j < last; ++j) {
      const double* from = parent.column(place[j]);
      for (Index i = j; i < r; ++i) z[j * r + i] = from[place[i]];
    }
  });
}

}  // namespace henderson::linalg
