// SPDX-License-Identifier: GPL-3.0-or-later
// What the course of a search tells about its next step.
#pragma once

#include <cstddef>
#include <vector>

#include "core/base/types.h"

namespace henderson::reml {

struct Iteration {
  double minus2loglik = 0.0;
  double potential = 0.0;  // what the quadratic model still expected to gain
  double radius = 0.0;     // of the trust region
};

class Course {
 public:
  // Needs: the tolerance of the expected gain, the number of parameters of the search.
  Course(double tolerance, Index n_free) : tolerance_(tolerance), n_free_(n_free) {}

  void add(const Iteration& iteration) { history_.push_back(iteration); }
  const std::vector<Iteration>& history() const { return history_; }
  const Iteration& last() const { return history_.back(); }
  std::size_t size() const { return history_.size(); }

  // After six iterations: what needs patience has had it.
  bool is_long() const;

  // The expected gain stays where it is, below what the likelihood can tell: rounding of the score
  // in a flat direction, such as a variance on its way to zero, would be followed for ever.
  bool rests() const;

  // Many iterations gained nothing, whatever was expected of them.
  bool stands_still() const;

  // The expected gain fell by less than ten times in the last step; with patience, only after six
  // iterations.
  bool is_slow() const;
  // Twice in a row the quadratic model had no minimum.
  bool is_at_saddle() const;
  bool creeps() const { return is_long() && is_slow(); }

  // As many steps are left as make an observed Hessian, of two scores a parameter, worth its cost.
  bool is_worth_differences() const;

  // What is left to gain after a last step that is not judged by the likelihood. Near the optimum
  // the expected gain falls by the same factor at each step, or by more.
  double left_after_step() const;

 private:
  double potential(std::size_t back) const {
    return history_[history_.size() - 1 - back].potential;
  }

  double tolerance_;
  Index n_free_;
  std::vector<Iteration> history_;
};

}  // namespace henderson::reml
