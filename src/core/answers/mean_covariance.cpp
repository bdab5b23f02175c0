// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/mean_covariance.h"

#include <Eigen/Cholesky>

#include "core/answers/effect_functions.h"
#include "core/base/error.h"
#include "core/linalg/dense.h"

namespace henderson::answers {
namespace {

using likelihood::Evaluation;
using model::RandomBlock;

// Positions x columns of K up to which the products of all pairs of them are made.
constexpr Index kMostProducts = 2000;

// F = W (h + random) + rows, rows being whitened and of size 0 where the residual has no structure.
struct Image {
  Matrix h;       // of the residual
  Matrix random;  // G'(Z'T - L)
  Matrix rows;
};

// T = R^-1 W u with u over the columns of W, and what is needed of it again and again: W'T, Z'T -
// L, and T itself in whitened rows where the residual is structured.
class WeightedColumns {
 public:
  WeightedColumns(const Evaluation& at, const Matrix& k, Callbacks& callbacks)
      : at_(at), records_(at.records().whitened()) {
    const EffectFunctions functions(at);
    const Eigen::SparseMatrix<double> entries = k.sparseView();
    Matrix b = functions.columns(entries);
    at.factor().solve_lower(b, at.equations().threads());
    covariance_ = at.residual() * (b.transpose() * b) + functions.rest_covariance(entries);
    at.factor().solve_upper(b, at.equations().threads());
    u_ = at.equations().to_unscaled(at.lambda(), b);
    cross_ = products(u_);
    set_errors(functions.over_blocks(entries));
    rests_ = functions.unit_rests(entries);
    if (records_ == nullptr) return;
    rows_ = records_->multiply(u_);
    set_whitenings(callbacks);
  }

  const Matrix& covariance() const { return covariance_; }

  Image image(const Direction& direction) const {
    Image image{direction.residual * u_, Matrix::Zero(u_.rows(), u_.cols()),
                Matrix::Zero(rows_.rows(), rows_.cols())};
    for (std::size_t b = 0; b < direction.sigma.size(); ++b) {
      if (direction.sigma[b].size() > 0) add_random(b, direction.sigma[b], image.random);
    }
    for (Index i = 0; i < direction.theta.size(); ++i) {
      if (direction.theta[i] != 0.0)
        image.rows += direction.theta[i] * records_->direction(i, rows_);
    }
    for (std::size_t b = 0; b < direction.residual_sigma.size(); ++b) {
      if (direction.residual_sigma[b].size() > 0)
        add_residual(b, direction.residual_sigma[b], image.rows);
    }
    return image;
  }

  // (Z'T - L)'G'(Z'T - L) + T'R'T
  Matrix gradient(const Direction& direction) const {
    Direction others = direction;
    others.residual_sigma.clear();
    others.sigma.clear();
    const Image image_of_others = image(others);
    Matrix product = Matrix::Zero(cross_.cols(), cross_.cols());
    for (std::size_t b = 0; b < direction.sigma.size(); ++b) {
      if (direction.sigma[b].size() > 0) product += random_gradient(b, direction.sigma[b]);
    }
    if (direction.residual != 0.0) product += cross_.transpose() * image_of_others.h;
    if (direction.theta.size() > 0) product += rows_.transpose() * image_of_others.rows;
    for (std::size_t b = 0; b < direction.residual_sigma.size(); ++b) {
      const Matrix& sigma = direction.residual_sigma[b];
      if (sigma.size() == 0) continue;
      if (position_products_[b].size() > 0) {
        add_weighted(position_products_[b], sigma, product);
      } else {
        add_by_pattern(b, sigma, product);
      }
    }
    return product;
  }

