// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/entry_traces.h"

#include "core/linalg/dense.h"

namespace henderson::information {
namespace {

using equations::AbsorbedGroup;
using equations::Absorption;
using equations::MixedModelEquations;
using model::Model;
using model::RandomBlock;

// Entry a of all: (row, column) of the Sigma of a block, row >= column.
struct Entry {
  std::size_t block;
  Index row;
  Index column;
};

std::vector<Entry> entries_of(const Model& model) {
  std::vector<Entry> all;
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    for (Index r = 0; r < model.blocks[b].n_coef; ++r) {
      for (Index c = 0; c <= r; ++c) all.push_back({b, r, c});
    }
  }
  return all;
}

// tr(E_a m)
double trace_with(const Entry& a, const ConstMatrixRef& m) {
  return a.row == a.column ? m(a.row, a.row) : m(a.row, a.column) + m(a.column, a.row);
}

// sum of tr(E_a X E_b X') from the sum of vec(X) vec(X)'.
double trace_of_pair(const Entry& a, const Entry& b, const Matrix& squares, Index n_rows) {
  const auto term = [&](Index r, Index c, Index t, Index u) {
    return squares(c + n_rows * t, r + n_rows * u);
  };
  double sum = term(a.row, a.column, b.row, b.column);
  if (a.row != a.column) sum += term(a.column, a.row, b.row, b.column);
  if (b.row != b.column) sum += term(a.row, a.column, b.column, b.row);
  if (a.row != a.column && b.row != b.column) sum += term(a.column, a.row, b.column, b.row);
  return sum;
}

// tr(P V_a P V_b) and tr(P V_a) of all entries.
class TraceSums {
 public:
  TraceSums(const MixedModelEquations& equations, const Absorption& absorption)
      : model_(equations.model()),
        block_of_(equations.columns().block_of_node),
        absorption_(absorption),
        threads_(equations.threads()),
        entries_(entries_of(model_)) {
    const auto n = static_cast<Index>(entries_.size());
    products_ = Matrix::Zero(n, n);
    traces_ = Vector::Zero(n);
    for (const RandomBlock& first : model_.blocks) {
      std::vector<Matrix>& row = squares_.emplace_back();
      for (const RandomBlock& second : model_.blocks) {
        const Index size = static_cast<Index>(first.n_coef) * second.n_coef;
        row.push_back(Matrix::Zero(size, size));
      }
    }
    shrunk_ = absorption_.half;
    absorption_.times_inverse_factor(shrunk_);
    add_absorbed();
    add_rest();
    add_squares();
  }

  EntryTraces found() && { return {std::move(products_), std::move(traces_)}; }

 private:
  void add_traces(std::size_t block, const ConstMatrixRef& own) {
    for (std::size_t a = 0; a < entries_.size(); ++a) {
      if (entries_[a].block == block)
        traces_[static_cast<Index>(a)] += trace_with(entries_[a], own);
    }
  }

  void add_group(const AbsorbedGroup& group, std::vector<Matrix>& weights) {
    const auto n = static_cast<Index>(group.columns.size());
    own_.resize(n, n);
    for (Index c = 0; c < n; ++c) {
      for (Index r = 0; r < n; ++r)
        own_(r, c) = absorption_.inverse(group.columns[r], group.columns[c]);
    }
    half_.noalias() = group.f * own_;
    g_.noalias() = half_ * group.f.transpose();
    t_ = group.h - g_;
    for (std::size_t i = 0; i < group.nodes.size(); ++i) {
      const auto b = static_cast<std::size_t>(block_of_[group.nodes[i]]);
      const Index at = group.first[i], size = model_.blocks[b].n_coef;
      add_traces(b, t_.block(at, at, size, size));
      for (std::size_t j = 0; j < group.nodes.size(); ++j) {
        const auto other = static_cast<std::size_t>(block_of_[group.nodes[j]]);
        const Index to = group.first[j], other_size = model_.blocks[other].n_coef;
        add_all_squares(t_.block(at, to, size, other_size), size, other_size, 1.0,
                        squares_[b][other]);
        add_all_squares(g_.block(at, to, size, other_size), size, other_size, -1.0,
                        squares_[b][other]);
      }
      add_weights(b, group.columns, group.f.middleRows(at, size), weights);
    }
  }

  // F'E_a F, lower triangle.
  void add_weights(std::size_t block, const std::vector<SmallIndex>& columns,
                   const ConstMatrixRef& f, std::vector<Matrix>& weights) const {
    for (std::size_t a = 0; a < entries_.size(); ++a) {
      if (entries_[a].block != block) continue;
      const auto r = f.row(entries_[a].row), c = f.row(entries_[a].column);
      const bool is_diagonal = entries_[a].row == entries_[a].column;
      for (Index j = 0; j < f.cols(); ++j) {
        double* into = weights[a].col(columns[j]).data();
        for (Index i = j; i < f.cols(); ++i)
          into[columns[i]] += is_diagonal ? r[i] * r[j] : r[i] * c[j] + c[i] * r[j];
      }
    }
  }

