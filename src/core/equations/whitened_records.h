// SPDX-License-Identifier: GPL-3.0-or-later
// The records of a model with a structured residual, at some R: W~ = T W and y~ = T y with
// T R T' = I, and what the likelihood and its derivatives need of them.
//
// R is relative to sigma^2, as everything in the equations.
#pragma once

#include <optional>
#include <vector>

#include "core/linalg/sparse_row.h"
#include "core/model/model.h"

namespace henderson::equations {

// Positions up to which a covariance matrix of residuals is made whole.
constexpr Index kLargestWhole = 300;
// And the entries of those of all patterns.
constexpr Index kMostInParts = 5'000'000;

// The positions among which R and its derivatives are made: all of a block, or, where they are many
// (times that no two subjects share), those of each pattern. Nothing where a subject has too many.
std::vector<covariance::Positions> sigma_parts(const model::ResidualBlock& block);
// Entries of the matrices among these positions.
Index size_of(const std::vector<covariance::Positions>& parts);

// What is left of y at some effects u: W'R^-1 e and e'R^-1 e for e = y - W u.
struct RecordErrors {
  Vector cross;
  double squares = 0.0;
};

class WhitenedRecords {
 public:
  // Keeps a reference to the model, which has a structured residual.
  explicit WhitenedRecords(const model::Model& model);

  // Moves to the R of these parameters (all theta of the model). False where R is not positive
  // definite; the records are then those of no R. Cost: the sum over groups of n_rows x n_columns x
  // (n_sources + n_columns).
  bool set(const Vector& theta);

  // All theta of the model at which the records are.
  const Vector& theta() const { return theta_; }
  const model::BlockSymmetric& cross_products() const { return cross_; }  // W~'W~
  const Vector& rhs() const { return rhs_; }                              // W~'y~
  double weighted_ss() const { return weighted_ss_; }                     // y~'y~
  double log_det() const { return log_det_; }                             // log|R|

  // W~ of a group, and T of the patterns of subjects that are whitened whole.
  Eigen::Map<const Matrix> whitened(const model::RecordGroup& group) const {
    return {whitened_.data() + group.first_whitened, group.n_rows, group.n_columns};
  }
  const Matrix& dense_transform(std::size_t block, std::size_t pattern) const {
    return dense_[block][pattern];
  }

  // W~, its zeros left out. Cost: its entries.
  linalg::SparseRows rows() const;

  // W~ x and W~'x for several vectors, which the threads share.
  Matrix multiply(const ConstMatrixRef& x, int threads = 1) const;
  Matrix cross(const ConstMatrixRef& x, int threads = 1) const;

  // e~ = y~ - W~ u, and W~'e~ with e~'e~.
  Vector residual(const ConstVectorRef& u) const { return response_ - multiply(u).col(0); }
  RecordErrors errors(const ConstVectorRef& u) const;

  // d(-2l) / d theta of the residual, in its places among all theta (others untouched):
  //
  //     -2 sum_r T'_rr / T_rr + 2 tr(D W~'T'W) + 2 e~'T'e / sigma^2,   e = y - W u
  //
  // with D = C^-1 in the columns of W, on the pattern of W~'W~ (`inverse`, laid out as the values
  // of cross_products()), from the score in R through R^-1 = T'T.
  void add_score(const std::vector<double>& inverse, const ConstVectorRef& u, double residual,
                 Vector& gradient) const;

  // All blocks have few positions: sigma_parts() is one.
  bool has_few_positions() const;

  // G = d(-2l)/dR of every block among its sigma_parts(), one matrix or several in a column; with
  // an infinite `residual` the part without the response, tr(P dR) = tr(G dR). Nothing for subjects
  // of many positions.
  std::optional<std::vector<Matrix>> covariance_score(const std::vector<double>& inverse,
                                                      const ConstVectorRef& u,
                                                      double residual) const;

  // The same as add_score() from G: tr(G dR / dtheta_i). The derivatives of no T are needed.
  void add_score(const std::vector<Matrix>& g, Vector& gradient) const;

  // tr(G d2R / dtheta_i dtheta_j), added at the places of the residual: what the curvature of
  // R(theta) is in the Hessian of -2l.
  void add_curvature(const std::vector<Matrix>& g, Matrix& curvature) const;

  // T R'_j T' x for every theta_j of the residual, a column for each, in their order.
  Matrix directions(const ConstVectorRef& x) const;

  // T R'_j T' X for one theta, given by its place among all theta.
  Matrix direction(Index place, const ConstMatrixRef& x) const;

 private:
  using Whitenings = std::vector<std::vector<covariance::Whitening>>;

  Whitenings whitenings(bool with_derivative) const;
  // With derivatives; made when they are first asked for.
  const Whitenings& derivatives() const;
  // Of a product with one column.
  double operations() const { return 2.0 * static_cast<double>(whitened_.size()); }
  bool is_whole(std::size_t block) const;
  void add_whole_directions(std::size_t block, const ConstVectorRef& x, MatrixRef found) const;
  void add_sparse_directions(std::size_t block, const ConstVectorRef& x, MatrixRef found) const;
  Matrix group_score(const model::RecordGroup& group, const std::vector<double>& inverse,
                     const ConstVectorRef& u, double residual) const;
  void whiten_group(const model::RecordGroup& group);
  void add_products(const model::RecordGroup& group);
  Matrix transform(const model::RecordGroup& group) const;

  const model::Model& model_;
  const model::RecordGroups& groups_;
  Vector theta_;
  Whitenings whitening_;                    // of every block and pattern
  std::vector<std::vector<Matrix>> dense_;  // T of those that are whitened whole
  model::BlockSymmetric cross_;
  Vector rhs_;
  Vector response_;               // y~ by row
  std::vector<double> whitened_;  // W~ of each group
  double weighted_ss_ = 0.0;
  double log_det_ = 0.0;
  mutable Whitenings derivatives_;  // empty: not made at this theta
};

}  // namespace henderson::equations
