// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/absorption.h"

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <algorithm>

#include "core/equations/node_groups.h"
#include "core/linalg/dense.h"

namespace henderson::equations {
namespace {

using model::BlockSymmetric;
using model::Model;
using model::Nodes;

constexpr double kMostWork = 2e9;  // operations in the columns that groups meet

bool is_zero(const Matrix& lambda) { return lambda.isZero(0.0); }

bool is_possible(const Model& model, const Factors& lambda) {
  if (model.has_structured_residual() || model.blocks.empty()) return false;
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    if (!model.blocks[b].levels->is_identity()) return false;
    if (is_zero(lambda[b])) continue;
    if (lambda[b].rows() != lambda[b].cols()) return false;
    if (Eigen::LLT<Matrix>(lambda[b] * lambda[b].transpose()).info() != Eigen::Success)
      return false;
  }
  return true;
}

// Where every column of W is: in a group, in B, or nowhere (a term that is zero, or for ML a fixed
// effect).
struct Places {
  std::vector<SmallIndex> group;  // of each node; kNone
  std::vector<SmallIndex> local;  // first column of each node in its group
  std::vector<Index> rest;        // first column of each node in B; kNone
  Index n_rest = 0;
};

Places places_of(const MixedModelEquations& equations, const Factors& lambda, NodeGroups& groups,
                 Absorption& found) {
  const Model& model = equations.model();
  const Nodes& nodes = model.cross_products.nodes;
  const std::vector<SmallIndex>& block_of = equations.columns().block_of_node;
  const auto n = static_cast<std::size_t>(nodes.count());
  Places at{std::vector<SmallIndex>(n, kNone), std::vector<SmallIndex>(n, 0),
            std::vector<Index>(n, kNone), 0};
  std::vector<SmallIndex> group_of_root(n, kNone), width(n, 0);
  found.first_in_rest.assign(model.blocks.size(), kNone);
  for (SmallIndex i = 0; i < nodes.count(); ++i) {
    const auto b = static_cast<std::size_t>(block_of[i]);
    const bool is_random = b < model.blocks.size();
    if (is_random && found.is_absorbed[b]) {
      const SmallIndex root = groups.sets.root(i);
      SmallIndex& group = group_of_root[root];
      if (group == kNone) {
        group = static_cast<SmallIndex>(found.groups.size());
        found.groups.emplace_back();
      }
      at.group[i] = group;
      at.local[i] = width[root];
      found.groups[group].nodes.push_back(i);
      found.groups[group].first.push_back(width[root]);
      width[root] += nodes.size(i);
    } else if (is_random ? !is_zero(lambda[b]) : model.reml) {
      if (is_random && found.first_in_rest[b] == kNone) found.first_in_rest[b] = at.n_rest;
      at.rest[i] = at.n_rest;
      at.n_rest += nodes.size(i);
    }
  }
  return at;
}

// One stored block of W'W, its row node and its column node.
struct Stored {
  Index first_value;
  SmallIndex row;
  SmallIndex column;
};

Eigen::Map<const Matrix> values_of(const BlockSymmetric& cross, const Stored& stored) {
  return {cross.value.data() + stored.first_value, cross.nodes.size(stored.row),
          cross.nodes.size(stored.column)};
}

// The blocks of W'W that each group has, by group; those of B alone go into `rest`.
std::vector<std::vector<Stored>> sorted_blocks(const BlockSymmetric& cross, const Places& at,
                                               std::size_t n_groups, Matrix& rest) {
  std::vector<std::vector<Stored>> of_group(n_groups);
  for (SmallIndex j = 0; j < cross.nodes.count(); ++j) {
    for (Index k = cross.start[j]; k < cross.start[j + 1]; ++k) {
      const Stored stored{cross.first_value[k], cross.node[k], j};
      const SmallIndex group = at.group[j] != kNone ? at.group[j] : at.group[stored.row];
      if (group != kNone) {
        of_group[group].push_back(stored);
      } else if (at.rest[j] != kNone && at.rest[stored.row] != kNone) {
        const auto value = values_of(cross, stored);
        rest.block(at.rest[stored.row], at.rest[j], value.rows(), value.cols()) = value;
        rest.block(at.rest[j], at.rest[stored.row], value.cols(), value.rows()) = value.transpose();
      }
    }
  }
  return of_group;
}

// M_AA and M_AB of one group, and the columns of B that it has.
void gather(const BlockSymmetric& cross, const Places& at, const std::vector<Stored>& blocks,
            AbsorbedGroup& group) {
  const auto rest_node = [&](const Stored& stored) {
    return at.rest[stored.column] != kNone ? stored.column : stored.row;
  };
  const auto is_outside = [&](const Stored& stored) {
    return at.rest[stored.column] != kNone || at.rest[stored.row] != kNone;
  };
  for (const Stored& stored : blocks) {
    if (!is_outside(stored)) continue;
    const SmallIndex node = rest_node(stored);
    for (SmallIndex c = 0; c < cross.nodes.size(node); ++c)
      group.columns.push_back(static_cast<SmallIndex>(at.rest[node]) + c);
  }
  std::sort(group.columns.begin(), group.columns.end());
  group.columns.erase(std::unique(group.columns.begin(), group.columns.end()), group.columns.end());
  const Index n = group.first.back() + cross.nodes.size(group.nodes.back());
  group.h = Matrix::Zero(n, n);
  group.f = Matrix::Zero(n, static_cast<Index>(group.columns.size()));
  for (const Stored& stored : blocks) {
    const auto value = values_of(cross, stored);
    const Index column = at.local[stored.column], row = at.local[stored.row];
    if (at.group[stored.column] != kNone && at.group[stored.row] != kNone) {
      group.h.block(row, column, value.rows(), value.cols()) = value;
      group.h.block(column, row, value.cols(), value.rows()) = value.transpose();
    } else if (is_outside(stored)) {
      const auto to = std::lower_bound(group.columns.begin(), group.columns.end(),
                                       static_cast<SmallIndex>(at.rest[rest_node(stored)])) -
                      group.columns.begin();
      if (at.group[stored.column] != kNone) {
        group.f.block(column, to, value.cols(), value.rows()) = value.transpose();
      } else {
        group.f.block(row, to, value.rows(), value.cols()) = value;
      }
    }
  }
}

// From M_AA and M_AB to H and F, group after group; takes them out of S. Groups are small and many:
// the storage is made once for all of one size.
class Elimination {
 public:
  Elimination(const std::vector<SmallIndex>& block_of, std::vector<Matrix> sigma, Matrix& rest)
      : block_of_(block_of), sigma_(std::move(sigma)), rest_(rest) {}

