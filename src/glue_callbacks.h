// SPDX-License-Identifier: GPL-3.0-or-later
// The engine's callbacks in R: Ctrl-C, progress, and a user's covariance matrix.
#pragma once

#include <RcppEigen.h>

#ifndef _WIN32
#include <sys/resource.h>
#endif

#include <cstdio>
#include <new>
#include <system_error>

#include "core/base/callbacks.h"
#include "core/covariance/user_matrix.h"
#include "glue_checks.h"

namespace henderson {

// `report` of the control list, where there is one, is a function of a line: "" says that the last
// one still holds.
class RCallbacks final : public Callbacks {
 public:
  RCallbacks() = default;
  explicit RCallbacks(const Rcpp::List& control) {
    if (control.containsElementNamed("report")) report_ = control["report"];
  }

  // R jumps out of R_CheckUserInterrupt; at top level of its own it only reports that it would
  // have.
  bool interrupted() override {
    if (R_ToplevelExec([](void*) { R_CheckUserInterrupt(); }, nullptr) == FALSE) return true;
    progress("");
    return false;
  }

  void progress(const std::string& line) override {
    if (Rf_isNull(report_)) return;
    const Rcpp::Function report(report_);
    report(line);
  }

 private:
  Rcpp::RObject report_ = R_NilValue;
};

// A user's function, for the time of one call of the engine. R's errors come from it as a text, see
// R/covstruct-own.R; Rcpp carries an interrupt as an exception.
class RUserMatrix final : public covariance::UserMatrix {
 public:
  RUserMatrix(const Rcpp::List& own, Index n_coef)
      : evaluate_(Rcpp::as<Rcpp::Function>(own["evaluate"])),
        start_(Rcpp::as<Vector>(own["start"])),
        lower_(Rcpp::as<Vector>(own["lower"])),
        upper_(Rcpp::as<Vector>(own["upper"])),
        n_coef_(n_coef) {
    check_size("own, lower", lower_.size(), start_.size());
    check_size("own, upper", upper_.size(), start_.size());
  }

  const Vector& start() const override { return start_; }
  const Vector& lower() const override { return lower_; }
  const Vector& upper() const override { return upper_; }

  std::optional<Value> at(const Vector& parameters, bool with_derivatives) const override {
    const Rcpp::RObject found =
        evaluate_(Rcpp::NumericVector(Rcpp::wrap(parameters)), with_derivatives);
    if (TYPEOF(found) != VECSXP) return std::nullopt;
    const Rcpp::List list(found);
    Value value{matrix(list["covariance"]), {}};
    const Rcpp::List derivatives = list["derivatives"];
    if (with_derivatives) check_size("own, derivatives", derivatives.size(), start_.size());
    for (R_xlen_t k = 0; k < derivatives.size(); ++k)
      value.derivatives.push_back(matrix(derivatives[k]));
    return value;
  }

 private:
  Matrix matrix(SEXP found) const {
    Matrix made = Rcpp::as<Matrix>(found);
    check_size("own, rows", made.rows(), n_coef_);
    check_size("own, columns", made.cols(), n_coef_);
    return made;
  }

  Rcpp::Function evaluate_;
  Vector start_;
  Vector lower_;
  Vector upper_;
  Index n_coef_;
};

// What R has in use, for a message: " (R has 3.1 GB)".
inline std::string memory_in_use() {
#ifdef _WIN32
  return "";
#else
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return "";
#ifdef __APPLE__
  constexpr double kUnit = 1e9;
#else
  constexpr double kUnit = 1e6;
#endif
  char text[40];
  std::snprintf(text, sizeof text, " (R has %.1f GB)",
                static_cast<double>(usage.ru_maxrss) / kUnit);
  return text;
#endif
}

// Runs an engine call; an interrupt becomes R's own, and what the system refuses becomes words.
template <class Call>
auto guarded(Call call) {
  try {
    return call();
  } catch (const Interrupted&) {
    throw Rcpp::internal::InterruptedException();
  } catch (const std::bad_alloc&) {
    throw Error("there is not enough memory for this computation" + memory_in_use() +
                ": write a smaller model, or give R more memory");
  } catch (const std::system_error& failure) {
    throw Error(std::string("the system gives no more threads (") + failure.what() +
                "): write `lmm_control(threads = 1)`");
  }
}

}  // namespace henderson
