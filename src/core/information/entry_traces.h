// SPDX-License-Identifier: GPL-3.0-or-later
// tr(P V_a P V_b) and tr(P V_a) of the entries of all Sigma, V_a = Z(E_a x I)Z': the sums that
// random_information.h names.
#pragma once

#include "core/equations/absorption.h"

namespace henderson::information {

struct EntryTraces {
  Matrix products;
  Vector traces;
};

// Over the lower triangles of all blocks, row by row. Cost: that of the groups of the absorption,
// and 2 (columns of B)^3 for each entry of an absorbed term.
EntryTraces entry_traces(const equations::MixedModelEquations& equations,
                         const equations::Absorption& absorption);

}  // namespace henderson::information
