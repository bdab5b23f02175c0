// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/team.h"

namespace henderson::linalg {

namespace {

// Some tens of microseconds; the processor is left to others meanwhile.
template <class Ready>
void look_for_a_moment(const Ready& ready) {
  constexpr int kLooks = 200;
  for (int k = 0; k < kLooks && !ready(); ++k) std::this_thread::yield();
}

}  // namespace

void Team::start() {
  try {
    for (int worker = 1; worker < size(); ++worker)
      threads_.emplace_back([this, worker] { serve(worker); });
  } catch (...) {
    close();
    throw;
  }
}

void Team::close() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
    ++round_;
  }
  begin_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Team::call(int worker) {
  try {
    (*work_)(worker);
  } catch (...) {
    failures_[static_cast<std::size_t>(worker)] = std::current_exception();
  }
}

void Team::serve(int worker) {
  for (long served = 0;;) {
    const auto called = [&] { return round_ != served; };
    look_for_a_moment(called);
    {
      std::unique_lock<std::mutex> lock(mutex_);
      begin_.wait(lock, called);
      if (closing_) return;
      served = round_;
    }
    call(worker);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      --busy_;
    }
    end_.notify_one();
  }
}

void Team::run(const std::function<void(int)>& work) {
  if (threads_.empty() && size() > 1) start();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    work_ = &work;
    busy_ = size() - 1;
    ++round_;
  }
  begin_.notify_all();
  call(0);
  const auto finished = [&] { return busy_ == 0; };
  look_for_a_moment(finished);
  std::unique_lock<std::mutex> lock(mutex_);
  end_.wait(lock, finished);
  std::exception_ptr first;
  for (std::exception_ptr& failure : failures_) {
    if (!first) first = failure;
    failure = nullptr;
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace henderson::linalg
