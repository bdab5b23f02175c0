// SPDX-License-Identifier: GPL-3.0-or-later
// What follows a first search: the same again where the equations lost digits, others from other
// starts, and a verdict where it did not converge. Each takes the result over and gives the better.
#pragma once

#include "core/reml/result.h"

namespace henderson::reml {

// A search that came below the wall, where the equations have lost digits, is repeated with the
// wall standing from the beginning; its end counts where it is as good.
RemlResult beside_wall(RemlResult&& first, const equations::MixedModelEquations& equations,
                       const RemlOptions& options, Callbacks& callbacks);

enum class Others { go_on_from_it, begin_elsewhere };

// The best of a search and of those from other starts. Where they go on from the end of one that
// has not converged, the first that does ends them.
RemlResult best_of(RemlResult&& first, const std::vector<likelihood::Parameters>& starts,
                   Others others, const equations::MixedModelEquations& equations,
                   const RemlOptions& options, Callbacks& callbacks);

// Where the numbers of a structure are idle (idle_numbers.h), goes on from the two best of the
// lifted ends with other numbers.
RemlResult with_turned_numbers(RemlResult&& first, const likelihood::Parameters& start,
                               const equations::MixedModelEquations& equations,
                               const RemlOptions& options, Callbacks& callbacks);

// And from the best of a survey (survey.h) around the start.
RemlResult with_survey(RemlResult&& first, const likelihood::Parameters& start,
                       const equations::MixedModelEquations& equations, const RemlOptions& options,
                       Callbacks& callbacks);

// What the model of a search that has not converged expects may not be there. Its end is the best
// all the same where no point is found that is better; else it goes on from that.
RemlResult settled(RemlResult&& first, const equations::MixedModelEquations& equations,
                   const RemlOptions& options, Callbacks& callbacks);

}  // namespace henderson::reml
