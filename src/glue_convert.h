// SPDX-License-Identifier: GPL-3.0-or-later
// From R's lists to the engine's structs and back: everything is copied.
#pragma once

#include <RcppEigen.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <thread>

#include "core/answers/estimates.h"
#include "core/equations/mme.h"
#include "core/model/model.h"
#include "core/model/rotation.h"
#include "core/model/segments.h"
#include "core/reml/options.h"
#include "glue_callbacks.h"
#include "glue_checks.h"
#include "glue_descent.h"

namespace henderson {

// A dgCMatrix whose column l codes level l.
inline model::Coding as_coding(const Rcpp::S4& contrast) {
  const SparseSlots slots = sparse_slots("contrast or combination", contrast);
  model::Coding coding;
  coding.n_columns = slots.dim[0];
  coding.start.assign(slots.start.begin(), slots.start.end());
  coding.column.assign(slots.row.begin(), slots.row.end());
  coding.value.assign(slots.value.begin(), slots.value.end());
  return coding;
}

inline model::Part as_part(SEXP part) {
  if (TYPEOF(part) != VECSXP) {
    const Rcpp::NumericVector values(part);
    Index n_rows = values.size(), n_columns = 1;
    if (values.hasAttribute("dim")) {
      const Rcpp::IntegerVector dim = checked_dim("numeric column", values.attr("dim"));
      n_rows = dim[0];
      n_columns = dim[1];
    }
    return model::NumericPart(Eigen::Map<const Matrix>(values.begin(), n_rows, n_columns));
  }
  const Rcpp::List factor(part);
  return model::FactorPart{as_zero_based(factor["codes"]), as_coding(factor["contrast"])};
}

inline std::vector<model::ColumnTerm> as_terms(const Rcpp::List& list) {
  std::vector<model::ColumnTerm> terms;
  for (R_xlen_t i = 0; i < list.size(); ++i) {
    const Rcpp::List parts = Rcpp::as<Rcpp::List>(list[i])["parts"];
    model::ColumnTerm term;
    for (R_xlen_t k = 0; k < parts.size(); ++k) term.parts.push_back(as_part(parts[k]));
    terms.push_back(std::move(term));
  }
  return terms;
}

// The lower triangle of a dense matrix (dsyMatrix).
inline void read_dense_precision(const Rcpp::S4& precision, model::Relationship& relationship) {
  const Rcpp::NumericVector value = precision.slot("x");
  const Rcpp::IntegerVector dim = checked_dim("precision", precision.slot("Dim"));
  const Index n = dim[0];
  check_size("precision, columns", dim[1], n);
  check_size("precision, slot x", value.size(), n * n);
  relationship.start.resize(n + 1);
  for (Index j = 0; j < n; ++j) {
    relationship.start[j + 1] = relationship.start[j] + n - j;
    relationship.value.insert(relationship.value.end(), value.begin() + j * n + j,
                              value.begin() + (j + 1) * n);
    for (Index i = j; i < n; ++i) relationship.row.push_back(static_cast<SmallIndex>(i));
  }
}

// A symmetric dgCMatrix, or either triangle of one: the lower triangle is read as the transpose of
// the upper one where that is given. Calls visit(row, column, value) column by column.
template <class Visit>
void for_each_lower(const Rcpp::IntegerVector& start, const Rcpp::IntegerVector& row,
                    const Rcpp::NumericVector& value, bool has_upper, Visit visit) {
  for (SmallIndex j = 0; j + 1 < start.size(); ++j) {
    for (int k = start[j]; k < start[j + 1]; ++k) {
      if (has_upper && row[k] <= j) visit(j, row[k], value[k]);
      if (!has_upper && row[k] >= j) visit(row[k], j, value[k]);
    }
  }
}

inline void read_sparse_precision(const Rcpp::S4& precision, model::Relationship& relationship) {
  const auto [dim, start, row, value] = sparse_slots("precision", precision);
  check_size("precision, columns", dim[1], dim[0]);
  bool has_upper = false;
  for (SmallIndex j = 0; j + 1 < start.size(); ++j) {
    for (int k = start[j]; k < start[j + 1]; ++k) has_upper = has_upper || row[k] < j;
  }
  relationship.start.assign(start.size(), 0);
  for_each_lower(start, row, value, has_upper,
                 [&](SmallIndex, SmallIndex column, double) { ++relationship.start[column + 1]; });
  std::partial_sum(relationship.start.begin(), relationship.start.end(),
                   relationship.start.begin());
  std::vector<Index> next(relationship.start.begin(), relationship.start.end() - 1);
  relationship.row.resize(relationship.start.back());
  relationship.value.resize(relationship.start.back());
  for_each_lower(start, row, value, has_upper, [&](SmallIndex i, SmallIndex column, double x) {
    relationship.row[next[column]] = i;
    relationship.value[next[column]++] = x;
  });
}

// What becomes of a relationship that only an operator can hold (glue_single_step.h).
using OperatorMaker = std::function<model::Relationship(const Rcpp::List&)>;

inline model::Relationship refuse_operator(const Rcpp::List&) {
  throw InvalidSpec("relationship", "it has no entries, which this way of solving needs");
}

inline model::Relationship as_relationship(const Rcpp::List& list, const OperatorMaker& make) {
  model::Relationship relationship;
  const std::string type = Rcpp::as<std::string>(list["type"]);
  if (type == "identity") return relationship;
  if (type == "single_step") return make(list);
  relationship.is_identity = false;
  if (list.containsElementNamed("pedigree")) {
    relationship.rules = as_rules(list["pedigree"]);
    return relationship;
  }
  if (list.containsElementNamed("combination"))
    relationship.combination = as_coding(list["combination"]);
  const Rcpp::S4 precision = list["precision"];
  if (precision.is("dsyMatrix"))
    read_dense_precision(precision, relationship);
  else
    read_sparse_precision(precision, relationship);
  const std::vector<Index>& first = relationship.start;
  for (SmallIndex j = 0; j + 1 < static_cast<SmallIndex>(first.size()); ++j) {
    if (first[j] == first[j + 1] || relationship.row[first[j]] != j) {
      throw InvalidSpec("precision",
                        "a diagonal entry is zero (level " + std::to_string(j + 1) + ")");
    }
  }
  return relationship;
}

// A list with the fields of covariance::Recipe, or a name alone.
inline covariance::Recipe as_recipe(const Rcpp::RObject& object, Index n_coef) {
  covariance::Recipe recipe;
  recipe.n_coef = n_coef;
  if (TYPEOF(object) == STRSXP) {
    recipe.name = Rcpp::as<std::string>(object);
    check_recipe(recipe);
    return recipe;
  }
  const Rcpp::List list(object);
  recipe.name = Rcpp::as<std::string>(list["name"]);
  if (list.containsElementNamed("coordinates"))
    recipe.coordinates = Rcpp::as<Matrix>(list["coordinates"]);
  if (list.containsElementNamed("order")) recipe.order = Rcpp::as<int>(list["order"]);
  if (list.containsElementNamed("constants")) recipe.constants = as_vector(list["constants"]);
  if (list.containsElementNamed("own"))
    recipe.user = std::make_shared<const RUserMatrix>(Rcpp::as<Rcpp::List>(list["own"]), n_coef);
  const Rcpp::List factors =
      list.containsElementNamed("factors") ? Rcpp::as<Rcpp::List>(list["factors"]) : Rcpp::List();
  for (R_xlen_t i = 0; i < factors.size(); ++i) {
    const Rcpp::List factor = factors[i];
    recipe.factors.push_back(as_recipe(factor, Rcpp::as<int>(factor["n_coef"])));
  }
  check_recipe(recipe);
  return recipe;
}

inline model::ResidualSection as_section(const Rcpp::List& list, Index n_records) {
  model::ResidualSection section;
  section.label = Rcpp::as<std::string>(list["label"]);
  const Rcpp::List recipe = list["structure"];
  section.structure = as_recipe(recipe, Rcpp::as<int>(recipe["n_coef"]));
  section.record = as_zero_based(list["records"]);
  section.subject = as_zero_based(list["subject"]);
  section.position = as_zero_based(list["position"]);
  if (list.containsElementNamed("stands_for")) section.stands_for = as_vector(list["stands_for"]);
  if (list.containsElementNamed("ridge")) section.ridge = as_vector(list["ridge"]);
  // Subjects are numbered without gaps, over all sections.
  check_indices(section.label + ", subjects", section.subject, n_records);
  return section;
}

inline model::RandomTerm as_random_term(const Rcpp::List& list, Index n_records,
                                        const OperatorMaker& make) {
  model::RandomTerm term;
  term.label = Rcpp::as<std::string>(list["label"]);
  term.n_coef = checked_int("n_coef", list["n_coef"], 1);
  term.structure = as_recipe(list["structure"], term.n_coef);
  term.n_levels = checked_int("n_levels", list["n_levels"], 1);
  const Rcpp::List incidences = list["incidence"];
  for (R_xlen_t i = 0; i < incidences.size(); ++i) {
    const Rcpp::List incidence = incidences[i];
    term.incidence.push_back({as_zero_based(incidence["levels"]), as_terms(incidence["terms"]),
                              checked_int("first_coef", incidence["first_coef"], 1) - 1});
  }
  term.relationship = as_relationship(list["relationship"], make);
  check_term(term, n_records);
  return term;
}

inline model::PureError as_pure_error(const Rcpp::List& list) {
  return {Rcpp::as<double>(list["df"]), Rcpp::as<double>(list["sum_of_squares"]),
          Rcpp::as<double>(list["sum_log_weights"])};
}

inline model::ModelSpec as_spec(const Rcpp::List& list,
                                const OperatorMaker& make = refuse_operator) {
  model::ModelSpec spec;
  spec.response = as_vector(list["response"]);
  spec.weights = as_vector(list["weights"]);
  spec.fixed = as_terms(list["fixed"]);
  const Rcpp::List random = list["random"];
  for (R_xlen_t i = 0; i < random.size(); ++i)
    spec.random.push_back(as_random_term(random[i], spec.n_records(), make));
  const Rcpp::List residual = list["residual"];
  if (residual.containsElementNamed("sections")) {
    const Rcpp::List sections = residual["sections"];
    for (R_xlen_t i = 0; i < sections.size(); ++i)
      spec.residual.push_back(as_section(sections[i], spec.n_records()));
  }
  if (list.containsElementNamed("pure_error")) {
    const Rcpp::List pure = list["pure_error"];
    spec.pure_error = as_pure_error(pure);
    spec.row_counts = as_vector(pure["row_counts"]);
  }
  spec.reml = Rcpp::as<std::string>(list["method"]) != "ML";
  return spec;
}

// The dense covariances that come with relationships, where they are: for the length of a call.
inline std::vector<model::TermCovariance> term_covariances(const Rcpp::List& spec) {
  std::vector<model::TermCovariance> found;
  const Rcpp::List random = spec["random"];
  for (R_xlen_t t = 0; t < random.size(); ++t) {
    const Rcpp::List term = random[t], relationship = term["relationship"];
    if (!relationship.containsElementNamed("covariance")) continue;
    const Rcpp::NumericMatrix covariance = relationship["covariance"];
    check_square("covariance", covariance);
    check_size("covariance", covariance.nrow(), checked_int("n_levels", term["n_levels"], 1));
    found.push_back(
        {static_cast<SmallIndex>(t), {covariance.begin(), covariance.nrow(), covariance.ncol()}});
  }
  return found;
}

inline model::Turning as_turning(const Rcpp::List& control) {
  if (!control.containsElementNamed("rotation")) return model::Turning::never;
  const auto asked = Rcpp::as<std::string>(control["rotation"]);
  return asked == "always"     ? model::Turning::always
         : asked == "by_count" ? model::Turning::by_count
         : asked == "kept"     ? model::Turning::kept
                               : model::Turning::never;
}

// Nothing held, no value given.
inline model::VarianceRequest nothing_held(const model::ModelSpec& spec) {
  const Index n_values = model::n_values(spec);
  return {std::vector<bool>(static_cast<std::size_t>(n_values), false),
          Vector::Constant(n_values, std::numeric_limits<double>::quiet_NaN()),
          {}};
}

// NULL or missing: no constraints.
inline model::Constraints as_constraints(const Rcpp::List& control) {
  model::Constraints constraints;
  if (!control.containsElementNamed("constraints")) return constraints;
  const Rcpp::RObject object = control["constraints"];
  if (object.isNULL()) return constraints;
  const Rcpp::List list(object);
  for (const SmallIndex lead : as_zero_based(list["lead"])) constraints.lead.push_back(lead);
  constraints.ratio = as_vector(list["ratio"]);
  constraints.lower = as_vector(list["lower"]);
  constraints.upper = as_vector(list["upper"]);
  const auto n = static_cast<Index>(constraints.lead.size());
  for (const Index lead : constraints.lead) {
    if (lead < 0 || lead >= n) throw InvalidSpec("constraints", "a lead is out of range");
  }
  check_size("constraints, ratio", constraints.ratio.size(), n);
  check_size("constraints, lower", constraints.lower.size(), n);
  check_size("constraints, upper", constraints.upper.size(), n);
  return constraints;
}

inline model::VarianceRequest as_request(const Rcpp::List& control) {
  const Rcpp::LogicalVector held = control["hold"];
  return {std::vector<bool>(held.begin(), held.end()), as_vector(control["start"]),
          as_constraints(control)};
}

inline int available_threads(int wanted) {
  const int most = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return std::clamp(wanted, 1, most);
}

inline int as_threads(const Rcpp::List& control) {
  return available_threads(Rcpp::as<int>(control["threads"]));
}

inline reml::RemlOptions as_options(const Rcpp::List& control) {
  reml::RemlOptions options;
  options.max_iterations = checked_int("max_iterations", control["max_iterations"], 0);
  options.tolerance = Rcpp::as<double>(control["tolerance"]);
  options.threads = as_threads(control);
  options.trace = control.containsElementNamed("report");
  options.begin_elsewhere = !control.containsElementNamed("from_start_alone");
  return options;
}

// NaN of the engine is NA in R.
template <class Values>
Values with_na(Values values) {
  for (double& value : values) {
    if (std::isnan(value)) value = NA_REAL;
  }
  return values;
}

inline Rcpp::IntegerVector one_based(const std::vector<SmallIndex>& rows) {
  Rcpp::IntegerVector result(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) result[i] = rows[i] + 1;
  return result;
}

inline Rcpp::NumericVector to_r(const Vector& vector) {
  return with_na(Rcpp::NumericVector(Rcpp::wrap(vector)));
}

inline Rcpp::NumericMatrix to_r(const Matrix& matrix) {
  return with_na(Rcpp::NumericMatrix(Rcpp::wrap(matrix)));
}

}  // namespace henderson
