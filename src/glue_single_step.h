// SPDX-License-Identifier: GPL-3.0-or-later
// Relationships of single-step evaluation, which are made where they are solved with: the genotypes
// are read and packed then.
#pragma once

#include "core/pedigree/single_step.h"
#include "glue_descent.h"
#include "glue_markers.h"

namespace henderson {

// Level i of the term is the first of the operator's levels, i.e. their animals.
inline model::Coding first_levels(SmallIndex n, SmallIndex n_columns) {
  model::Coding coding;
  coding.n_columns = n_columns;
  coding.start.resize(static_cast<std::size_t>(n) + 1);
  std::iota(coding.start.begin(), coding.start.end(), Index{0});
  coding.column.resize(static_cast<std::size_t>(n));
  std::iota(coding.column.begin(), coding.column.end(), SmallIndex{0});
  coding.value.assign(static_cast<std::size_t>(n), 1.0);
  return coding;
}

inline model::Relationship as_single_step(const Rcpp::List& list, int threads,
                                          Callbacks& callbacks) {
  const Markers some = subset(as_markers(list["genotypes"]), as_zero_based(list["columns"]));
  pedigree::MarkerCodes codes{as_vector(list["centre"]), as_vector(list["scale"]),
                              Rcpp::as<double>(list["constant"])};
  check_size("centre", codes.centre.size(), some.n_markers);
  check_size("scale", codes.scale.size(), some.n_markers);
  pedigree::GenotypedSplit split(as_rules(list["descent"]), as_zero_based(list["genotyped"]),
                                 callbacks);
  pedigree::MarkerMatrix markers(some.n, some.columns, std::move(codes), threads, callbacks);
  model::Relationship relationship;
  relationship.is_identity = false;
  relationship.single_step = std::make_shared<const pedigree::SingleStep>(
      std::move(split), std::move(markers),
      pedigree::SingleStepWeights{Rcpp::as<double>(list["polygenic"]),
                                  Rcpp::as<double>(list["omega"])});
  relationship.combination =
      first_levels(relationship.single_step->n_animals(), relationship.single_step->size());
  return relationship;
}

}  // namespace henderson
