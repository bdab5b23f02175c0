// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/schedule.h"

#include <algorithm>
#include <utility>

#include "core/linalg/etree.h"

namespace henderson::linalg {

namespace {

constexpr SmallIndex kWidestLeaf = 2048;

// leaf[s] = 1: s has a parent and no children, and is not wide. (But a leading supernode is none if
// its parent has a child among the last ones: that child comes after it, and a front's leaves stand
// together.)
std::vector<char> leaves(const std::vector<SmallIndex>& parent,
                         const std::vector<SmallIndex>& width, SmallIndex first_last) {
  const SmallIndex n = static_cast<SmallIndex>(parent.size());
  std::vector<char> leaf(n, 1), before_last(n, 0);
  for (SmallIndex s = 0; s < n; ++s) {
    if (width[s] > kWidestLeaf) leaf[s] = 0;
    if (parent[s] == kNone)
      leaf[s] = 0;
    else
      leaf[parent[s]] = 0;
    if (parent[s] != kNone && s >= first_last) before_last[parent[s]] = 1;
  }
  for (SmallIndex s = 0; s < first_last; ++s)
    if (parent[s] != kNone && before_last[parent[s]]) leaf[s] = 0;
  return leaf;
}

double square(double x) { return x * x; }

}  // namespace

std::vector<SmallIndex> schedule_order(const SupernodeForest& forest, SmallIndex first_last) {
  const SmallIndex n = static_cast<SmallIndex>(forest.parent.size());
  const std::vector<char> leaf = leaves(forest.parent, forest.width, first_last);
  std::vector<std::vector<SmallIndex>> children(n);
  for (SmallIndex s = 0; s < n; ++s)
    if (forest.parent[s] != kNone && !leaf[s]) children[forest.parent[s]].push_back(s);
  std::vector<double> peak(n, 0);  // memory that the subtree of s needs
  const auto later = [&](SmallIndex a, SmallIndex b) {
    return peak[a] - square(forest.below[a]) > peak[b] - square(forest.below[b]);
  };
  for (SmallIndex s = 0; s < n; ++s) {
    std::stable_sort(children[s].begin(), children[s].end(), later);
    double held = 0;
    for (const SmallIndex c : children[s]) {
      peak[s] = std::max(peak[s], held + peak[c]);
      held += square(forest.below[c]);
    }
    peak[s] = std::max(peak[s], held + square(forest.below[s]));
  }
  // postorder() visits children by increasing weight: their rank among the children, then leaves,
  // then a last supernode.
  std::vector<SmallIndex> rank(n, 0);
  for (SmallIndex s = 0; s < n; ++s) {
    if (leaf[s]) rank[s] = n;
    for (std::size_t k = 0; k < children[s].size(); ++k)
      rank[children[s][k]] = static_cast<SmallIndex>(k);
  }
  for (SmallIndex s = first_last; s < n; ++s) rank[s] = n + 1;
  return postorder(forest.parent, rank);
}

namespace {

// Fills the parts of a Schedule, one step per member function.
class ScheduleBuilder {
 public:
  ScheduleBuilder(const std::vector<SmallIndex>& parent, const std::vector<SmallIndex>& width,
                  const std::vector<SmallIndex>& below, SmallIndex first_last)
      : parent_(parent), width_(width), below_(below), first_last_(first_last) {}

  Schedule build() {
    list_fronts();
    list_children();
    measure_work();
    choose_tasks();
    find_straight_fronts();
    place_task_updates();
    place_shared_updates();
    return std::move(out_);
  }

 private:
  static constexpr double kTasks = 24;          // a task has about 1 / kTasks of all work
  static constexpr double kSmallestTask = 2e6;  // operations worth a task of its own
  static constexpr double kWorkPerUpdate =
      20;  // operations that take as long as moving an entry of an update matrix
  static constexpr double kWorkPerSupernode = 4e3;

