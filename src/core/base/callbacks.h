// SPDX-License-Identifier: GPL-3.0-or-later
// How the engine speaks to its caller: it never prints, and never asks R anything.
#pragma once

#include <string>

#include "core/base/error.h"

namespace henderson {

// The default does nothing and is never interrupted. Called from the main thread only.
class Callbacks {
 public:
  virtual ~Callbacks() = default;
  virtual bool interrupted() { return false; }
  virtual void progress(const std::string&) {}

  void stop_if_interrupted() {
    if (interrupted()) throw Interrupted{};
  }
};

}  // namespace henderson
