// SPDX-License-Identifier: GPL-3.0-or-later
// The end of a search: what the likelihood cannot tell from zero becomes exactly zero.
#pragma once

#include "core/reml/trials.h"

namespace henderson::reml {

// At `best`, where -2l is `value`, or at the boundary near it: all small directions zero at once,
// or block by block those that can be. `judged`: a point that was evaluated, for where C is nearly
// singular and what was not looked at before fails. Throws InvalidSpec where even that does.
// Cost: a factorisation, and one for each boundary that is tried.
likelihood::Evaluation end_at(Trials& trials, const likelihood::Parameters& best, double value,
                              const likelihood::Parameters& judged);

}  // namespace henderson::reml