  // F'PF as a sum of squares: for q = F with C b = W_s'R^-1 q, (q~'q~ + b'B b) / sigma^2
  // where q~ = q - W_s b, whitened.
  Matrix squared(Image image) const {
    image.h += image.random;
    if (records_ != nullptr) {
      if (at_.model().blocks.empty()) {
        // V'P V' is R' R^-1 R' less a projection of low rank: nothing cancels.
        Matrix half = records_->cross(image.rows);
        at_.factor().solve_lower(half);
        return (image.rows.transpose() * image.rows - half.transpose() * half) / at_.residual();
      }
      Matrix q = records_->multiply(image.h) + image.rows;
      const Matrix b = solved(records_->cross(q));
      q -= records_->multiply(at_.equations().to_unscaled(at_.lambda(), b));
      return (q.transpose() * q + at_.equations().prior_products(b)) / at_.residual();
    }
    Matrix& h = image.h;
    const Matrix b = solved(products(h));
    h -= at_.equations().to_unscaled(at_.lambda(), b);
    return (h.transpose() * products(h) + at_.equations().prior_products(b)) / at_.residual();
  }

 private:
  Matrix products(const Matrix& h) const {
    Matrix product = Matrix::Zero(h.rows(), h.cols());
    at_.records().cross_products().multiply_add(h, product);
    return product;
  }

  Matrix solved(const Matrix& cross) const {
    Matrix b = at_.equations().to_scaled(at_.lambda(), cross);
    at_.factor().solve(b);
    return b;
  }

  // Z'T - L and K(Z'T - L) of the blocks that move. wanted: L.
  void set_errors(const std::vector<Matrix>& wanted) {
    for (std::size_t b = 0; b < at_.model().blocks.size(); ++b) {
      const RandomBlock& block = at_.model().blocks[b];
      Matrix& error = errors_.emplace_back();
      Matrix& related = related_errors_.emplace_back();
      if (block.held || block.n_theta() == 0) continue;
      const Index n_columns = cross_.cols();
      error.resize(Index{block.n_coef} * block.n_levels, n_columns);
      for (Index c = 0; c < n_columns; ++c)
        over_block(b, error, c) = block.over_levels(cross_.col(c));
      if (wanted[b].size() > 0) error -= wanted[b];
      related = error;
      if (block.levels->is_identity()) continue;
      Matrix by_level(block.n_levels, block.n_coef * n_columns);
      for (Index c = 0; c < n_columns; ++c)
        by_level.middleCols(c * block.n_coef, block.n_coef) = over_block(b, error, c).transpose();
      block.levels->multiply(by_level);
      for (Index c = 0; c < n_columns; ++c)
        over_block(b, related, c) = by_level.middleCols(c * block.n_coef, block.n_coef).transpose();
    }
  }

  // Column c as n_coef x n_levels.
  Eigen::Map<const Matrix> over_block(std::size_t b, const Matrix& x, Index c) const {
    const RandomBlock& block = at_.model().blocks[b];
    return {x.col(c).data(), block.n_coef, block.n_levels};
  }
  Eigen::Map<Matrix> over_block(std::size_t b, Matrix& x, Index c) const {
    const RandomBlock& block = at_.model().blocks[b];
    return {x.col(c).data(), block.n_coef, block.n_levels};
  }

  // (Sigma' x K)(Z'T - L)
  void add_random(std::size_t b, const Matrix& sigma, Matrix& h) const {
    const RandomBlock& block = at_.model().blocks[b];
    Vector own(block.n_design_columns());
    for (Index c = 0; c < h.cols(); ++c) {
      block.to_design(sigma * over_block(b, related_errors_[b], c), own.data());
      h.col(c).segment(block.first_column, own.size()) += own;
    }
  }

  // (Z'T - L)'(Sigma' x K)(Z'T - L)
  Matrix random_gradient(std::size_t b, const Matrix& sigma) const {
    Matrix turned(errors_[b].rows(), errors_[b].cols());
    for (Index c = 0; c < turned.cols(); ++c)
      over_block(b, turned, c).noalias() = sigma * over_block(b, related_errors_[b], c);
    Matrix found = errors_[b].transpose() * turned;
    if (rests_[b].size() > 0) found += sigma(0, 0) * rests_[b];
    return found;
  }

  // sum over positions r, c of R'_rc T_r'T_c, T_r'T_c being block (r, c) of `products`.
  static void add_weighted(const Matrix& products, const Matrix& sigma, Matrix& sum) {
    const Index n = sum.rows();
    for (Index c = 0; c < sigma.cols(); ++c) {
      for (Index r = 0; r < sigma.rows(); ++r) {
        if (sigma(r, c) != 0.0) sum += sigma(r, c) * products.block(r * n, c * n, n, n);
      }
    }
  }

