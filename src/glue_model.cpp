// SPDX-License-Identifier: GPL-3.0-or-later
#include "glue_callbacks.h"
#include "glue_convert.h"

namespace henderson {
namespace {

// A dgCMatrix of entries given by rows, column column_of(entry) of n_columns.
template <class ColumnOf>
Rcpp::S4 sparse_matrix(const std::vector<const model::SparseRows*>& parts, Index n_rows,
                       Index n_columns, ColumnOf column_of) {
  using Entry = Eigen::Triplet<double, int>;
  std::vector<Entry> entries;
  for (std::size_t part = 0; part < parts.size(); ++part) {
    const model::SparseRows& rows = *parts[part];
    for (Index r = 0; r < n_rows; ++r) {
      for (Index k = rows.start[r]; k < rows.start[r + 1]; ++k) {
        entries.emplace_back(static_cast<int>(r), column_of(part, r, rows.column[k]),
                             rows.value[k]);
      }
    }
  }
  Eigen::SparseMatrix<double> matrix(n_rows, n_columns);
  matrix.setFromTriplets(entries.begin(), entries.end());
  return Rcpp::wrap(matrix);
}

Rcpp::S4 random_design(const model::RandomTerm& term, Index n_records) {
  std::vector<model::SparseRows> rows;
  for (const model::Incidence& incidence : term.incidence) {
    rows.push_back(model::expand(incidence.terms, n_records, term.label));
  }
  std::vector<const model::SparseRows*> parts;
  for (const model::SparseRows& part : rows) parts.push_back(&part);
  return sparse_matrix(parts, n_records, static_cast<Index>(term.n_coef) * term.n_levels,
                       [&](std::size_t part, Index record, SmallIndex column) {
                         const model::Incidence& incidence = term.incidence[part];
                         return incidence.level_of_record[record] * term.n_coef +
                                incidence.first_coef + column;
                       });
}

// Of X and Z, which know nothing of relationships.
model::Relationship leave_out(const Rcpp::List&) { return model::Relationship{}; }

Rcpp::List design(const Rcpp::List& spec) {
  const model::ModelSpec model_spec = as_spec(spec, leave_out);
  const model::SparseRows x =
      model::expand(model_spec.fixed, model_spec.n_records(), "fixed effects");
  Rcpp::List z;
  for (const model::RandomTerm& term : model_spec.random)
    z.push_back(random_design(term, model_spec.n_records()));
  return Rcpp::List::create(
      Rcpp::Named("X") = sparse_matrix({&x}, x.n_rows(), x.n_columns,
                                       [](std::size_t, Index, SmallIndex c) { return c; }),
      Rcpp::Named("Z") = z);
}

}  // namespace
}  // namespace henderson

// [[Rcpp::export]]
Rcpp::List design_cpp(Rcpp::List spec) {
  return henderson::guarded([&] { return henderson::design(spec); });
}

// [[Rcpp::export]]
Rcpp::DataFrame structure_table_cpp() {
  using namespace henderson;
  std::vector<std::string> name;
  std::vector<bool> unstructured, uncorrelated;
  for (const covariance::StructureTraits& traits : covariance::all_structures()) {
    name.emplace_back(traits.name);
    unstructured.push_back(traits.change == covariance::CoefficientChange::any);
    uncorrelated.push_back(traits.is_uncorrelated);
  }
  return Rcpp::DataFrame::create(Rcpp::Named("name") = name,
                                 Rcpp::Named("is_unstructured") = unstructured,
                                 Rcpp::Named("is_uncorrelated") = uncorrelated);
}

// [[Rcpp::export]]
Rcpp::IntegerVector value_counts_cpp(Rcpp::RObject recipe, int n_coef) {
  using namespace henderson;
  const covariance::ValueCounts counts = covariance::value_counts(as_recipe(recipe, n_coef));
  return Rcpp::IntegerVector::create(Rcpp::Named("variances") = static_cast<int>(counts.variances),
                                     Rcpp::Named("loadings") = static_cast<int>(counts.loadings),
                                     Rcpp::Named("others") = static_cast<int>(counts.others));
}