  void run(AbsorbedGroup& group) {
    const Index n = group.h.rows();
    own_.setZero(n, n);
    for (std::size_t i = 0; i < group.nodes.size(); ++i) {
      const Matrix& s = sigma_[static_cast<std::size_t>(block_of_[group.nodes[i]])];
      own_.block(group.first[i], group.first[i], s.rows(), s.cols()) = s;
    }
    turned_.noalias() = own_ * group.f;  // Sigma M_AB
    system_.setIdentity(n, n);
    system_.noalias() += group.h * own_;
    lu_.compute(system_);
    solved_ = lu_.solve(group.h);
    group.h = 0.5 * (solved_ + solved_.transpose());
    solved_ = lu_.solve(group.f);
    group.f = solved_;
    lost_.noalias() = turned_.transpose() * group.f;
    for (Index c = 0; c < lost_.cols(); ++c) {
      for (Index r = 0; r < lost_.rows(); ++r)
        rest_(group.columns[r], group.columns[c]) -= lost_(r, c);
    }
  }

 private:
  const std::vector<SmallIndex>& block_of_;
  const std::vector<Matrix> sigma_;
  Matrix& rest_;
  Eigen::PartialPivLU<Matrix> lu_;
  Matrix own_, turned_, system_, solved_, lost_;
};

template <class Visit>
void for_levels(const Absorption::Factor& of, Visit visit) {
  const Index n = of.lambda.rows();
  for (Index l = 0; l < of.n_levels; ++l) visit(of.first + l * n, n);
}

// Lambda_B'S Lambda_B + I, the I for random terms.
Matrix scaled_system(const Absorption& absorption) {
  Matrix system = absorption.rest;
  for (const Absorption::Factor& of : absorption.factors) {
    for_levels(of, [&](Index at, Index n) {
      system.middleCols(at, n) = (system.middleCols(at, n) * of.lambda).eval();
    });
  }
  for (const Absorption::Factor& of : absorption.factors) {
    for_levels(of, [&](Index at, Index n) {
      system.middleRows(at, n) = (of.lambda.transpose() * system.middleRows(at, n)).eval();
      system.diagonal().segment(at, n).array() += 1.0;
    });
  }
  return system;
}

}  // namespace