  void list_fronts() {
    const std::vector<char> leaf = leaves(parent_, width_, first_last_);
    const SmallIndex n = static_cast<SmallIndex>(parent_.size());
    front_of_.assign(n, kNone);
    SmallIndex first_leaf = 0;
    for (SmallIndex s = 0; s < n; ++s) {
      SmallIndex& most_below = leaf[s] ? out_.max_leaf_below : out_.max_below;
      SmallIndex& most_wide = leaf[s] ? out_.max_leaf_width : out_.max_width;
      most_below = std::max(most_below, below_[s]);
      most_wide = std::max(most_wide, width_[s]);
      out_.max_height = std::max(out_.max_height, width_[s] + below_[s]);
      if (leaf[s]) continue;
      front_of_[s] = out_.n_fronts();
      // Only leaves can stand between two fronts, and they belong to the second.
      out_.supernode.push_back(s);
      out_.first_piece.push_back(s);
      out_.first_leaf.push_back(first_leaf);
      first_leaf = s + 1;
    }
  }

  void list_children() {
    const SmallIndex n = out_.n_fronts();
    front_parent_.resize(n);
    out_.child_start.assign(static_cast<std::size_t>(n) + 1, 0);
    for (SmallIndex f = 0; f < n; ++f) {
      const SmallIndex p = parent_[out_.supernode[f]];
      front_parent_[f] = p == kNone ? kNone : front_of_[p];
      if (p != kNone) ++out_.child_start[front_parent_[f] + 1];
    }
    for (SmallIndex f = 0; f < n; ++f) out_.child_start[f + 1] += out_.child_start[f];
    out_.child.resize(out_.child_start[n]);
    std::vector<SmallIndex> next(out_.child_start.begin(), out_.child_start.end() - 1);
    for (SmallIndex f = 0; f < n; ++f)
      if (front_parent_[f] != kNone) out_.child[next[front_parent_[f]]++] = f;
  }

  double work(SmallIndex s) const {
    return factor_flops(width_[s], below_[s]) + kWorkPerUpdate * square(below_[s]) / 2 +
           kWorkPerSupernode;
  }

  void measure_work() {
    const SmallIndex n = out_.n_fronts();
    subtree_work_.assign(n, 0);
    subtree_first_.resize(n);
    for (SmallIndex f = 0; f < n; ++f) {
      subtree_first_[f] = f;
      for (SmallIndex s = out_.first_leaf[f]; s <= out_.supernode[f]; ++s)
        subtree_work_[f] += work(s);
      for (SmallIndex k = out_.child_start[f]; k < out_.child_start[f + 1]; ++k) {
        subtree_work_[f] += subtree_work_[out_.child[k]];
        subtree_first_[f] = std::min(subtree_first_[f], subtree_first_[out_.child[k]]);
      }
      if (front_parent_[f] == kNone) total_work_ += subtree_work_[f];
    }
  }

  // From the last front down: a subtree with little work is (part of) a task, another's root is a
  // top front.
  void choose_tasks() {
    const double limit = std::max(total_work_ / kTasks, kSmallestTask);
    double open = 0;  // work of the task being collected, which ends at its lowest front
    for (SmallIndex f = out_.n_fronts() - 1; f >= 0;) {
      if (subtree_work_[f] > limit) {
        out_.top.push_back(f--);
        open = 0;
        continue;
      }
      if (open == 0 || open + subtree_work_[f] > limit) {
        out_.task_last.push_back(f + 1);
        out_.task_first.push_back(f + 1);
        task_work_.push_back(0);
        open = 0;
      }
      open += subtree_work_[f];
      task_work_.back() = open;
      out_.task_first.back() = subtree_first_[f];
      f = subtree_first_[f] - 1;
    }
    std::reverse(out_.top.begin(), out_.top.end());
    for (std::size_t t = 0; t < task_work_.size(); ++t)
      out_.task_order.push_back(static_cast<SmallIndex>(t));
    std::stable_sort(out_.task_order.begin(), out_.task_order.end(),
                     [&](SmallIndex a, SmallIndex b) { return task_work_[a] > task_work_[b]; });
  }

