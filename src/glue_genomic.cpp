// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/semidefinite.h"
#include "core/pedigree/genomic.h"
#include "core/pedigree/marker_moments.h"
#include "core/pedigree/marker_scan.h"
#include "glue_callbacks.h"
#include "glue_markers.h"

namespace henderson {
namespace {

pedigree::GenomicMethod as_genomic_method(const std::string& name) {
  if (name == "VanRaden1") return pedigree::GenomicMethod::vanraden1;
  if (name == "VanRaden2") return pedigree::GenomicMethod::vanraden2;
  if (name == "dominance") return pedigree::GenomicMethod::dominance;
  if (name == "NOIA.dominance") return pedigree::GenomicMethod::noia_dominance;
  throw InvalidSpec("method", "no such genomic relationship: " + name);
}

Rcpp::List summary_list(const std::vector<pedigree::MarkerSummary>& markers) {
  Rcpp::NumericVector frequency(markers.size()), missing(markers.size());
  Rcpp::LogicalVector in_range(markers.size());
  for (std::size_t j = 0; j < markers.size(); ++j) {
    frequency[j] = markers[j].frequency;
    missing[j] = static_cast<double>(markers[j].n_missing);
    in_range[j] = markers[j].in_range;
  }
  return Rcpp::List::create(Rcpp::Named("frequency") = frequency, Rcpp::Named("missing") = missing,
                            Rcpp::Named("in_range") = in_range);
}

Rcpp::List scores_list(const pedigree::MarkerScores& scores) {
  Rcpp::List found = summary_list(scores.summary);
  found["score"] = to_r(scores.score);
  found["information"] = to_r(scores.information);
  found["squares"] = to_r(scores.squares);
  return found;
}

std::vector<ConstMatrixRef> as_matrices(const std::string& what,
                                        const std::vector<Rcpp::NumericMatrix>& matrices, Index n) {
  std::vector<ConstMatrixRef> maps;
  for (const Rcpp::NumericMatrix& matrix : matrices) {
    check_size(what, matrix.nrow(), n);
    check_square(what, matrix);
    maps.emplace_back(Eigen::Map<const Matrix>(matrix.begin(), n, n));
  }
  return maps;
}

Rcpp::List inverse_list(std::variant<linalg::DenseInverse, linalg::FailedPivot> found,
                        const Vector& sd) {
  if (const auto* failed = std::get_if<linalg::FailedPivot>(&found)) {
    return Rcpp::List::create(Rcpp::Named("failed") = static_cast<int>(failed->column) + 1,
                              Rcpp::Named("pivot") = failed->value);
  }
  const auto& dense = std::get<linalg::DenseInverse>(found);
  return Rcpp::List::create(
      Rcpp::Named("inverse") = to_r(dense.inverse), Rcpp::Named("log_det") = dense.log_determinant,
      Rcpp::Named("above_rounding") = linalg::above_rounding(dense.inverse, sd));
}

Rcpp::List levels_list(const linalg::PivotLevels& found) {
  return Rcpp::List::create(
      Rcpp::Named("pivots") = one_based(found.pivots),
      Rcpp::Named("others") = one_based(found.others), Rcpp::Named("inverse") = to_r(found.inverse),
      Rcpp::Named("weights") = to_r(found.weights), Rcpp::Named("left") = found.left,
      Rcpp::Named("rounding") = found.rounding);
}

}  // namespace
}  // namespace henderson

// [[Rcpp::export]]
Rcpp::List marker_summary_cpp(SEXP markers, double ploidy) {
  using namespace henderson;
  return guarded([&] {
    RCallbacks callbacks;
    const Markers all = as_markers(markers);
    return summary_list(
        pedigree::summarise_markers(all.n, all.n_markers, ploidy, all.columns, callbacks));
  });
}

// Sums and sums of squares of some markers, of genotypes less `centre`.
// [[Rcpp::export]]
Rcpp::List marker_moments_cpp(SEXP markers, Rcpp::IntegerVector columns,
                              Rcpp::NumericVector centre) {
  using namespace henderson;
  return guarded([&] {
    RCallbacks callbacks;
    const Markers some = subset(as_markers(markers), as_zero_based(columns));
    check_size("centre", centre.size(), some.n_markers);
    const pedigree::MarkerMoments found =
        pedigree::marker_moments(some.n, as_vector(centre), some.columns, callbacks);
    return Rcpp::List::create(Rcpp::Named("sum") = to_r(found.sum),
                              Rcpp::Named("squares") = to_r(found.squares));
  });
}

