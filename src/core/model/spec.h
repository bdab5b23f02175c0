// SPDX-License-Identifier: GPL-3.0-or-later
// What a model is made of, as plain data: the recipe of its columns, not the columns themselves.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/base/types.h"
#include "core/covariance/recipe.h"
#include "core/pedigree/rules.h"
#include "core/pedigree/single_step.h"

namespace henderson::model {

// The coding of a factor: level l stands for the row of entries start[l] <= k < start[l + 1], with
// value[k] in column[k]. Treatment contrasts of levels a, b, c: start = {0, 0, 1, 2}, column = {0,
// 1}, value = {1, 1}, n_columns = 2.
struct Coding {
  SmallIndex n_columns = 0;
  std::vector<Index> start;
  std::vector<SmallIndex> column;
  std::vector<double> value;
};

// Calls visit(column, value) for the row of a level; without a coding for the level itself.
template <class Visit>
void for_each_part(const Coding* coding, SmallIndex level, Visit visit) {
  if (coding == nullptr) return visit(level, 1.0);
  for (Index k = coding->start[level]; k < coding->start[level + 1]; ++k)
    visit(coding->column[k], coding->value[k]);
}

// A factor: level_of_record[r] = l means that record r has level l (0-based).
struct FactorPart {
  std::vector<SmallIndex> level_of_record;
  Coding coding;
};

// A numeric variable of one or more columns, n_records x n_columns.
using NumericPart = Matrix;

using Part = std::variant<NumericPart, FactorPart>;

// One term of a model formula. Its columns are the row-wise products of the columns of its parts,
// the first part varying fastest. Without parts it is the intercept.
struct ColumnTerm {
  std::vector<Part> parts;
};

// Where the coefficients of a random term meet the records: the columns of `terms` are coefficients
// first_coef, first_coef + 1, ... of the level of each record. Several incidences of one term add
// up (multi-membership, direct and maternal effects).
struct Incidence {
  std::vector<SmallIndex> level_of_record;
  std::vector<ColumnTerm> terms;
  SmallIndex first_coef = 0;
};

// Covariance K of the levels of a random term: the identity, that of a pedigree, or given by its
// sparse inverse. Where K is singular the inverse is that of some levels, and all levels are
// combinations of them: level l has the row of coding l, and the term has as many levels as
// `combination` has rows.
struct Relationship {
  bool is_identity = true;
  std::shared_ptr<const pedigree::Rules> rules;  // of a pedigree, in the place of what follows
  // Of a pedigree with genotypes, in the same place. The levels of the term are its animals: the
  // first of the levels of the operator, once these are transformed.
  std::shared_ptr<const pedigree::SingleStep> single_step;
  // Lower triangle of K^-1 by columns, rows sorted, the whole diagonal present.
  std::vector<Index> start;
  std::vector<SmallIndex> row;
  std::vector<double> value;
  Coding combination;  // empty: the levels themselves

  bool is_combined() const { return !combination.start.empty(); }
  // Levels of K^-1.
  Index n_own() const {
    if (rules) return rules->size();
    if (single_step) return single_step->size();
    return static_cast<Index>(start.size()) - 1;
  }
};

struct RandomTerm {
  std::string label;
  covariance::Recipe structure;
  SmallIndex n_coef = 0;
  SmallIndex n_levels = 0;
  std::vector<Incidence> incidence;
  Relationship relationship;
};

// Residuals of some records: those of one subject have the covariance of the structure among their
// positions, those of different subjects are independent. Entry i belongs to record record[i].
//
// A record that is a subject of its own, and that neither X nor Z sees, may stand for several such
// (the pure error of cells of records, whose sum of squares is the square of its response).
struct ResidualSection {
  std::string label;
  covariance::Recipe structure;
  std::vector<SmallIndex> record;
  std::vector<SmallIndex> subject;
  std::vector<SmallIndex> position;
  Vector stands_for;  // records that entry i stands for; empty: one
  Vector ridge;  // added to the variance of each position, in the units of the model; empty: none
};

// Records that neither X nor Z sees, independent with the residual variance: what is left within
// cells of like records once a few of them stand for the others. Of `df` such records the
// likelihood needs the sum of squares, weighted, and the sum of the logarithms of the weights that
// those in the spec do not account for. In a structured residual only the latter stands here.
struct PureError {
  double df = 0.0;
  double sum_of_squares = 0.0;
  double sum_log_weights = 0.0;
};

struct ModelSpec {
  Vector response;
  Vector weights;  // empty: all one
  std::vector<ColumnTerm> fixed;
  std::vector<RandomTerm> random;
  std::vector<ResidualSection> residual;  // empty: independent, with one variance
  PureError pure_error;                   // beside independent residuals with one variance
  Vector row_counts;                      // records that each row stands for; empty: one
  bool reml = true;

  Index n_records() const { return response.size(); }
  // Records that have no row.
  double n_unseen() const;
};

}  // namespace henderson::model
