// SPDX-License-Identifier: GPL-3.0-or-later
// Threads that live for one numerical stage.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/callbacks.h"
#include "core/base/types.h"

namespace henderson::linalg {

// size() workers, of which number 0 is the calling thread; the others are started by the first run
// and joined by the destructor, so that a team that nothing was large enough for costs nothing. Who
// waits looks again and again for a moment before it sleeps: the kernels of a front follow each
// other closely, and waking a thread takes as long as many of them.
class Team {
 public:
  explicit Team(int size) : failures_(static_cast<std::size_t>(std::max(size, 1))) {}
  ~Team() { close(); }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return static_cast<int>(failures_.size()); }

  // What: calls work(t) on every worker t at the same time. Gives: returns when all have returned.
  // Throws what a worker threw, the lowest-numbered first; std::system_error where a thread cannot
  // be started.
  void run(const std::function<void(int)>& work);

 private:
  void start();
  void serve(int worker);
  void call(int worker);
  void close();

  std::vector<std::thread> threads_;
  std::vector<std::exception_ptr> failures_;  // per worker
  const std::function<void(int)>* work_ = nullptr;
  std::mutex mutex_;
  std::condition_variable begin_, end_;
  std::atomic<long> round_{0};  // number of runs begun; counts on when the team closes
  std::atomic<int> busy_{0};    // workers that have not finished the round
  bool closing_ = false;
};

constexpr double kSmallestShared = 2e7;  // operations of a stage that outweigh starting threads

// So many threads for a stage of so many operations.
inline int threads_for(double operations, int threads) {
  return operations > kSmallestShared ? threads : 1;
}

// The end of the first fraction of the work, as a fraction of the columns.
inline double by_length(double fraction) { return fraction; }
inline double by_triangle(double fraction) {
  return 1 - std::sqrt(1 - fraction);
}  // columns of a lower triangle

// What: work(t, first(t), first(t + 1)) on every worker t: columns or rows 0, ..., n - 1 in ranges
// that begin at multiples of `unit`; `share` is one of the two above.
template <class Share, class Work>
void split(Team& team, Index unit, Index n, const Share& share, const Work& work) {
  const int parts = team.size();
  const auto end = [&](int t) {
    return t == parts ? n
                      : std::min(n, static_cast<Index>(share(static_cast<double>(t) / parts) * n) /
                                        unit * unit);
  };
  team.run([&](int t) {
    if (end(t) < end(t + 1)) work(t, end(t), end(t + 1));
  });
}

// Asks for interruption, on worker 0 only, and tells the others.
class StopSignal {
 public:
  explicit StopSignal(Callbacks& callbacks) : callbacks_(callbacks) {}

  // True if the work is to end; cheap enough to ask at every supernode.
  bool stopped(int worker) {
    return worker == 0 && ++asked_ % kEvery == 1 ? stopped_now(worker) : stop_.load();
  }
  // The same, for work of which each step takes long.
  bool stopped_now(int worker) {
    if (worker == 0 && callbacks_.interrupted()) stop_ = true;
    return stop_.load(std::memory_order_relaxed);
  }
  void throw_if_stopped() const {
    if (stop_) throw Interrupted{};
  }

 private:
  static constexpr long kEvery = 64;

  Callbacks& callbacks_;
  std::atomic<bool> stop_{false};
  long asked_ = 0;
};

}  // namespace henderson::linalg
