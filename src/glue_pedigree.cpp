// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/pedigree/ainverse.h"
#include "core/pedigree/inbreeding.h"
#include "core/pedigree/product.h"
#include "glue_callbacks.h"
#include "glue_convert.h"
#include "glue_descent.h"

namespace henderson {
namespace {

std::vector<SmallIndex> as_rows(const Rcpp::IntegerVector& rows, Index n) {
  std::vector<SmallIndex> found = as_zero_based(rows);
  check_indices("rows", found, n);
  return found;
}

Rcpp::List sorted(const pedigree::Parents& parents) {
  auto found = pedigree::generations(parents);
  if (const auto* cycle = std::get_if<pedigree::Cycle>(&found))
    return Rcpp::List::create(Rcpp::Named("cycle") = one_based(cycle->members));
  const auto& generation = std::get<std::vector<SmallIndex>>(found);
  return Rcpp::List::create(
      Rcpp::Named("order") = one_based(pedigree::order_by_generation(generation)),
      Rcpp::Named("generation") = Rcpp::IntegerVector(generation.begin(), generation.end()));
}

Rcpp::List lower_matrix(const pedigree::LowerMatrix& lower) {
  return Rcpp::List::create(
      Rcpp::Named("i") = Rcpp::IntegerVector(lower.row.begin(), lower.row.end()),
      Rcpp::Named("p") = Rcpp::IntegerVector(lower.start.begin(), lower.start.end()),
      Rcpp::Named("x") = Rcpp::NumericVector(lower.value.begin(), lower.value.end()));
}

}  // namespace
}  // namespace henderson

// [[Rcpp::export]]
Rcpp::List sort_pedigree_cpp(Rcpp::List parents) {
  using namespace henderson;
  return guarded([&] { return sorted(as_parents(parents)); });
}

// [[Rcpp::export]]
Rcpp::LogicalVector ancestors_cpp(Rcpp::List parents, Rcpp::IntegerVector rows) {
  using namespace henderson;
  return guarded([&] {
    const pedigree::Parents all = as_parents(parents);
    const std::vector<bool> kept = pedigree::with_ancestors(all, as_rows(rows, all.size()));
    return Rcpp::LogicalVector(kept.begin(), kept.end());
  });
}

// [[Rcpp::export]]
Rcpp::List inbreeding_cpp(Rcpp::List pedigree, int threads) {
  using namespace henderson;
  return guarded([&] {
    RCallbacks callbacks;
    const pedigree::Inbreeding found =
        pedigree::inbreeding(as_pedigree(pedigree), available_threads(threads), callbacks);
    return Rcpp::List::create(Rcpp::Named("total") = to_r(found.total),
                              Rcpp::Named("by_parents") = to_r(found.by_parents));
  });
}

// [[Rcpp::export]]
Rcpp::List ainverse_cpp(Rcpp::List pedigree, Rcpp::NumericVector inbreeding) {
  using namespace henderson;
  return guarded([&] {
    const pedigree::Pedigree p = as_pedigree(pedigree);
    const Vector variance = variances(p, inbreeding, pedigree);
    Rcpp::List result = lower_matrix(pedigree::ainverse(p, variance));
    result["log_det"] = pedigree::log_determinant(p, variance);
    return result;
  });
}

// [[Rcpp::export]]
Rcpp::NumericMatrix amultiply_cpp(Rcpp::List pedigree, Rcpp::NumericVector inbreeding,
                                  Rcpp::NumericMatrix x, int threads) {
  using namespace henderson;
  return guarded([&] {
    const pedigree::Pedigree p = as_pedigree(pedigree);
    Matrix columns = Eigen::Map<const Matrix>(x.begin(), x.nrow(), x.ncol());
    pedigree::multiply(p, variances(p, inbreeding, pedigree), available_threads(threads), columns);
    return to_r(columns);
  });
}

// [[Rcpp::export]]
Rcpp::NumericMatrix amatrix_cpp(Rcpp::List pedigree, Rcpp::NumericVector inbreeding,
                                Rcpp::IntegerVector rows, int threads) {
  using namespace henderson;
  return guarded([&] {
    RCallbacks callbacks;
    const pedigree::Pedigree p = as_pedigree(pedigree);
    return to_r(pedigree::relationships(p, variances(p, inbreeding, pedigree),
                                        as_rows(rows, p.size()), available_threads(threads),
                                        callbacks));
  });
}

// [[Rcpp::export]]
Rcpp::NumericMatrix group_shares_cpp(Rcpp::List pedigree) {
  using namespace henderson;
  return guarded([&] { return to_r(pedigree::group_shares(as_pedigree(pedigree))); });
}
