// SPDX-License-Identifier: GPL-3.0-or-later
// The restricted likelihood as a function of the user's values, at many points.
//
// With a flat prior of beta, exp(l_REML(theta)) is the likelihood of theta with beta and u
// integrated out (Harville 1974, Biometrika 61:383), and (beta, u) given theta are normal with mean
// b and covariance sigma^2 C^-1: all that a sampler needs is an evaluation.
//
// Points are independent. Where a factor is small, each thread has a model and equations of its own
// (structures keep what they computed last) and takes the next point; else the points follow each
// other and the threads share the factor.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/likelihood/evaluation.h"

namespace henderson::bayes {

class Surface {
 public:
  // Nothing is held: the values of a point are all values. Cost: the model, and one analysis of the
  // pattern, for each thread that takes points.
  Surface(const model::ModelSpec& spec, const model::VarianceRequest& request, int threads,
          Callbacks& callbacks);
  Surface(const Surface&) = delete;
  Surface& operator=(const Surface&) = delete;

  const model::Model& model() const { return workers_.front()->model; }

  // What a point is read by: its number and its evaluation; nothing where the values are no
  // covariance or C is not positive definite. Called once for each point, by several threads at
  // once and in any order; it must not write where another point does.
  using Read =
      std::function<void(Index point, std::optional<likelihood::Evaluation>&&, Callbacks&)>;

  // values: a column for each point. Throws Interrupted, what `read` throws.
  void visit(const Matrix& values, const Read& read, Callbacks& callbacks);

 private:
  struct Worker {
    Worker(const model::ModelSpec& spec, const model::VarianceRequest& request, int threads,
           Callbacks& callbacks);
    std::optional<likelihood::Evaluation> at(const ConstVectorRef& values,
                                             Callbacks& callbacks) const;

    const model::Model model;
    const equations::MixedModelEquations equations;
  };

  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace henderson::bayes
