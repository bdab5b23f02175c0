// SPDX-License-Identifier: GPL-3.0-or-later
// The points that a search tries: the likelihood there, counted.
#pragma once

#include <optional>
#include <utility>

#include "core/base/callbacks.h"
#include "core/coordinates/free_space.h"
#include "core/likelihood/evaluation.h"

namespace henderson::reml {

class Trials {
 public:
  // The equations, the space and the callbacks must outlive it.
  Trials(const equations::MixedModelEquations& equations, const coordinates::FreeSpace& space,
         Callbacks& callbacks);

  // Nothing where there is no point (a tied parameter out of its range), or where C is not positive
  // definite. Cost: a factorisation. Throws Interrupted.
  std::optional<likelihood::Evaluation> at(const std::optional<likelihood::Parameters>& parameters);
  // The same, where -2l is at most `value` and what a boundary or rounding may cost.
  std::optional<likelihood::Evaluation> as_good(const likelihood::Parameters& parameters,
                                                double value);

  // Off the points where the score cannot tell which way is up.
  std::optional<likelihood::Parameters> nudged(const likelihood::Parameters& parameters) const;
  std::optional<likelihood::Parameters> moved(const likelihood::Parameters& from,
                                              const Vector& step) const;

  // What rounding may do to -2l: differences below it are no evidence.
  double noise(double value) const;
  // What it does to -2l here: the greatest change over steps so short that the gradient, where it
  // is below 1, tells nothing of them. Cost: six factorisations.
  double measured_noise(const likelihood::Parameters& at, double value);

  // Whether sigma^2 is the best for each point, all variances being multiplied by one factor; else
  // it is a parameter like the others. Gives what it was.
  bool set_scale_free(bool scale_free) { return std::exchange(scale_free_, scale_free); }

  const equations::MixedModelEquations& equations() const { return equations_; }
  const model::Model& model() const { return equations_.model(); }
  const coordinates::FreeSpace& space() const { return space_; }
  Callbacks& callbacks() const { return callbacks_; }
  int& count() { return count_; }

 private:
  const equations::MixedModelEquations& equations_;
  const coordinates::FreeSpace& space_;
  Callbacks& callbacks_;
  bool scale_free_;
  const double ridge_noise_;
  int count_ = 0;
};

// How far the search stays from a standard deviation of exactly zero, in units of sigma.
inline constexpr double kNudge = 1e-7;
// What -2l may lose where parameters are set to their boundary. Where no step raises the
// likelihood, and no more than this is expected of one, rounding is in the way.
inline constexpr double kBoundaryLoss = 1e-8;

}  // namespace henderson::reml
