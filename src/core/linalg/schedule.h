// SPDX-License-Identifier: GPL-3.0-or-later
// In which order, where and by whom the supernodes are worked on. It depends on the pattern alone,
// never on the number of threads, and neither does any number that is computed.
#pragma once

#include <vector>

#include "core/base/types.h"
#include "core/linalg/supernodes.h"

namespace henderson::linalg {

// The method is multifrontal. A *leaf* is a supernode that has a parent but no children, and is not
// wide; any other supernode is a *front*. A front owns, beside its panel, an update matrix U (below
// x below, column-major, lower triangle): what its subtree subtracts from the rest of C, on its way
// to the parent. Leaves have none: their updates go straight to their parent. The selected inverse
// runs the same schedule backwards, with the inverse's own block in the place of U.
//
// Where one front at a root outweighs all else, as in large pedigrees, there is one task, and
// nobody but its thread writes to a root meanwhile. Its fronts just below a root then add U to the
// root as soon as they have it ("straight" fronts): else the U of all of them would wait for the
// root, with more entries than the factor.
//
// U of a front inside a task lives in the memory of the task's thread; U of a task's last front and
// of the fronts after the tasks ("top fronts") lives in shared memory. Inside either, two stacks
// grow towards each other, one for fronts of even and one for fronts of odd depth: a front's
// children are always at the end of the other stack.
struct Schedule {
  std::vector<SmallIndex> supernode;  // supernode[f] = s means front f is supernode s, or ends with
                                      // it; increasing
  std::vector<SmallIndex>
      first_piece;  // a wide front is cut: supernodes first_piece[f], ..., supernode[f] are its
                    // pieces; else first_piece[f] = supernode[f]
  std::vector<SmallIndex>
      first_leaf;  // the leaves of front f are supernodes first_leaf[f], ..., first_piece[f] - 1
  std::vector<SmallIndex>
      child_start;  // the children of front f that are fronts: child[child_start[f]], ...
  std::vector<SmallIndex> child;  // numbers of fronts, increasing within a front
  std::vector<Index> update;  // update[f] = k means U of front f begins at offset k of its memory
  std::vector<char> shared;   // shared[f] = 1: shared memory; 0: memory of the thread
  std::vector<SmallIndex>
      straight;  // straight[f] = p: f is straight, and p its parent front; kNone

  // Task t is the fronts first[t], ..., last[t] - 1: one or more whole subtrees. Tasks are
  // independent of each other.
  std::vector<SmallIndex> task_first, task_last;
  std::vector<SmallIndex> task_order;  // by decreasing work
  std::vector<SmallIndex> top;         // fronts after all tasks, increasing

  Index thread_memory = 0;  // doubles, the largest need of a task
  Index shared_memory = 0;  // doubles
  SmallIndex max_leaf_below = 0, max_leaf_width = 0;
  SmallIndex max_below = 0, max_width = 0, max_height = 0;

  // Supernode s is now first[s], ..., first[s + 1] - 1: several of them if it is a wide front.
  void renumber(const std::vector<SmallIndex>& first);
  SmallIndex n_fronts() const { return static_cast<SmallIndex>(supernode.size()); }
};

// What: the order in which supernodes are numbered: every front after its subtree, its leaves just
// before it, subtrees with large update matrices first. Needs: supernodes from first_last on stay
// behind all others (they are a chain). Gives: order[k] = s means supernode s of `forest` becomes
// number k. Cost: O(n log n). Source: Liu (1986), ACM TOMS 12, for the order of the children.
std::vector<SmallIndex> schedule_order(const SupernodeForest& forest, SmallIndex first_last);

// What: the schedule of supernodes numbered by schedule_order(), with the same first_last. Cost:
// O(number of supernodes).
Schedule make_schedule(const std::vector<SmallIndex>& parent, const std::vector<SmallIndex>& width,
                       const std::vector<SmallIndex>& below, SmallIndex first_last);

}  // namespace henderson::linalg
