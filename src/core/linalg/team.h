// SPDX-License-Identifier: GPL-3.0-or-later
// Threads that live for one numerical stage.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/callbacks.h"
#include "core/base/types.h"

namespace henderson::linalg {

// size() workers, of which number 0 is the calling thread; the others are started by the
// constructor and joined by the destructor. A size of 1 starts nothing.
class Team {
 public:
  explicit Team(int size);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return static_cast<int>(threads_.size()) + 1; }

  // What: calls work(t) on every worker t at the same time. Gives: returns when all have returned.
  // Throws what a worker threw, the lowest-numbered first.
  void run(const std::function<void(int)>& work);

 private:
  void serve(int worker);
  void call(int worker);
  void close();

  std::vector<std::thread> threads_;
  std::vector<std::exception_ptr> failures_;  // per worker
  const std::function<void(int)>* work_ = nullptr;
  std::mutex mutex_;
  std::condition_variable begin_, end_;
  long round_ = 0;  // number of runs begun
  int busy_ = 0;    // workers that have not finished the round
  bool closing_ = false;
};

// Asks for interruption, on worker 0 only, and tells the others.
class StopSignal {
 public:
  explicit StopSignal(Callbacks& callbacks) : callbacks_(callbacks) {}

  // True if the work is to end; cheap enough to ask at every supernode.
  bool stopped(int worker) {
    if (worker == 0 && ++asked_ % kEvery == 1 && callbacks_.interrupted()) stop_ = true;
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