// [[Rcpp::export]]
Rcpp::List grm_cpp(SEXP markers, Rcpp::IntegerVector animals, Rcpp::IntegerVector columns,
                   Rcpp::NumericVector frequency, std::string method, double ploidy, int threads) {
  using namespace henderson;
  return guarded([&] {
    RCallbacks callbacks;
    const Markers some =
        subset(as_markers(markers), as_zero_based(animals), as_zero_based(columns));
    check_size("frequency", frequency.size(), some.n_markers);
    const pedigree::GenomicRelationship found =
        pedigree::genomic_relationship(some.n, as_vector(frequency), as_genomic_method(method),
                                       ploidy, some.columns, available_threads(threads), callbacks);
    return Rcpp::List::create(Rcpp::Named("relationship") = to_r(found.relationship),
                              Rcpp::Named("n_used") = static_cast<int>(found.n_used));
  });
}

// The genotypes themselves, NA where missing.
// [[Rcpp::export]]
Rcpp::NumericMatrix genotypes_cpp(SEXP markers, Rcpp::IntegerVector animals,
                                  Rcpp::IntegerVector columns) {
  using namespace henderson;
  return guarded([&] {
    const Markers some =
        subset(as_markers(markers), as_zero_based(animals), as_zero_based(columns));
    Rcpp::NumericMatrix found(animals.size(), columns.size());
    some.columns(0, Eigen::Map<Matrix>(found.begin(), found.nrow(), found.ncol()));
    std::replace_if(found.begin(), found.end(), pedigree::is_missing, NA_REAL);
    return found;
  });
}

// s: animals x effects; a: a list of animals x animals, none or one for each pair of effects.
// [[Rcpp::export]]
Rcpp::List scan_markers_cpp(SEXP markers, Rcpp::IntegerVector animals, Rcpp::IntegerVector columns,
                            Rcpp::NumericMatrix s, Rcpp::List a, double ploidy, int threads) {
  using namespace henderson;
  return guarded([&] {
    RCallbacks callbacks;
    check_size("animals", animals.size(), s.nrow());
    const std::vector<Rcpp::NumericMatrix> matrices(a.begin(), a.end());
    const Markers some =
        subset(as_markers(markers), as_zero_based(animals), as_zero_based(columns));
    return scores_list(pedigree::scan_markers(
        some.n_markers, Eigen::Map<const Matrix>(s.begin(), s.nrow(), s.ncol()),
        as_matrices("information", matrices, s.nrow()), ploidy, some.columns,
        available_threads(threads), callbacks));
  });
}

// The largest size of an entry, Inf where one is not finite; and the largest difference of an entry
// from its mirror image.
// [[Rcpp::export]]
Rcpp::NumericVector symmetry_cpp(Rcpp::NumericMatrix a) {
  using namespace henderson;
  check_square("matrix", a);
  const Eigen::Map<const Matrix> map(a.begin(), a.nrow(), a.ncol());
  const linalg::Symmetry found = linalg::symmetry(map);
  return {found.largest, found.asymmetry};
}

// [[Rcpp::export]]
Rcpp::List symmetric_inverse_cpp(Rcpp::NumericMatrix a, int threads) {
  using namespace henderson;
  check_square("matrix", a);
  return guarded([&] {
    const Eigen::Map<const Matrix> map(a.begin(), a.nrow(), a.ncol());
    return inverse_list(linalg::symmetric_inverse(Matrix(map), available_threads(threads)),
                        map.diagonal().cwiseMax(0.0).cwiseSqrt());
  });
}

// [[Rcpp::export]]
Rcpp::List pivot_levels_cpp(Rcpp::NumericMatrix a, int threads) {
  using namespace henderson;
  check_square("matrix", a);
  return guarded([&] {
    const Eigen::Map<const Matrix> map(a.begin(), a.nrow(), a.ncol());
    return levels_list(linalg::pivot_levels(Matrix(map), available_threads(threads)));
  });
}
