// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/simulation/point.h"

#include <algorithm>
#include <cmath>

#include "core/information/working_variates.h"
#include "core/simulation/equations_at.h"

namespace henderson::simulation {
namespace {

using equations::Columns;
using equations::EquationOperator;
using equations::GradientResult;
using equations::Preconditioner;
using equations::WhitenedRecords;
using likelihood::Parameters;
using model::Model;

// Records over which a mean of squares is known to some thousandths.
constexpr double kEnoughRecords = 1e5;

// Solves with one operator and one preconditioner, and keeps the account of them.
class Solver {
 public:
  Solver(EquationOperator& equations, const SimulationOptions& options, Callbacks& callbacks)
      : equations_(equations),
        options_(options),
        callbacks_(callbacks),
        preconditioner_(equations, callbacks) {}

  // Of a right-hand side over the columns of W, whose memory is given back before the iteration.
  SideBySide solve(SideBySide rhs, SideBySide start) {
    SideBySide b;
    equations_.to_scaled(rhs, b);
    rhs = SideBySide();
    GradientResult result = equations::conjugate_gradients(
        equations_, preconditioner_, b, std::move(start), options_.gradients, callbacks_);
    rounds += result.rounds;
    reached = std::max(reached, result.reached);
    solved = solved && result.converged;
    return std::move(result.x);
  }

  int rounds = 0;
  double reached = 0.0;
  bool solved = true;

 private:
  EquationOperator& equations_;
  const SimulationOptions& options_;
  Callbacks& callbacks_;
  const Preconditioner preconditioner_;
};

Matrix times_records(const EquationOperator& equations, const SideBySide& x) {
  SideBySide product = SideBySide::Zero(x.rows(), x.cols());
  equations.add_record_products(x, product);
  return product;
}

SideBySide unscaled(const EquationOperator& equations, const SideBySide& x) {
  SideBySide found;
  equations.to_unscaled(x, found);
  return found;
}

// b'B b for all pairs, = b'(C - W_s'W_s)b.
Matrix prior_products(EquationOperator& equations, const SideBySide& b) {
  SideBySide product;
  equations.multiply(b, product);
  const SideBySide u = unscaled(equations, b);
  return Matrix(b).transpose() * Matrix(product) -
         Matrix(u).transpose() * times_records(equations, u);
}

// As average_information() of information/derivatives.h, with solves by the iteration.
Matrix information_of_products(EquationOperator& equations, const Matrix& variates,
                               const RecordVectors& data, Solver& solver) {
  const Index last = variates.cols() - 1;
  Matrix h = variates;
  Matrix cross = times_records(equations, h);
  cross.col(last) += Matrix(data.rhs).col(0);
  const SideBySide b = solver.solve(cross, SideBySide());
  h -= Matrix(unscaled(equations, b));
  cross = times_records(equations, h);
  Matrix products = h.transpose() * cross + prior_products(equations, b);
  const Vector with_y = h.transpose() * Matrix(data.rhs).col(0);
  products.col(last) += with_y;
  products.row(last) += with_y.transpose();
  products(last, last) += data.squares[0];
  return products;
}

Matrix information_of_whitened(EquationOperator& equations, const Matrix& variates,
                               const WhitenedRecords& records, const Vector& errors,
                               Solver& solver) {
  Matrix q = records.multiply(variates);
  const Matrix residual = records.directions(errors);
  q.rightCols(residual.cols()) = residual;
  const SideBySide b = solver.solve(records.cross(q), SideBySide());
  q -= records.multiply(Matrix(unscaled(equations, b)));
  return q.transpose() * q + prior_products(equations, b);
}

// Those of the random blocks, from levels of K^-1 to those that the records meet; u itself has
// been.
Matrix transformed(const EquationOperator& equations, Matrix variates) {
  const Index n = equations.model().n_theta;
  SideBySide own = variates.leftCols(n);
  equations.transform_levels(own);
  variates.leftCols(n) = own;
  return variates;
}

Matrix average_information(EquationOperator& equations, const Parameters& parameters,
                           const RecordVectors& data, const SideBySide& solution, Solver& solver) {
  const SideBySide u = unscaled(equations, solution);
  SideBySide score_of_levels = data.rhs.leftCols(1) - times_records(equations, u);
  equations.transform_levels_back(score_of_levels);
  const Vector score = score_of_levels.col(0);
  const Vector u_column = u.col(0), scaled = solution.col(0);
  const Matrix variates =
      transformed(equations, information::working_variates(equations.model(), equations.columns(),
                                                           equations.lambda(), parameters,
                                                           {scaled, u_column, score}));
  Matrix products;
  if (const WhitenedRecords* records = equations.records().whitened()) {
    const Vector errors = data.whitened.col(0) - records->multiply(u_column);
    products = information_of_whitened(equations, variates, *records, errors, solver);
  } else {
    products = information_of_products(equations, variates, data, solver);
  }
  return products / (2.0 * parameters.residual());
}

}  // namespace

Matrix expected_information(const Model& model, const Parameters& parameters,
                            const SimulationOptions& options, Callbacks& callbacks) {
  EquationsAt at(model, parameters, callbacks);
  Solver solver(at.equations(), options, callbacks);
  const auto enough = static_cast<Index>(std::ceil(kEnoughRecords / model.n_observations()));
  const Index n_sets = std::min(options.n_sets, enough);
  const RecordVectors drawn = draw_records(at.equations(), n_sets, options.seed);
  const SideBySide solutions = solver.solve(drawn.rhs, SideBySide());
  Matrix sum = Matrix::Zero(model.n_parameters(), model.n_parameters());
  for (Index c = 0; c < n_sets; ++c) {
    RecordVectors own{drawn.rhs.col(c), drawn.squares.segment(c, 1), Matrix()};
    if (drawn.whitened.size() > 0) own.whitened = drawn.whitened.col(c);
    sum += average_information(at.equations(), parameters, own, solutions.col(c), solver);
  }
  // Drawn data are in units of sigma.
  return sum * parameters.residual() / static_cast<double>(n_sets);
}

std::optional<Point> point_at(const Model& model, const Columns& columns,
                              const Parameters& parameters, const SimulationOptions& options,
                              Warmth& warmth, Callbacks& callbacks) {
  const std::optional<equations::Factors> lambda = likelihood::relative_factors(model, parameters);
  if (!lambda) return std::nullopt;
  const std::optional<equations::Records> records =
      equations::RecordSource(model).at(parameters.theta());
  if (!records) return std::nullopt;
  EquationOperator equations(model, columns, *lambda, *records);
  Solver solver(equations, options, callbacks);

  const RecordVectors data = response_of(equations);
  warmth.data = solver.solve(data.rhs, std::move(warmth.data));
  // Drawn once more afterwards: their right-hand sides would be in memory beside the iteration.
  warmth.drawn = solver.solve(draw_records(equations, options.n_sets, options.seed).rhs,
                              std::move(warmth.drawn));
  const RecordVectors drawn = draw_records(equations, options.n_sets, options.seed);

  Point point{parameters, Vector(), Matrix(), warmth.data, 0, 0.0, false};
  point.gradient =
      quadratic_forms(equations, parameters, drawn, warmth.drawn).rowwise().mean() -
      quadratic_forms(equations, parameters, data, warmth.data).col(0) / parameters.residual();
  point.information = average_information(equations, parameters, data, warmth.data, solver);
  point.rounds = solver.rounds;
  point.reached = solver.reached;
  point.solved = solver.solved;
  return point;
}

}  // namespace henderson::simulation