  void add_by_pattern(std::size_t b, const Matrix& sigma, Matrix& sum) const {
    if (sum.cols() == 0) return;  // a model without fixed effects
    for (std::size_t p = 0; p < gathered_[b].size(); ++p) {
      const Matrix& own = gathered_[b][p];
      const Matrix turned = whitened_sigma(b, p, sigma) * own;
      const Index n = own.size() / sum.cols();
      sum += Eigen::Map<const Matrix>(own.data(), n, sum.cols()).transpose() *
             Eigen::Map<const Matrix>(turned.data(), n, sum.cols());
    }
  }

  // T_w R' T_w' rows, T_w the whitening of each subject.
  void add_residual(std::size_t b, const Matrix& sigma, Matrix& rows) const {
    const model::ResidualBlock& block = at_.model().residual.blocks[b];
    for (std::size_t p = 0; p < block.patterns.size(); ++p) {
      const model::ResidualPattern& pattern = block.patterns[p];
      const Matrix turned = whitened_sigma(b, p, sigma) * gathered_[b][p];
      const auto n_subjects = static_cast<Index>(pattern.first_row.size());
      for (Index c = 0; c < rows.cols(); ++c) {
        for (Index s = 0; s < n_subjects; ++s)
          rows.col(c).segment(pattern.first_row[s], turned.rows()) +=
              turned.col(c * n_subjects + s);
      }
    }
  }

  bool is_by_pattern(std::size_t b) const {
    return at_.model().residual.blocks[b].structure->n_coef() > kLargestWhole;
  }

  // T_w R' T_w' of one pattern.
  Matrix whitened_sigma(std::size_t b, std::size_t p, const Matrix& sigma) const {
    const covariance::Positions& at = at_.model().residual.blocks[b].patterns[p].positions;
    const Matrix& t = whitening_[b][p];
    Matrix among(t.rows(), t.cols());
    if (is_by_pattern(b)) {
      among = Eigen::Map<const Matrix>(sigma.data() + first_of_pattern_[b][p], t.rows(), t.cols());
    } else {
      for (Index j = 0; j < t.cols(); ++j) {
        for (Index i = 0; i < t.rows(); ++i) among(i, j) = sigma(at[i], at[j]);
      }
    }
    return t * among * t.transpose();
  }

  // T_w of every pattern of the residual blocks that are made whole, and what of their rows is
  // looked at again and again.
  void set_whitenings(Callbacks& callbacks) {
    const std::vector<model::ResidualBlock>& blocks = at_.model().residual.blocks;
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      const model::ResidualBlock& block = blocks[b];
      std::vector<Matrix>& of_block = whitening_.emplace_back();
      std::vector<Matrix>& gathered = gathered_.emplace_back();
      Matrix& products = position_products_.emplace_back();
      std::vector<Index>& first = first_of_pattern_.emplace_back();
      if (equations::sigma_parts(block).empty()) continue;
      Index next = 0;
      for (std::size_t p = 0; p < block.patterns.size(); ++p) {
        first.push_back(next);
        next += static_cast<Index>(block.patterns[p].positions.size() *
                                   block.patterns[p].positions.size());
        of_block.push_back(whitening(block, b, p));
        gathered.push_back(rows_of(block.patterns[p]));
      }
      if (!is_by_pattern(b) && block.structure->n_coef() * rows_.cols() <= kMostProducts)
        products = products_of(b, callbacks);
    }
  }

  Matrix whitening(const model::ResidualBlock& block, std::size_t b, std::size_t p) const {
    const Matrix& known = records_->dense_transform(b, p);
    if (known.size() > 0) return known;
    const ConstVectorRef theta = block.theta_of(records_->theta());
    return block.structure->whitening(theta, block.patterns[p].positions, false).matrix();
  }

