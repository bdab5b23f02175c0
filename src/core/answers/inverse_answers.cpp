// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/inverse_answers.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/answers/cell_errors.h"
#include "core/answers/errors.h"
#include "core/equations/traces.h"

namespace henderson::answers {
namespace {

using equations::MixedModelEquations;
using likelihood::Evaluation;
using model::BlockSymmetric;
using model::Model;
using model::Nodes;
using model::RandomBlock;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kColumnsAtATime = 64;

// node_of[c] = i: column c of W is one of node i.
std::vector<SmallIndex> node_of_column(const model::Nodes& nodes) {
  std::vector<SmallIndex> node_of(static_cast<std::size_t>(nodes.n_columns()));
  for (SmallIndex i = 0; i < nodes.count(); ++i) {
    for (SmallIndex c = nodes.first_column[i]; c < nodes.first_column[i + 1]; ++c) node_of[c] = i;
  }
  return node_of;
}

// The values of block (i, j), i >= j. Needs: the matrix has it.
const double* block_values(const BlockSymmetric& layout, const std::vector<double>& values,
                           SmallIndex i, SmallIndex j) {
  const auto begin = layout.node.begin() + layout.start[j];
  const auto end = layout.node.begin() + layout.start[j + 1];
  const auto found = std::lower_bound(begin, end, i);
  return values.data() + layout.first_value[found - layout.node.begin()];
}

// Calls visit(node, position of the first entry) for the diagonal block of every node.
template <class Visit>
void for_each_diagonal_block(const equations::MixedModelEquations& equations, Visit visit) {
  const Nodes& nodes = equations.columns().nodes;
  const BlockSymmetric& cross = equations.model().cross_products;
  const Index* position = equations.solver().pattern().cross_positions.data();
  for (SmallIndex j = 0; j < cross.nodes.count(); ++j) {
    const Index nj = nodes.size(j);
    visit(j, position);
    for (Index k = cross.start[j]; k < cross.start[j + 1]; ++k) {
      const Index ni = nodes.size(cross.node[k]);
      position += cross.node[k] == j ? nj * (nj + 1) / 2 : ni * nj;
    }
  }
}

// The levels of a block that are sums of several of those of C.
std::vector<SmallIndex> summed_levels(const Model& model, const RandomBlock& block) {
  std::vector<SmallIndex> found;
  for (SmallIndex l = 0; l < model.n_levels_of_term[block.term]; ++l) {
    int n_parts = 0;
    model::for_each_part(block.levels->combination(), l, [&](SmallIndex, double) { ++n_parts; });
    if (n_parts != 1) found.push_back(l);
  }
  return found;
}

// Prediction errors of the levels that are sums: their covariances are not all on the pattern of C,
// so each has a solve.
void summed_errors(const Evaluation& at, const RandomBlock& block, Matrix& errors) {
  const Model& model = at.model();
  const Index n_coef = block.n_coef, stride = model.n_coef_of_term[block.term];
  const std::vector<SmallIndex> levels = summed_levels(model, block);
  for (std::size_t first = 0; first < levels.size(); first += kColumnsAtATime) {
    const std::size_t n = std::min(kColumnsAtATime, levels.size() - first);
    Matrix columns =
        Matrix::Zero(model.cross_products.nodes.n_columns(), static_cast<Index>(n) * n_coef);
    for (std::size_t l = 0; l < n; ++l) {
      model::for_each_part(
          block.levels->combination(), levels[first + l], [&](SmallIndex k, double share) {
            columns.block(block.first_column + k * n_coef, static_cast<Index>(l) * n_coef, n_coef,
                          n_coef) += share * block.coef_transform.transpose();
          });
    }
    Matrix half = at.equations().to_scaled(at.lambda(), columns);
    at.factor().solve_lower(half);
    for (std::size_t l = 0; l < n; ++l) {
      const Matrix own = half.middleCols(static_cast<Index>(l) * n_coef, n_coef);
      errors.block(block.first_coef, levels[first + l] * stride + block.first_coef, n_coef,
                   n_coef) = at.residual() * own.transpose() * own;
    }
  }
}

// `dense`: C^-1 among the fixed effects that are dense in the basis of C.
Vector standard_errors(const Evaluation& at, const Matrix& dense,
                       const linalg::SelectedInverse& inverse) {
  const Model& model = at.model();
  const model::FixedBasis& fixed = model.fixed;
  const Matrix turned = fixed.dense_transform * dense * fixed.dense_transform.transpose();
  const SmallIndex first_fixed = model.cross_products.nodes.count() - fixed.rank();
  const double unit = at.parameters.residual_sd() * model.response_unit;
  Vector errors = Vector::Constant(fixed.n_original, kNaN);
  for_each_diagonal_block(at.equations(), [&](SmallIndex node, const Index* position) {
    const SmallIndex j = node - first_fixed;
    if (j < 0) return;
    const double error =
        j < fixed.n_dense ? std::sqrt(turned(j, j))
                          : std::sqrt(inverse[*position]) * fixed.sparse_scale[j - fixed.n_dense];
    errors[fixed.kept[j]] = unit * error;
  });
  return errors;
}

// Those of levels that are sums; NaN elsewhere. with_cells: of terms by cells, too.
std::vector<Matrix> summed_prediction_errors(const Evaluation& at, bool with_cells,
                                             Callbacks& callbacks) {
  const Model& model = at.model();
  const std::vector<bool> by_cells = terms_by_cells(model);
  std::vector<Matrix> errors(by_cells.size());
  for (std::size_t t = 0; t < by_cells.size(); ++t) {
    const Index n_coef = model.n_coef_of_term[t];
    if (!by_cells[t])
      errors[t] = Matrix::Constant(n_coef, n_coef * model.n_levels_of_term[t], kNaN);
  }
  for (const RandomBlock& block : model.blocks)
    if (!by_cells[static_cast<std::size_t>(block.term)])
      summed_errors(at, block, errors[block.term]);
  const EffectFunctions functions(at);
  for (std::size_t t = 0; t < by_cells.size(); ++t)
    if (with_cells && by_cells[t])
      errors[t] = cell_errors(at, functions, static_cast<SmallIndex>(t), callbacks);
  return errors;
}

// of_block[b]: prediction errors of the levels of C, side by side.
std::vector<Matrix> errors_of_nodes(const Evaluation& at, const linalg::SelectedInverse& inverse) {
  const Model& model = at.model();
  std::vector<Matrix> of_block;
  for (const RandomBlock& block : model.blocks)
    of_block.emplace_back(block.n_coef, block.n_coef * block.n_levels);
  Matrix d;
  for_each_diagonal_block(at.equations(), [&](SmallIndex node, const Index* position) {
    const auto b = static_cast<std::size_t>(at.equations().columns().block_of_node[node]);
    if (b >= model.blocks.size()) return;
    const RandomBlock& block = model.blocks[b];
    const Index m = block.structure->n_columns();
    d.resize(m, m);
    for (Index q = 0; q < m; ++q) {
      for (Index r = q; r < m; ++r) d(r, q) = d(q, r) = inverse[*position++];
    }
    const Matrix scale = block.coef_transform * at.lambda()[b];
    of_block[b].middleCols((node - block.first_node) * block.n_coef, block.n_coef) =
        at.residual() * scale * d * scale.transpose();
  });
  return of_block;
}

// Of the levels that are one of those of C, or a multiple of it.
void add_prediction_errors(const Evaluation& at, const linalg::SelectedInverse& inverse,
                           std::vector<Matrix>& errors) {
  const Model& model = at.model();
  const std::vector<Matrix> of_block = errors_of_nodes(at, inverse);
  const std::vector<bool> by_cells = terms_by_cells(model);
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    const RandomBlock& block = model.blocks[b];
    if (by_cells[static_cast<std::size_t>(block.term)]) continue;
    const Index n_coef = block.n_coef, stride = model.n_coef_of_term[block.term];
    std::vector<SmallIndex> summed = summed_levels(model, block);
    auto next = summed.begin();
    for (SmallIndex l = 0; l < model.n_levels_of_term[block.term]; ++l) {
      if (next != summed.end() && *next == l) {
        ++next;
        continue;
      }
      model::for_each_part(block.levels->combination(), l, [&](SmallIndex k, double share) {
        errors[block.term].block(block.first_coef, l * stride + block.first_coef, n_coef, n_coef) =
            share * share * of_block[b].middleCols(k * n_coef, n_coef);
      });
    }
  }
}

// Where they are not made yet, from the blocks of each level.
void set_variances(const std::vector<Matrix>& errors, std::vector<Matrix>& variances) {
  for (std::size_t t = 0; t < errors.size(); ++t) {
    if (variances[t].size() > 0) continue;
    const Index n_coef = errors[t].rows();
    variances[t].resize(n_coef, n_coef > 0 ? errors[t].cols() / n_coef : 0);
    for (Index l = 0; l < variances[t].cols(); ++l)
      variances[t].col(l) = errors[t].middleCols(l * n_coef, n_coef).diagonal();
  }
}

Vector record_leverages(const Evaluation& at, const linalg::SelectedInverse& inverse) {
  const std::vector<double> values =
      equations::unscaled_inverse(at.solved, at.equations().solver().pattern(), inverse);
  const BlockSymmetric& layout = at.records().cross_products();
  const std::vector<SmallIndex> node_of = node_of_column(layout.nodes);
  const std::vector<SmallIndex>& first = layout.nodes.first_column;
  const model::SparseRows& w = at.model().w;
  Vector leverages = Vector::Zero(w.n_rows());
  for (Index r = 0; r < w.n_rows(); ++r) {
    for (Index a = w.start[r]; a < w.start[r + 1]; ++a) {
      for (Index b = w.start[r]; b <= a; ++b) {
        SmallIndex p = w.column[a], q = w.column[b];
        if (p < q) std::swap(p, q);
        const SmallIndex i = node_of[p], j = node_of[q];
        const double d = block_values(layout, values, i,
                                      j)[(q - first[j]) * layout.nodes.size(i) + (p - first[i])];
        leverages[r] += (a == b ? 1.0 : 2.0) * d * w.value[a] * w.value[b];
      }
    }
  }
  return leverages;
}

Vector effective_dimensions(const Evaluation& at, const linalg::SelectedInverse& inverse) {
  const Model& model = at.model();
  const equations::Traces traces =
      equations::make_traces(at.solved, at.equations().solver().pattern(), inverse);
  Vector found = Vector::Zero(static_cast<Index>(model.n_coef_of_term.size()));
  for (std::size_t b = 0; b < model.blocks.size(); ++b)
    found[model.blocks[b].term] +=
        traces.of_block[b].cwiseProduct(at.lambda()[b].transpose()).sum();
  return found;
}

}  // namespace

