// SPDX-License-Identifier: GPL-3.0-or-later
// Moving numbers between a supernode's update matrix and its parent's front.
#pragma once

#include <algorithm>

#include "core/linalg/panels.h"

namespace henderson::linalg {

// A front: the panel of its supernode (height x width) and its update matrix U (below x below);
// together the lower triangle of one symmetric matrix of order `height`. A wide front is a chain of
// supernodes, its pieces, whose panels follow each other, each from its own diagonal down.
struct Front {
  double* panel;
  Index height, width;
  double* update;
  Index piece;  // width of the first piece, and of all others but the last

  Index below() const { return height - width; }
  // The front without its first i columns, a multiple of `piece`.
  Front from(Index i) const {
    const Index k = i / piece;  // pieces of heights height, height - piece, ... are left out
    return {panel + i * height - piece * piece * (k * (k - 1) / 2), height - i, width - i, update,
            std::min(piece, width - i)};
  }
  // Column i of the front: column(i)[k] is its entry in row k >= i.
  double* column(Index i) const {
    if (i < piece) return panel + i * height;
    if (i >= width) return update + (i - width) * below() - width;
    const Index first = i / piece * piece;
    return from(first).panel + (i - first) * (height - first) - first;
  }
};

// Front f of the schedule; `stack` is the memory of the thread that works on it.
Front front_of(Panels& panels, SmallIndex f, double* stack);

// The front that has supernode s, from that piece on: rows_in_parent() of the children of s are its
// rows.
Front front_from(const Front& front, SmallIndex first_piece, SmallIndex s);

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
