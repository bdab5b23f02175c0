// SPDX-License-Identifier: GPL-3.0-or-later
// Whether the likelihood, as it stands (ML), is without bound.
//
// V = s G + R with R = r R_0. Where the response lies in the span of X and of the columns of Z that
// take part in G, y'Py stays finite as r goes to zero, and log|V| falls by log r for each direction
// that these columns of Z leave out: there must be one. REML has no such case but for special
// responses, as K'y lies in a smaller span only by chance.
#pragma once

#include "core/model/model.h"

namespace henderson::model {

// Tried are all sets of up to five terms (of more the ones with fewest levels first), with one
// direction of their coefficients where a structure can be of rank one, and all of them whole.
// False for more than some hundred records, or where R has a held part. Cost: QR of n x (columns of
// X and Z), only where these are n or more.
bool is_unbounded(const Model& model);

}  // namespace henderson::model
