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
        stop_(callbacks),
        end_(options.without_last ? symbolic_.size() - symbolic_.n_last() : symbolic_.size()) {}

  // The fronts above the tasks with all threads inside each, then the tasks at the same time.
  void run() {
    Crew crew(panels_.workspace(), threads_for(symbolic_.inverse_flops(), options_.threads));
    crew.share_kernels();
    for (auto f = schedule_.top.rbegin(); f != schedule_.top.rend() && !stop_.stopped(0); ++f)
      invert_front(*f, 0);
    stop_.throw_if_stopped();
    crew.run_tasks(schedule_.task_order, [&](SmallIndex task, int worker) {
      for (SmallIndex f = schedule_.task_last[task] - 1;
           f >= schedule_.task_first[task] && !stop_.stopped(worker); --f)
        invert_front(f, worker);
    });
    stop_.throw_if_stopped();
  }

 private:
  void invert_front(SmallIndex f, int worker) {
    ThreadMemory& memory = panels_.workspace().thread(worker);
    const Front front = front_of(panels_, f, memory.stack.get());
    Team* const team = memory.scratch.team();
    if (const SmallIndex from = schedule_.straight[f]; from != kNone)
      take_out(schedule_.supernode[f], front.update, front_of(panels_, from, nullptr), from, team);
    invert_pieces(f, front, worker);
    for (SmallIndex s = schedule_.first_piece[f] - 1; s >= schedule_.first_leaf[f]; --s) {
      take_out(s, memory.leaf.get(), front, f, team);
      const kernels::LowerColumns z22{memory.leaf.get(), symbolic_.below(s), symbolic_.below(s)};
      invert(s, &z22, 1, memory);
    }
    for (SmallIndex k = schedule_.child_start[f]; k < schedule_.child_start[f + 1]; ++k) {
      const SmallIndex child = schedule_.child[k];
      if (schedule_.straight[child] != kNone) continue;
      take_out(schedule_.supernode[child], front_of(panels_, child, memory.stack.get()).update,
               front, f, team);
    }
  }

  // z = the rows below supernode s out of its parent, front f.
  void take_out(SmallIndex s, double* z, const Front& parent, SmallIndex f, Team* team) const {
    extract(symbolic_.below(s), z, symbolic_.rows_in_parent(s),
            front_from(parent, schedule_.first_piece[f], symbolic_.parent(s)), team);
  }

  // From the last piece to the first: what is behind a piece is the later ones and `update`.
  void invert_pieces(SmallIndex f, const Front& front, int worker) {
    const SmallIndex first = schedule_.first_piece[f], last = schedule_.supernode[f];
    std::vector<kernels::LowerColumns> parts;
    for (SmallIndex s = first; s <= last; ++s)
      parts.push_back(
          {panels_.data() + symbolic_.panel(s), symbolic_.width(s), symbolic_.height(s)});
    parts.push_back({front.update, front.below(), front.below()});
    for (SmallIndex s = last; s >= first; --s) {
      if (s < last && stop_.stopped_now(worker)) return;
      invert(s, parts.data() + (s - first) + 1, last - s + 1, panels_.workspace().thread(worker));
    }
  }

  // Columns that are left out count as zeros of the inverse: their block adds nothing to the
  // others.
  void invert(SmallIndex s, const kernels::LowerColumns* z22, Index n_parts, ThreadMemory& memory) {
    const Index below = symbolic_.below(s), width = symbolic_.width(s), height = below + width;
    double* panel = panels_.data() + symbolic_.panel(s);
    if (symbolic_.first_column(s) >= end_)
      std::fill(panel, panel + width * height, 0.0);
    else
      kernels::invert_panel(width, below, panel, height, z22, n_parts, memory.scratch);
  }

  Panels& panels_;
  const SymbolicFactor& symbolic_;
  const Schedule& schedule_;
  const InverseOptions options_;
  StopSignal stop_;
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