void Absorption::times_factor(Matrix& x) const {
  for (const Factor& of : factors) {
    for_levels(of, [&](Index at, Index n) {
      x.middleCols(at, n) = (x.middleCols(at, n) * of.lambda.transpose()).eval();
    });
  }
}

void Absorption::times_inverse_factor(Matrix& x) const {
  Matrix found = Matrix::Zero(x.rows(), x.cols());
  for (const Factor& of : factors) {
    const Matrix inverse = of.lambda.partialPivLu().inverse();
    for_levels(of,
               [&](Index at, Index n) { found.middleCols(at, n) = x.middleCols(at, n) * inverse; });
  }
  x = std::move(found);
}

std::optional<Absorption> absorb(const MixedModelEquations& equations, const Factors& lambda,
                                 const AbsorptionLimits& limits) {
  const Model& model = equations.model();
  if (!is_possible(model, lambda)) return std::nullopt;
  const std::vector<SmallIndex>& block_of = equations.columns().block_of_node;
  NodeGroups groups = group_nodes(equations, lambda, limits.group);
  Absorption found;
  found.is_absorbed = groups.is_absorbed;
  const Places at = places_of(equations, lambda, groups, found);
  if (at.n_rest > limits.rest) return std::nullopt;

  std::vector<Matrix> sigma;
  for (const Matrix& l : lambda) sigma.push_back(l * l.transpose());
  found.rest = Matrix::Zero(at.n_rest, at.n_rest);
  const std::vector<std::vector<Stored>> blocks =
      sorted_blocks(model.cross_products, at, found.groups.size(), found.rest);
  Elimination elimination(block_of, sigma, found.rest);
  double work = 0.0;
  for (std::size_t g = 0; g < found.groups.size(); ++g) {
    AbsorbedGroup& group = found.groups[g];
    gather(model.cross_products, at, blocks[g], group);
    work += static_cast<double>(group.h.rows()) * static_cast<double>(group.columns.size()) *
            static_cast<double>(group.columns.size());
    if (work > kMostWork) return std::nullopt;
    elimination.run(group);
  }

  for (std::size_t b = 0; b < lambda.size(); ++b) {
    if (found.first_in_rest[b] != kNone)
      found.factors.push_back({found.first_in_rest[b], model.blocks[b].n_levels, lambda[b]});
  }
  auto inverse = linalg::symmetric_inverse(scaled_system(found), equations.threads());
  if (!std::holds_alternative<linalg::DenseInverse>(inverse)) return std::nullopt;
  found.half = std::move(std::get<linalg::DenseInverse>(inverse).inverse);
  for (const Absorption::Factor& of : found.factors)
    for_levels(of, [&](Index at, Index n) {
      found.half.middleRows(at, n) = (of.lambda * found.half.middleRows(at, n)).eval();
    });
  found.inverse = found.half;
  found.times_factor(found.inverse);
  return found;
}

}  // namespace henderson::equations
