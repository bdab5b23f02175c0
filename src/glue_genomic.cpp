// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/pedigree/genomic.h"
#include "glue_callbacks.h"
#include "glue_convert.h"

namespace henderson {
namespace {

// Blocks of columns of R's matrix, integer or double, with NaN for NA.
linalg::ColumnSource columns_of(SEXP markers) {
  const auto n = static_cast<Index>(Rf_nrows(markers));
  if (TYPEOF(markers) == REALSXP) {
    return [=](Index first, MatrixRef block) {
      block = Eigen::Map<const Matrix>(REAL(markers) + first * n, n, block.cols());
    };
  }
  if (TYPEOF(markers) != INTSXP) throw InvalidSpec("M", "must be an integer or double matrix");
  return [=](Index first, MatrixRef block) {
    const int* from = INTEGER(markers) + first * n;
    for (Index c = 0; c < block.cols(); ++c) {
      for (Index r = 0; r < n; ++r, ++from)
        block(r, c) = *from == NA_INTEGER ? std::numeric_limits<double>::quiet_NaN() : *from;
    }
  };
}

pedigree::GenomicMethod as_genomic_method(const std::string& name) {
  if (name == "VanRaden1") return pedigree::GenomicMethod::vanraden1;
  if (name == "VanRaden2") return pedigree::GenomicMethod::vanraden2;
  if (name == "dominance") return pedigree::GenomicMethod::dominance;
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

Rcpp::List inverse_list(std::variant<linalg::DenseInverse, linalg::FailedPivot> found) {
  if (const auto* failed = std::get_if<linalg::FailedPivot>(&found)) {
    return Rcpp::List::create(Rcpp::Named("failed") = static_cast<int>(failed->column) + 1,
                              Rcpp::Named("pivot") = failed->value);
  }
  const auto& dense = std::get<linalg::DenseInverse>(found);
  return Rcpp::List::create(Rcpp::Named("inverse") = to_r(dense.inverse),
                            Rcpp::Named("log_det") = dense.log_determinant);
}

}  // namespace
}  // namespace henderson

// [[Rcpp::export]]
Rcpp::List marker_summary_cpp(SEXP markers) {
  using namespace henderson;
  return guarded([&] {
    RCallbacks callbacks;
    return summary_list(pedigree::summarise_markers(Rf_nrows(markers), Rf_ncols(markers),
                                                    columns_of(markers), callbacks));
  });
}

// [[Rcpp::export]]
Rcpp::List grm_cpp(SEXP markers, Rcpp::NumericVector frequency, std::string method, int threads) {
  using namespace henderson;
  return guarded([&] {
    RCallbacks callbacks;
    check_size("frequency", frequency.size(), Rf_ncols(markers));
    const pedigree::GenomicRelationship found = pedigree::genomic_relationship(
        Rf_nrows(markers), as_vector(frequency), as_genomic_method(method), columns_of(markers),
        available_threads(threads), callbacks);
    return Rcpp::List::create(Rcpp::Named("relationship") = to_r(found.relationship),
                              Rcpp::Named("n_used") = static_cast<int>(found.n_used));
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
    return inverse_list(linalg::symmetric_inverse(Matrix(map), available_threads(threads)));
  });
}
