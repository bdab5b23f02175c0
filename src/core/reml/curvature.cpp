// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/curvature.h"

#include <algorithm>

namespace henderson::reml {

using likelihood::Parameters;

namespace {

// With at most so many parameters differences are made at once, with more not before the steps have
// told so often what they know.
constexpr Index kFewParameters = 12;
constexpr std::size_t kLearnt = 6;

// Factor analytic terms: Lambda has entries that are always zero.
bool has_loadings(const model::Model& model) {
  return std::any_of(model.blocks.begin(), model.blocks.end(), [](const auto& block) {
    return !block.held && block.structure->factor_pattern().minCoeff() == 0.0;
  });
}

}  // namespace

Curvature::Curvature(Trials& trials, const Course& course)
    : trials_(trials),
      course_(course),
      has_terms_(!trials.model().blocks.empty()),
      has_loadings_(has_loadings(trials.model())) {}

void Curvature::look(const Parameters& at, likelihood::Evaluation&& evaluation) {
  exact_ = exact_ || differences_ || wants_exact();
  expansion_ =
      information::expand(trials_.space(), std::move(evaluation), exact_, trials_.callbacks());
  differences_ = differences_ || (!is_exact() && wants_differences());
  std::optional<Matrix> observed;
  if (is_exact())
    observed = expansion_.hessian;
  else if (differences_)
    observed = information::differenced_hessian(trials_.equations(), trials_.space(), at,
                                                trials_.count(), trials_.callbacks());
  learn(at);
  is_observed_ = observed.has_value();
  hessian_ = is_observed_ ? std::move(*observed) : learnt(at, expansion_.hessian);
}

bool Curvature::is_doubtful() const {
  return (is_exact() && (!has_terms_ || has_many_parameters())) ||
         (!is_observed_ && course_.is_long());
}

bool Curvature::has_many_parameters() const { return trials_.space().size() > kFewParameters; }

// Without random terms the observed Hessian costs little more than the average one; with few levels
// and many parameters it saves many steps, of loadings from the beginning; else it is better than
// differences where it is had.
bool Curvature::wants_exact() const {
  const bool is_slow = course_.is_slow() || (has_loadings_ && course_.is_at_saddle());
  const bool pays = !has_terms_ || (has_many_parameters() && (has_loadings_ || course_.is_long()));
  return pays && is_slow;
}

// Small data sets can have an observed information so far from the average one that the steps only
// creep. With many parameters differences must save more scores than they cost, and what the steps
// tell is tried before.
bool Curvature::wants_differences() const {
  return course_.creeps() && course_.is_worth_differences() &&
         (!has_many_parameters() || (expansion_.has_block_curvature && n_learnt_ >= kLearnt));
}

// The last step and the change of the gradient along it.
void Curvature::learn(const Parameters& at) {
  Vector here = trials_.space().place(at);
  Vector slope = trials_.space().tangent(at) * gradient();
  if (last_) secants_.add(here - last_->first, slope - last_->second);
  last_.emplace(std::move(here), std::move(slope));
}

// Where the steps creep and the observed Hessian is too dear, the steps themselves tell it.
Matrix Curvature::learnt(const Parameters& at, const Matrix& hessian) {
  learns_ = learns_ || course_.creeps();
  if (!learns_) return hessian;
  ++n_learnt_;
  return secants_.updated(hessian, trials_.space().tangent(at));
}

}  // namespace henderson::reml
