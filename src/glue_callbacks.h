// SPDX-License-Identifier: GPL-3.0-or-later
// The engine's callbacks in R: Ctrl-C, and progress as messages.
#pragma once

#include <Rcpp.h>

#include "core/base/callbacks.h"

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
