// SPDX-License-Identifier: GPL-3.0-or-later
// From the fields of R's pedigree object to the engine's.
#pragma once

#include "core/pedigree/inbreeding.h"
#include "core/pedigree/rules.h"
#include "glue_checks.h"
#include "glue_vectors.h"

namespace henderson {

// R writes an unknown parent as 0.
inline pedigree::Parents as_parents(const Rcpp::List& list) {
  pedigree::Parents parents{as_zero_based(list["sire"]), as_zero_based(list["dam"])};
  check_size("dam", static_cast<Index>(parents.dam.size()), parents.size());
  check_indices("sire", parents.sire, parents.size(), kNone);
  check_indices("dam", parents.dam, parents.size(), kNone);
  return parents;
}

inline Vector vector_or_none(const Rcpp::List& list, const char* name) {
  if (!list.containsElementNamed(name)) return Vector();
  return as_vector(list[name]);
}

inline pedigree::Pedigree as_pedigree(const Rcpp::List& list) {
  pedigree::Pedigree pedigree;
  pedigree.parents = as_parents(list);
  pedigree.n_groups = checked_int("n_groups", list["n_groups"], 0, pedigree.parents.size());
  pedigree.dam_weight = Rcpp::as<double>(list["dam_weight"]);
  if (!Rf_isNull(list["gamma"])) {
    const Rcpp::NumericMatrix gamma = list["gamma"];
    pedigree.gamma = Eigen::Map<const Matrix>(gamma.begin(), gamma.nrow(), gamma.ncol());
  }
  pedigree.own = vector_or_none(list, "own");
  pedigree.share = vector_or_none(list, "share");
  pedigree::validate(pedigree);
  return pedigree;
}

// The Mendelian sampling variances, from inbreeding that is known.
inline Vector variances(const pedigree::Pedigree& pedigree, const Rcpp::NumericVector& inbreeding,
                        const Rcpp::List& list) {
  check_size("inbreeding", inbreeding.size(), pedigree.size());
  const Vector total = as_vector(inbreeding);
  const Vector by_parents = pedigree.has_lines() ? vector_or_none(list, "by_parents") : total;
  check_size("by_parents", by_parents.size(), pedigree.size());
  return pedigree::mendelian_variances(pedigree, {total, by_parents});
}

// A pedigree with its inbreeding, as a relationship has it.
inline std::shared_ptr<const pedigree::Rules> as_rules(const Rcpp::List& list) {
  pedigree::Pedigree pedigree = as_pedigree(list);
  Vector variance = variances(pedigree, list["inbreeding"], list);
  pedigree.own = pedigree.share = Vector();
  return std::make_shared<const pedigree::Rules>(std::move(pedigree), std::move(variance));
}

}  // namespace henderson
