// SPDX-License-Identifier: GPL-3.0-or-later
// Moving numbers between a supernode's update matrix and its parent's front.
#pragma once

#include "core/linalg/panels.h"

namespace henderson::linalg {

// A front: the panel of its supernode (height x width) and its update matrix U (below x below);
// together the lower triangle of one symmetric matrix of order `height`.
struct Front {
  double* panel;
  Index height, width;
  double* update;

  Index below() const { return height - width; }
  // Column i of the front: column(i)[k] is its entry in row k >= i.
  double* column(Index i) const {
    return i < width ? panel + i * height : update + (i - width) * below() - width;
  }
};

// Front f of the schedule; `stack` is the memory of the thread that works on it.
Front front_of(Panels& panels, SmallIndex f, double* stack);

// The functions below that take a team share large triangles with it, column by column; nullptr:
// they do not.

// What: the lower triangle of the update matrix becomes zero; above it the matrix is scratch.
void clear_update(const Front& front, Team* team);

// What: parent(place[i], place[j]) += u(i, j) for i >= j. Needs: u is r x r, lower triangle; place
// increases. Cost: r^2 / 2.
void add_update(Index r, const double* u, const SmallIndex* place, const Front& parent, Team* team);

// What: parent(place[i], place[j]) -= l(i) l(j) for i >= j. Needs: place increases. Cost: r^2.
void subtract_outer(Index r, const double* l, const SmallIndex* place, const Front& parent);

// What: z(i, j) = parent(place[i], place[j]) for i >= j: the reverse of add_update. Cost: r^2 / 2.
void extract(Index r, double* z, const SmallIndex* place, const Front& parent, Team* team);

}  // namespace henderson::linalg
