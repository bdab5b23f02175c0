// SPDX-License-Identifier: GPL-3.0-or-later
// How a search finds the curvature of -2l: the average information, the exact Hessian, differences
// of the score, or what its steps have told. It begins with the cheapest, and what it has gone over
// to stays.
#pragma once

#include <optional>
#include <utility>

#include "core/information/expansion.h"
#include "core/reml/course.h"
#include "core/reml/secants.h"
#include "core/reml/trials.h"

namespace henderson::reml {

class Curvature {
 public:
  // The trials and the course must outlive it.
  Curvature(Trials& trials, const Course& course);

  // At the next point of the search; the evaluation ends. Cost: that of information::expand(), and
  // two scores for each coordinate where the Hessian is taken by differences.
  void look(const likelihood::Parameters& at, likelihood::Evaluation&& evaluation);

  // Of the last look.
  const Vector& gradient() const { return expansion_.gradient; }
  const Matrix& hessian() const { return hessian_; }
  bool is_exact() const { return expansion_.is_exact; }
  // Positive semidefinite, for a Hessian that may be a saddle's for ever.
  Matrix convex() const { return expansion_.convex(); }
  Matrix learnt_convex(const likelihood::Parameters& at) { return learnt(at, convex()); }
  // An indefinite Hessian says little: with the curvature of Sigma a model that does not fit may
  // look like a saddle for ever, and so does one with more parameters than it can tell apart.
  bool is_doubtful() const;

  // The function has changed: the last step tells nothing of the new one.
  void forget_last() { last_.reset(); }

 private:
  bool has_many_parameters() const;
  bool wants_exact() const;
  bool wants_differences() const;
  void learn(const likelihood::Parameters& at);
  Matrix learnt(const likelihood::Parameters& at, const Matrix& hessian);

  Trials& trials_;
  const Course& course_;
  const bool has_terms_;
  const bool has_loadings_;
  information::Expansion expansion_;
  Matrix hessian_;
  bool is_observed_ = false;  // this Hessian is exact, or of differences
  bool exact_ = false;        // the cheap observed Hessian is used from here on
  bool differences_ = false;  // or that of differences
  bool learns_ = false;       // or what the steps tell
  std::size_t n_learnt_ = 0;  // how often that was used
  Secants secants_;
  std::optional<std::pair<Vector, Vector>> last_;  // place and gradient of the last look
};

}  // namespace henderson::reml