  void add_absorbed() {
    const Index n = absorption_.rest.rows();
    std::vector<Matrix> weights;  // N_a
    for (const Entry& entry : entries_)
      weights.push_back(absorption_.is_absorbed[entry.block] ? Matrix::Zero(n, n) : Matrix());
    for (const AbsorbedGroup& group : absorption_.groups) add_group(group, weights);
    std::vector<std::size_t> absorbed;
    for (std::size_t a = 0; a < entries_.size(); ++a) {
      if (weights[a].size() == 0) continue;
      absorbed.push_back(a);
      linalg::mirror_lower(weights[a]);
      weights[a] = linalg::product(weights[a], absorption_.half, threads_);  // N_a U
      if (!absorption_.factors.empty()) add_mixed(a, weights[a]);
      absorption_.times_factor(weights[a]);  // N_a Y
    }
    for (const std::size_t a : absorbed) {
      for (const std::size_t b : absorbed)
        products_(a, b) += linalg::trace_of_product(weights[a], weights[b]);
    }
  }

  // An absorbed entry with all that are not: tr(E_e (Y Sigma_B^-1)'N_a Y Sigma_B^-1); N_a U.
  void add_mixed(std::size_t a, Matrix weighted) {
    absorption_.times_inverse_factor(weighted);
    for (std::size_t b = 0; b < model_.blocks.size(); ++b) {
      const Index first = absorption_.first_in_rest[b];
      if (first == kNone) continue;
      const Index size = model_.blocks[b].n_coef;
      Matrix sum = Matrix::Zero(size, size);
      for (Index l = 0; l < model_.blocks[b].n_levels; ++l) {
        sum += shrunk_.middleCols(first + l * size, size).transpose() *
               weighted.middleCols(first + l * size, size);
      }
      for (std::size_t e = 0; e < entries_.size(); ++e) {
        if (entries_[e].block != b) continue;
        products_(a, e) += trace_with(entries_[e], sum);
        products_(e, a) = products_(a, e);
      }
    }
  }

  // sum of vec(X) vec(X)' over all height x width blocks X of t, between levels of two terms, with
  // a sign.
  static void add_all_squares(const ConstMatrixRef& t, Index height, Index width, double sign,
                              Matrix& squares) {
    using Strides = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
    const auto entry = [&](Index k) {  // entry k of vec(X) of all blocks
      return Eigen::Map<const Matrix, 0, Strides>(
          t.data() + k % height + (k / height) * t.outerStride(), t.rows() / height,
          t.cols() / width, Strides(width * t.outerStride(), height));
    };
    for (Index k = 0; k < squares.rows(); ++k) {
      for (Index l = 0; l <= k; ++l) {
        const double sum = sign * entry(k).cwiseProduct(entry(l)).sum();
        squares(k, l) += sum;
        if (k != l) squares(l, k) += sum;
      }
    }
  }

  // Z_b'P Z_c of the terms that are left.
  void add_rest() {
    for (std::size_t c = 0; c < model_.blocks.size(); ++c) {
      const Index to = absorption_.first_in_rest[c];
      if (to == kNone) continue;
      const Index size = model_.blocks[c].n_coef, width = size * model_.blocks[c].n_levels;
      const Matrix t = linalg::product(absorption_.rest, shrunk_.middleCols(to, width), threads_);
      for (std::size_t b = 0; b < model_.blocks.size(); ++b) {
        const Index from = absorption_.first_in_rest[b];
        if (from == kNone) continue;
        add_all_squares(t.middleRows(from, model_.blocks[b].n_coef * model_.blocks[b].n_levels),
                        model_.blocks[b].n_coef, size, 1.0, squares_[b][c]);
      }
      for (Index l = 0; l < width; l += size) add_traces(c, t.block(to + l, l, size, size));
    }
  }

  void add_squares() {
    for (std::size_t a = 0; a < entries_.size(); ++a) {
      for (std::size_t b = 0; b < entries_.size(); ++b)
        products_(a, b) +=
            trace_of_pair(entries_[a], entries_[b], squares_[entries_[a].block][entries_[b].block],
                          model_.blocks[entries_[a].block].n_coef);
    }
  }

  const Model& model_;
  const std::vector<SmallIndex>& block_of_;
  const Absorption& absorption_;
  const int threads_;
  const std::vector<Entry> entries_;
  Matrix products_;
  Vector traces_;
  std::vector<std::vector<Matrix>> squares_;
  Matrix shrunk_;              // Y Sigma_B^-1
  Matrix own_, half_, g_, t_;  // of one group: Y, F Y, G and T
};

}  // namespace

EntryTraces entry_traces(const MixedModelEquations& equations, const Absorption& absorption) {
  return TraceSums(equations, absorption).found();
}

}  // namespace henderson::information
