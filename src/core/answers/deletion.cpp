// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/deletion.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <limits>

#include "core/answers/deletion_ways.h"
#include "core/linalg/dense.h"

namespace henderson::answers {
namespace {

using likelihood::Evaluation;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kGroupsAtATime = 64;

class Deletion {
 public:
  explicit Deletion(const Evaluation& at)
      : at_(at),
        fixed_(at),
        by_halves_(at.factor(), fixed_),
        by_downdate_(at.factor(), fixed_),
        reach_(at.factor().symbolic()) {}

  Index n_rows() const { return fixed_.half().rows(); }

  // Chooses the way of a group. Gives: the numbers that are kept for the groups since prepare().
  Index note(DeletedGroup& group) {
    reach_.clear();
    for (const SmallIndex column : group.columns) reach_.include(column);
    group.is_downdated = by_downdate_.flops(group, reach_) < by_halves_.flops(group, reach_);
    if (!group.is_downdated) group.compress();
    for (const auto& row : group.rows) {
      if (group.is_downdated)
        n_of_rows_ += static_cast<Index>(row.size());
      else
        n_of_halves_ = by_halves_.halves().note(row);
    }
    return n_of_rows_ + n_of_halves_;
  }
  void prepare() {
    by_halves_.halves().prepare();
    n_of_rows_ = n_of_halves_ = 0;
  }

  void solve(const DeletedGroup& group, Eigen::Ref<Vector> y) {
    if (group.is_downdated)
      by_downdate_.solve(group, y);
    else
      by_halves_.solve(group, y);
  }

  // b - b_(S), the groups' y side by side.
  Matrix changes(const ConstMatrixRef& y) const {
    return linalg::product(fixed_.half().transpose(), y, at_.equations().threads());
  }

  // (b - b_(S))'(F'F)^-1 (b - b_(S)): with the orthonormal columns F G^-T, GG' = F'F.
  Vector distances(const ConstMatrixRef& y) {
    if (orthonormal_.size() == 0) {
      const Matrix& half = fixed_.half();
      const Eigen::LLT<Matrix> root(half.transpose() * half);
      orthonormal_ = root.matrixL().solve(half.transpose());
    }
    return linalg::product(orthonormal_, y, at_.equations().threads())
        .colwise()
        .squaredNorm()
        .transpose();
  }

 private:
  const Evaluation& at_;
  const FixedHalves fixed_;
  DeletionByHalves by_halves_;
  DeletionByDowndate by_downdate_;
  linalg::Reach reach_;
  Index n_of_rows_ = 0, n_of_halves_ = 0;
  Matrix orthonormal_;
};

using Members = std::vector<std::vector<Index>>;

Members members_of(const std::vector<SmallIndex>& group, SmallIndex n_groups) {
  Members members(static_cast<std::size_t>(n_groups));
  for (std::size_t r = 0; r < group.size(); ++r) members[group[r]].push_back(static_cast<Index>(r));
  return members;
}

// Groups first, first + 1, ..., as many as share what is kept of L^-1.
std::vector<DeletedGroup> take(const ScaledRecords& records, const Members& members,
                               std::size_t first, Deletion& deletion) {
  std::vector<DeletedGroup> groups;
  Index n_numbers = 0;
  while (first + groups.size() < members.size() && n_numbers < kMostHalves) {
    groups.push_back(deleted_group(records, members[first + groups.size()]));
    n_numbers = deletion.note(groups.back());
  }
  deletion.prepare();
  return groups;
}

// Calls visit(first group, deletion, y) for some groups after others.
template <class Visit>
void for_each_batch(const Evaluation& at, const std::vector<SmallIndex>& group, SmallIndex n_groups,
                    Callbacks& callbacks, Visit visit) {
  const Index n_records = at.model().n_records;
  if (static_cast<Index>(group.size()) != n_records)
    throw DimensionMismatch("groups of records", static_cast<Index>(group.size()), n_records);
  const Members members = members_of(group, n_groups);
  const ScaledRecords records(at);
  Deletion deletion(at);
  for (std::size_t first = 0; first < members.size();) {
    const std::vector<DeletedGroup> groups = take(records, members, first, deletion);
    for (std::size_t begin = 0; begin < groups.size(); begin += kGroupsAtATime) {
      callbacks.stop_if_interrupted();
      const std::size_t n = std::min(kGroupsAtATime, groups.size() - begin);
      Matrix y(deletion.n_rows(), static_cast<Index>(n));
      for (std::size_t g = 0; g < n; ++g)
        deletion.solve(groups[begin + g], y.col(static_cast<Index>(g)));
      visit(static_cast<Index>(first + begin), deletion, y);
    }
    first += groups.size();
  }
}

}  // namespace

Matrix deletion_changes(const Evaluation& at, const std::vector<SmallIndex>& group,
                        SmallIndex n_groups, Callbacks& callbacks) {
  const model::Model& model = at.model();
  Matrix changes(model.fixed.n_original, n_groups);
  for_each_batch(
      at, group, n_groups, callbacks, [&](Index first, const Deletion& deletion, const Matrix& y) {
        const Matrix found = deletion.changes(y);
        for (Index g = 0; g < found.cols(); ++g)
          changes.col(first + g) = model.response_unit * model.fixed.beta(found.col(g), kNaN);
      });
  return changes;
}

Vector deletion_distances(const Evaluation& at, const std::vector<SmallIndex>& group,
                          SmallIndex n_groups, Callbacks& callbacks) {
  Vector distances(n_groups);
  for_each_batch(at, group, n_groups, callbacks,
                 [&](Index first, Deletion& deletion, const Matrix& y) {
                   distances.segment(first, y.cols()) = deletion.distances(y);
                 });
  return distances / (at.residual() * at.model().rank());
}

}  // namespace henderson::answers