  void find_straight_fronts() {
    out_.straight.assign(out_.n_fronts(), kNone);
    if (out_.task_first.size() != 1) return;
    for (SmallIndex f = out_.task_first[0]; f < out_.task_last[0]; ++f) {
      const SmallIndex p = front_parent_[f];
      if (p >= out_.task_last[0] && front_parent_[p] == kNone) out_.straight[f] = p;
    }
  }

  Index update_size(SmallIndex f) const {
    const Index below = below_[out_.supernode[f]];
    return below * below;
  }

  // Simulates the two stacks in one block of memory over `fronts`, and returns the block's size.
  // Only fronts that are `member` are put on the stacks; a straight one is taken off at once.
  Index simulate(const std::vector<SmallIndex>& fronts, const std::vector<char>& member) {
    Index used[2] = {0, 0}, peak = 0;
    for (const SmallIndex f : fronts) {
      const int parity = depth_[f] % 2;
      if (member[f]) {
        out_.update[f] = used[parity];
        used[parity] += update_size(f);
        peak = std::max(peak, used[0] + used[1]);
      }
      for (SmallIndex k = out_.child_start[f]; k < out_.child_start[f + 1]; ++k)
        if (member[out_.child[k]] && out_.straight[out_.child[k]] == kNone)
          used[1 - parity] -= update_size(out_.child[k]);
      if (member[f] && out_.straight[f] != kNone) used[parity] -= update_size(f);
    }
    for (const SmallIndex f : fronts)
      if (member[f] && depth_[f] % 2 == 1) out_.update[f] = peak - out_.update[f] - update_size(f);
    return peak;
  }

  void place_task_updates() {
    const SmallIndex n = out_.n_fronts();
    out_.update.assign(n, 0);
    out_.shared.assign(n, 1);
    depth_.assign(n, 0);
    for (SmallIndex f = n - 1; f >= 0; --f)
      if (front_parent_[f] != kNone) depth_[f] = depth_[front_parent_[f]] + 1;
    std::vector<SmallIndex> fronts;
    std::vector<char> member(n, 0);
    for (std::size_t t = 0; t < out_.task_first.size(); ++t) {
      fronts.clear();
      for (SmallIndex f = out_.task_first[t]; f < out_.task_last[t]; ++f) {
        fronts.push_back(f);
        const SmallIndex p = front_parent_[f];
        const bool last = p == kNone || p >= out_.task_last[t];  // last front of this task
        if (last && out_.straight[f] == kNone) continue;
        member[f] = 1;
        out_.shared[f] = 0;
      }
      out_.thread_memory = std::max(out_.thread_memory, simulate(fronts, member));
    }
  }

  void place_shared_updates() {
    std::vector<char> member(out_.n_fronts(), 0);
    for (const SmallIndex f : out_.top) member[f] = 1;
    Index end = simulate(out_.top, member);
    for (SmallIndex f = 0; f < out_.n_fronts(); ++f)
      if (out_.shared[f] && !member[f]) {
        out_.update[f] = end;
        end += update_size(f);
      }
    out_.shared_memory = end;
  }

  const std::vector<SmallIndex>&parent_, &width_, &below_;
  const SmallIndex first_last_;
  std::vector<SmallIndex> front_of_, front_parent_, depth_, subtree_first_;
  std::vector<double> subtree_work_, task_work_;
  double total_work_ = 0;
  Schedule out_;
};

}  // namespace

void Schedule::renumber(const std::vector<SmallIndex>& first) {
  for (SmallIndex f = 0; f < n_fronts(); ++f) {
    first_piece[f] = first[supernode[f]];
    supernode[f] = first[supernode[f] + 1] - 1;
    first_leaf[f] = first[first_leaf[f]];
  }
}

Schedule make_schedule(const std::vector<SmallIndex>& parent, const std::vector<SmallIndex>& width,
                       const std::vector<SmallIndex>& below, SmallIndex first_last) {
  return ScheduleBuilder(parent, width, below, first_last).build();
}

}  // namespace henderson::linalg
