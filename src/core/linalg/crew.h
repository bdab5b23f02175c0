// SPDX-License-Identifier: GPL-3.0-or-later
// A team with its memory, which runs the tasks of a schedule or shares the kernels of one front.
#pragma once

#include <atomic>
#include <vector>

#include "core/linalg/team.h"
#include "core/linalg/workspace.h"

namespace henderson::linalg {

class Crew {
 public:
  Crew(Workspace& workspace, int threads) : workspace_(workspace), team_(threads) {
    workspace_.reserve(team_.size());
    share_nothing();
  }
  ~Crew() { share_nothing(); }

  // What: work(task, worker) for every task in `order`, each by whoever is free. Kernels inside are
  // not shared.
  template <class Work>
  void run_tasks(const std::vector<SmallIndex>& order, const Work& work) {
    share_nothing();
    std::atomic<std::size_t> next{0};
    const std::function<void(int)> take = [&](int worker) {
      for (std::size_t k = next++; k < order.size(); k = next++) work(order[k], worker);
    };
    if (team_.size() == 1)
      take(0);
    else
      team_.run(take);
  }

  // From now on the kernels called by worker 0 use the whole team.
  void share_kernels() {
    if (team_.size() == 1) return;
    std::vector<kernels::Scratch*> scratches;
    for (int t = 0; t < team_.size(); ++t) scratches.push_back(&workspace_.thread(t).scratch);
    workspace_.thread(0).scratch.share(&team_, scratches);
  }

 private:
  void share_nothing() { workspace_.thread(0).scratch.share(nullptr, {}); }

  Workspace& workspace_;
  Team team_;
};

}  // namespace henderson::linalg
