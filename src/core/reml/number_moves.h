// SPDX-License-Identifier: GPL-3.0-or-later
// What is moved to begin a search elsewhere: standard deviations and the numbers beside them.
#pragma once

#include <cstddef>
#include <vector>

#include "core/model/slot.h"

namespace henderson::reml {

struct Move {
  Index theta = 0;         // among all theta
  bool is_number = false;  // not a standard deviation
};

// What may be moved one by one, in a structure of several such. Correlations that are values of
// several theta have theta of the same kind.
std::vector<Move> moves(const model::Slot& slot);

// Signs by Walsh functions: in n_runs() runs each pair of up to seven moves is met in all four
// combinations. One run where there is nothing to move.
inline constexpr unsigned kMostRuns = 8;
unsigned n_runs(std::size_t n_moves);
double sign_of(unsigned run, std::size_t move);

}  // namespace henderson::reml
