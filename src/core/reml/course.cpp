// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/course.h"

#include <algorithm>
#include <cmath>

namespace henderson::reml {
namespace {

// An expected gain from which on steps are as good as the last one; and how far below the tolerance
// what is foreseen after a step must lie: it has not been seen.
constexpr double kNearOptimum = 1e-6;
constexpr double kForeseen = 0.03;
// A search creeps whose expected gain falls by less than this, and not before so many iterations.
constexpr double kCreeping = 0.1;
constexpr std::size_t kPatience = 6;
// A search rests whose expected gain has been the same, but for this share, so many times, below
// what the likelihood can tell.
constexpr double kStill = 0.99;
constexpr std::size_t kRest = 4;
constexpr double kNoGain = 1e-8;
// A search stands still that gained so little in so many iterations.
constexpr std::size_t kStand = 20;
constexpr double kStandGain = 1e-6;
// With at most so many parameters differences are always worth their scores; else where more than
// those of so many of their steps are left.
constexpr Index kFewParameters = 12;
constexpr double kNewtonSteps = 3.0;

}  // namespace

bool Course::is_long() const { return size() >= kPatience; }

bool Course::rests() const {
  if (size() < kRest) return false;
  const double now = potential(0), before = potential(kRest - 1);
  return now <= kNoGain && now > kStill * before && now < before / kStill;
}

bool Course::stands_still() const {
  if (size() < 2 * kStand) return false;
  return std::abs(last().minus2loglik - history_[size() - 1 - kStand].minus2loglik) < kStandGain;
}

bool Course::is_slow() const { return size() >= 2 && !(potential(0) <= kCreeping * potential(1)); }

bool Course::is_at_saddle() const {
  return size() >= 2 && std::isinf(potential(0)) && std::isinf(potential(1));
}

bool Course::is_worth_differences() const {
  if (n_free_ <= kFewParameters) return true;
  if (size() < 4) return false;
  const double now = potential(0), earlier = potential(3);
  if (!std::isfinite(earlier) || !(now < earlier)) return false;
  const double left = 3.0 * std::log(tolerance_ / now) / std::log(now / earlier);
  return left > kNewtonSteps * 2.0 * static_cast<double>(n_free_);
}

double Course::left_after_step() const {
  const double now = potential(0);
  if (size() < 2 || now > kNearOptimum) return now;
  const double before = potential(1);
  const double foreseen = std::isfinite(before) ? now * std::min(1.0, now / before) : now;
  return foreseen <= kForeseen * tolerance_ ? foreseen : now;
}

}  // namespace henderson::reml
