// SPDX-License-Identifier: GPL-3.0-or-later
// The order of the numerical work: every front once, after its children, in tasks that do not
// touch each other.
#include <catch.h>

#include <set>

#include "core/linalg/symbolic.h"
#include "support/linalg_matrices.h"

namespace henderson::linalg::test {
namespace {

// The front that has supernode s, or kNone for a leaf.
std::vector<SmallIndex> front_of_supernode(const SymbolicFactor& symbolic) {
  std::vector<SmallIndex> front(symbolic.n_supernodes(), kNone);
  const Schedule& schedule = symbolic.schedule();
  for (SmallIndex f = 0; f < schedule.n_fronts(); ++f)
    for (SmallIndex s = schedule.first_piece[f]; s <= schedule.supernode[f]; ++s) front[s] = f;
  return front;
}

void check_leaves(const SymbolicFactor& symbolic) {
  const Schedule& schedule = symbolic.schedule();
  const std::vector<SmallIndex> front = front_of_supernode(symbolic);
  std::vector<bool> has_child(symbolic.n_supernodes(), false);
  for (SmallIndex s = 0; s < symbolic.n_supernodes(); ++s) {
    if (symbolic.parent(s) != kNone) has_child[symbolic.parent(s)] = true;
  }
  for (SmallIndex s = 0; s < symbolic.n_supernodes(); ++s) {
    if (front[s] != kNone && schedule.first_piece[front[s]] < schedule.supernode[front[s]])
      continue;  // a piece: the children of a front may all be those of a later one
    const bool is_leaf = symbolic.parent(s) != kNone && !has_child[s];
    CHECK((front[s] == kNone) == is_leaf);
    if (!is_leaf) continue;
    const SmallIndex parent = front[symbolic.parent(s)];
    REQUIRE(parent != kNone);
    CHECK(s >= schedule.first_leaf[parent]);
    CHECK(s < schedule.first_piece[parent]);
  }
}

void check_children(const SymbolicFactor& symbolic) {
  const Schedule& schedule = symbolic.schedule();
  const std::vector<SmallIndex> front = front_of_supernode(symbolic);
  SmallIndex n_children = 0, n_below = 0;
  for (SmallIndex f = 0; f < schedule.n_fronts(); ++f) {
    n_below += symbolic.parent(schedule.supernode[f]) != kNone;
    for (SmallIndex k = schedule.child_start[f]; k < schedule.child_start[f + 1]; ++k) {
      const SmallIndex child = schedule.child[k];
      CHECK(child < f);  // fronts are numbered after their subtrees
      CHECK(front[symbolic.parent(schedule.supernode[child])] == f);
      ++n_children;
    }
  }
  CHECK(n_children == n_below);
}

void check_tasks(const SymbolicFactor& symbolic) {
  const Schedule& schedule = symbolic.schedule();
  const auto n_tasks = static_cast<SmallIndex>(schedule.task_first.size());
  std::vector<SmallIndex> task(schedule.n_fronts(), kNone);
  for (SmallIndex t = 0; t < n_tasks; ++t) {
    for (SmallIndex f = schedule.task_first[t]; f < schedule.task_last[t]; ++f) {
      CHECK(task[f] == kNone);
      task[f] = t;
    }
  }
  for (const SmallIndex f : schedule.top) {
    CHECK(task[f] == kNone);
    task[f] = n_tasks;
  }
  for (SmallIndex f = 0; f < schedule.n_fronts(); ++f) {
    CHECK(task[f] != kNone);
    for (SmallIndex k = schedule.child_start[f]; k < schedule.child_start[f + 1]; ++k) {
      if (task[f] < n_tasks) CHECK(task[schedule.child[k]] == task[f]);
    }
  }
  const std::set<SmallIndex> order(schedule.task_order.begin(), schedule.task_order.end());
  CHECK(static_cast<SmallIndex>(order.size()) == n_tasks);
}

}  // namespace

TEST_CASE("schedule: leaves, children and tasks of all shapes of trees") {
  std::vector<SparseCase> cases = positive_definite_cases(8);
  cases.push_back(large_grid(60));
  cases.push_back(trees_below_a_root());
  std::size_t most_tasks = 0, n_straight = 0;
  for (const SparseCase& c : cases) {
    INFO(c.name);
    AnalyzeOptions in_pieces;
    in_pieces.piece = 3;
    for (const AnalyzeOptions& options : {AnalyzeOptions(), in_pieces}) {
      const auto symbolic = analyze(c.pattern, options);
      check_leaves(*symbolic);
      check_children(*symbolic);
      check_tasks(*symbolic);
    }
    const auto symbolic = analyze(c.pattern, {});
    const Schedule& schedule = symbolic->schedule();
    most_tasks = std::max(most_tasks, schedule.task_first.size());
    for (const SmallIndex parent : schedule.straight) n_straight += parent != kNone;
  }
  CHECK(most_tasks > 1);
  CHECK(n_straight > 0);
}

}  // namespace henderson::linalg::test
