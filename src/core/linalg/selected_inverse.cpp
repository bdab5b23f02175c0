// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/selected_inverse.h"

#include <algorithm>

#include "core/linalg/crew.h"
#include "core/linalg/front.h"

namespace henderson::linalg {

namespace {

// The factorisation's schedule backwards: where that adds a child's update matrix to its parent's
// front, this takes the child's block of the inverse out of it.
class Inverter {
 public:
  Inverter(Panels& panels, const InverseOptions& options, Callbacks& callbacks)
      : panels_(panels),
        symbolic_(panels.symbolic()),
        schedule_(symbolic_.schedule()),
        options_(options),
        callbacks_(callbacks),
        end_(options.without_last ? symbolic_.size() - symbolic_.n_last() : symbolic_.size()) {}

  // The fronts above the tasks with all threads inside each, then the tasks at the same time.
  void run() {
    Crew crew(panels_.workspace(),
              symbolic_.inverse_flops() > kSmallestShared ? options_.threads : 1);
    StopSignal stop(callbacks_);
    crew.share_kernels();
    for (auto f = schedule_.top.rbegin(); f != schedule_.top.rend() && !stop.stopped(0); ++f)
      invert_front(*f, panels_.workspace().thread(0));
    stop.throw_if_stopped();
    crew.run_tasks(schedule_.task_order, [&](SmallIndex task, int worker) {
      for (SmallIndex f = schedule_.task_last[task] - 1;
           f >= schedule_.task_first[task] && !stop.stopped(worker); --f)
        invert_front(f, panels_.workspace().thread(worker));
    });
    stop.throw_if_stopped();
  }

 private:
  void invert_front(SmallIndex f, ThreadMemory& memory) {
    const Front front = front_of(panels_, f, memory.stack.get());
    Team* const team = memory.scratch.team();
    if (schedule_.straight[f] != kNone)
      extract(front.below(), front.update, symbolic_.rows_in_parent(schedule_.supernode[f]),
              front_of(panels_, schedule_.straight[f], nullptr), team);
    invert(schedule_.supernode[f], front.update, memory);
    for (SmallIndex s = schedule_.supernode[f] - 1; s >= schedule_.first_leaf[f]; --s) {
      extract(symbolic_.below(s), memory.leaf.get(), symbolic_.rows_in_parent(s), front, team);
      invert(s, memory.leaf.get(), memory);
    }
    for (SmallIndex k = schedule_.child_start[f]; k < schedule_.child_start[f + 1]; ++k) {
      if (schedule_.straight[schedule_.child[k]] != kNone) continue;
      const Front child = front_of(panels_, schedule_.child[k], memory.stack.get());
      extract(child.below(), child.update,
              symbolic_.rows_in_parent(schedule_.supernode[schedule_.child[k]]), front, team);
    }
  }

  // Columns that are left out count as zeros of the inverse: their block adds nothing to the
  // others.
  void invert(SmallIndex s, double* z22, ThreadMemory& memory) {
    const Index below = symbolic_.below(s), width = symbolic_.width(s), height = below + width;
    double* panel = panels_.data() + symbolic_.panel(s);
    if (symbolic_.first_column(s) >= end_)
      std::fill(panel, panel + width * height, 0.0);
    else
      kernels::invert_panel(width, below, panel, height, z22, below, memory.scratch);
  }

  Panels& panels_;
  const SymbolicFactor& symbolic_;
  const Schedule& schedule_;
  const InverseOptions options_;
  Callbacks& callbacks_;
  const SmallIndex end_;
};

}  // namespace

SelectedInverse selected_inverse(CholeskyFactor&& factor, const InverseOptions& options,
                                 Callbacks& callbacks) {
  SelectedInverse inverse(std::move(factor).release());
  Inverter(inverse.panels_, options, callbacks).run();
  return inverse;
}

}  // namespace henderson::linalg