InverseAnswers answer_from_inverse(Evaluation&& evaluation, const InverseQuestions& questions,
                                   Callbacks& callbacks) {
  Evaluation at = std::move(evaluation);
  InverseAnswers found;
  Matrix dense;
  if (questions.standard_errors) dense = fixed_block(at, at.model().fixed.n_dense);
  std::vector<Matrix> errors;
  if (questions.prediction_errors || questions.prediction_variances)
    errors = summed_prediction_errors(at, questions.prediction_errors, callbacks);
  if (questions.prediction_variances) found.prediction_variances = cell_variances(at, callbacks);
  linalg::InverseOptions options;
  options.threads = at.equations().threads();
  const linalg::SelectedInverse inverse =
      linalg::selected_inverse(std::move(at.solved.factor), options, callbacks);
  if (questions.standard_errors) found.standard_errors = standard_errors(at, dense, inverse);
  if (!errors.empty()) add_prediction_errors(at, inverse, errors);
  if (questions.prediction_variances) set_variances(errors, found.prediction_variances);
  if (questions.prediction_errors) found.prediction_errors = std::move(errors);
  if (questions.leverages) found.leverages = record_leverages(at, inverse);
  if (questions.effective_dimensions)
    found.effective_dimensions = effective_dimensions(at, inverse);
  return found;
}

}  // namespace henderson::answers
