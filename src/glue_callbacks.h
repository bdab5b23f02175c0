// SPDX-License-Identifier: GPL-3.0-or-later
// The engine's callbacks in R: Ctrl-C, progress as messages, and a user's covariance matrix.
#pragma once

#include <RcppEigen.h>

#include "core/base/callbacks.h"
#include "core/covariance/user_matrix.h"

namespace henderson {

class RCallbacks final : public Callbacks {
 public:
  // R jumps out of R_CheckUserInterrupt; at top level of its own it only reports that it would
  // have.
  bool interrupted() override {
    return R_ToplevelExec([](void*) { R_CheckUserInterrupt(); }, nullptr) == FALSE;
  }

  void progress(const std::string& line) override { Rcpp::Function("message")(line); }
};

// A user's function, for the time of one call of the engine. R's errors come from it as a text, see
// R/covstruct-own.R; Rcpp carries an interrupt as an exception.
class RUserMatrix final : public covariance::UserMatrix {
 public:
  explicit RUserMatrix(const Rcpp::List& own)
      : evaluate_(Rcpp::as<Rcpp::Function>(own["evaluate"])),
        start_(Rcpp::as<Vector>(own["start"])),
        lower_(Rcpp::as<Vector>(own["lower"])),
        upper_(Rcpp::as<Vector>(own["upper"])) {}

  const Vector& start() const override { return start_; }
  const Vector& lower() const override { return lower_; }
  const Vector& upper() const override { return upper_; }

  std::optional<Value> at(const Vector& parameters, bool with_derivatives) const override {
    const Rcpp::RObject found =
        evaluate_(Rcpp::NumericVector(Rcpp::wrap(parameters)), with_derivatives);
    if (TYPEOF(found) != VECSXP) return std::nullopt;
    const Rcpp::List list(found);
    Value value{Rcpp::as<Matrix>(list["covariance"]), {}};
    const Rcpp::List derivatives = list["derivatives"];
    for (R_xlen_t k = 0; k < derivatives.size(); ++k)
      value.derivatives.push_back(Rcpp::as<Matrix>(derivatives[k]));
    return value;
  }

 private:
  Rcpp::Function evaluate_;
  Vector start_;
  Vector lower_;
  Vector upper_;
};

// Runs an engine call; an interrupt becomes R's own.
template <class Call>
auto guarded(Call call) {
  try {
    return call();
  } catch (const Interrupted&) {
    throw Rcpp::internal::InterruptedException();
  }
}

}  // namespace henderson
