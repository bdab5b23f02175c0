// SPDX-License-Identifier: GPL-3.0-or-later
// Markers as R has them: a matrix of integers or doubles, or a list that names a packed file.
#pragma once

#include <limits>
#include <memory>

#include "core/linalg/dense.h"
#include "core/pedigree/plink_bed.h"
#include "glue_convert.h"

namespace henderson {

struct Markers {
  Index n = 0, n_markers = 0;
  linalg::ColumnSource columns;  // with NaN for a missing genotype
};

inline Markers file_markers(const Rcpp::List& file) {
  const Index n = checked_int("animals", file["n"], 1);
  const Index n_markers = checked_int("markers", file["n_markers"], 1);
  const auto bed =
      std::make_shared<pedigree::PlinkBed>(Rcpp::as<std::string>(file["path"]), n, n_markers);
  return {n, n_markers, [bed](Index first, MatrixRef block) { bed->read(first, block); }};
}

inline Markers as_markers(SEXP markers) {
  if (TYPEOF(markers) == VECSXP) return file_markers(Rcpp::List(markers));
  const auto n = static_cast<Index>(Rf_nrows(markers));
  const auto n_markers = static_cast<Index>(Rf_ncols(markers));
  if (TYPEOF(markers) == REALSXP) {
    return {n, n_markers, [=](Index first, MatrixRef block) {
              block = Eigen::Map<const Matrix>(REAL(markers) + first * n, n, block.cols());
            }};
  }
  if (TYPEOF(markers) != INTSXP) throw InvalidSpec("M", "must be an integer or double matrix");
  return {n, n_markers, [=](Index first, MatrixRef block) {
            const int* from = INTEGER(markers) + first * n;
            for (Index c = 0; c < block.cols(); ++c) {
              for (Index r = 0; r < n; ++r, ++from)
                block(r, c) =
                    *from == NA_INTEGER ? std::numeric_limits<double>::quiet_NaN() : *from;
            }
          }};
}

// Some markers of some animals: row i is animal rows[i], column j marker columns[j].
inline Markers subset(Markers all, std::vector<SmallIndex> rows, std::vector<SmallIndex> columns) {
  check_indices("animals", rows, all.n);
  check_indices("markers", columns, all.n_markers);
  const auto n = static_cast<Index>(rows.size());
  const auto n_markers = static_cast<Index>(columns.size());
  const auto whole = std::make_shared<Matrix>(all.n, 1);
  return {n, n_markers,
          [all = std::move(all), rows = std::move(rows), columns = std::move(columns), whole](
              Index first, MatrixRef block) {
            for (Index c = 0; c < block.cols(); ++c) {
              all.columns(columns[static_cast<std::size_t>(first + c)], *whole);
              for (std::size_t i = 0; i < rows.size(); ++i)
                block(static_cast<Index>(i), c) = (*whole)(rows[i], 0);
            }
          }};
}

// Some markers of all animals.
inline Markers subset(Markers all, std::vector<SmallIndex> columns) {
  check_indices("markers", columns, all.n_markers);
  const Index n = all.n;
  const auto n_markers = static_cast<Index>(columns.size());
  return {n, n_markers,
          [all = std::move(all), columns = std::move(columns)](Index first, MatrixRef block) {
            for (Index c = 0; c < block.cols(); ++c)
              all.columns(columns[static_cast<std::size_t>(first + c)], block.middleCols(c, 1));
          }};
}

}  // namespace henderson