  // T_r'T_c over all subjects for every two positions r and c: block (r, c).
  Matrix products_of(std::size_t b, Callbacks& callbacks) const {
    const model::ResidualBlock& block = at_.model().residual.blocks[b];
    struct Subject {
      std::size_t pattern;
      Index first_row;
    };
    std::vector<Subject> subjects;
    for (std::size_t p = 0; p < block.patterns.size(); ++p) {
      for (const Index first : block.patterns[p].first_row) subjects.push_back({p, first});
    }
    const Index n = rows_.cols();
    const auto write = [&](Index first, MatrixRef columns) {
      columns.setZero();
      for (Index s = 0; s < columns.cols(); ++s) {
        const Subject& subject = subjects[static_cast<std::size_t>(first + s)];
        const covariance::Positions& at = block.patterns[subject.pattern].positions;
        const Matrix& t = whitening_[b][subject.pattern];
        const Matrix own = rows_.middleRows(subject.first_row, t.rows()).transpose() * t;
        for (Index r = 0; r < own.cols(); ++r) columns.col(s).segment(at[r] * n, n) = own.col(r);
      }
    };
    return linalg::cross_product(block.structure->n_coef() * n, static_cast<Index>(subjects.size()),
                                 write, at_.equations().threads(), callbacks);
  }

  // The rows of a pattern, subject by subject within each column of K.
  Matrix rows_of(const model::ResidualPattern& pattern) const {
    const auto n_subjects = static_cast<Index>(pattern.first_row.size());
    const auto size = static_cast<Index>(pattern.positions.size());
    Matrix own(size, n_subjects * rows_.cols());
    for (Index c = 0; c < rows_.cols(); ++c) {
      for (Index s = 0; s < n_subjects; ++s)
        own.col(c * n_subjects + s) = rows_.col(c).segment(pattern.first_row[s], size);
    }
    return own;
  }

  const Evaluation& at_;
  const equations::WhitenedRecords* const records_;  // of a structured residual
  Matrix covariance_;
  Matrix u_;
  Matrix cross_;  // W'T
  // By block, of size 0 where it does not move: Z'T - L of its levels, those that no record meets
  // among them, and K times it.
  std::vector<Matrix> errors_, related_errors_;
  std::vector<Matrix> rests_;  // (unit variance) of levels without equations, see EffectFunctions
  Matrix rows_;                // T_w'T; of size 0 without a structured residual
  std::vector<std::vector<Matrix>> whitening_;
  std::vector<std::vector<Matrix>> gathered_;         // rows_ by pattern
  std::vector<std::vector<Index>> first_of_pattern_;  // in R' by pattern
  std::vector<Matrix> position_products_;  // products_of(), of size 0 where it is too large
};

// 2 sum_ij w_ij (T'V_i P V_j T - T'V_ij T / 4)
Matrix adjustment_of(const WeightedColumns& columns, const std::vector<Direction>& directions,
                     const Adjustment& adjustment) {
  const Eigen::LLT<Matrix> root(adjustment.parameter_covariance);
  if (root.info() != Eigen::Success)
    throw InvalidSpec("information", "the covariance of the variance parameters is not definite");
  const Matrix l = root.matrixL();
  Matrix sum = Matrix::Zero(columns.covariance().rows(), columns.covariance().cols());
  for (Index k = 0; k < l.cols(); ++k) {
    sum += 2.0 * columns.squared(columns.image(combined(directions, l.col(k))));
  }
  return sum - 0.5 * columns.gradient(adjustment.nonlinear);
}

}  // namespace

MeanCovariance mean_covariance(const Evaluation& at, const Matrix& k,
                               const std::vector<Direction>& directions,
                               const std::optional<Adjustment>& adjustment, Callbacks& callbacks) {
  const WeightedColumns columns(at, k, callbacks);
  MeanCovariance found;
  found.covariance = columns.covariance();
  for (const Direction& direction : directions) {
    found.gradients.push_back(columns.gradient(direction));
  }
  if (adjustment) {
    found.adjusted = found.covariance;
    if (!directions.empty()) found.adjusted += adjustment_of(columns, directions, *adjustment);
  }
  return found;
}

}  // namespace henderson::answers
