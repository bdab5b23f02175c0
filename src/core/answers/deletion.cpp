// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/deletion.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <limits>
#include <optional>

#include "core/answers/deletion_ways.h"
#include "core/answers/structured_records.h"
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

  // Chooses the way of a group. Gives: the numbers that are kept for the groups since prepare().
  Index note(DeletedGroup& group) {
    reach_.clear();
    for (const SmallIndex column : group.columns) reach_.include(column);
    group.is_downdated =
        group.keeps_pattern && by_downdate_.flops(group, reach_) < by_halves_.flops(group, reach_);
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

  // b - b_(S) of some groups, side by side.
  Matrix changes(const DeletedGroup* groups, std::size_t n) {
    Matrix changes = Matrix::Zero(fixed_.half().cols(), static_cast<Index>(n));
    Matrix y = Matrix::Zero(fixed_.half().rows(), changes.cols());
    for (std::size_t g = 0; g < n; ++g) {
      const auto column = static_cast<Index>(g);
      if (groups[g].is_downdated)
        by_downdate_.solve(groups[g], changes.col(column));
      else
        by_halves_.solve(groups[g], y.col(column));
    }
    const bool is_any_halved =
        std::any_of(groups, groups + n, [](const DeletedGroup& g) { return !g.is_downdated; });
    if (is_any_halved)
      changes += linalg::product(fixed_.half().transpose(), y, at_.equations().threads());
    return changes;
  }

  // (b - b_(S))'(F'F)^-1 (b - b_(S)).
  Vector distances(const Matrix& changes) const {
    return fixed_.root()
        .triangularView<Eigen::Lower>()
        .solve(changes)
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
};

using Members = std::vector<std::vector<Index>>;

Members members_of(const std::vector<SmallIndex>& group, SmallIndex n_groups) {
  Members members(static_cast<std::size_t>(n_groups));
  for (std::size_t r = 0; r < group.size(); ++r) members[group[r]].push_back(static_cast<Index>(r));
  return members;
}

// Groups first, first + 1, ..., as many as share what is kept of L^-1.
template <class Take>
std::vector<DeletedGroup> take(const Take& deleted, const Members& members, std::size_t first,
                               Deletion& deletion) {
  std::vector<DeletedGroup> groups;
  Index n_numbers = 0;
  while (first + groups.size() < members.size() && n_numbers < kMostHalves) {
    groups.push_back(deleted(members[first + groups.size()]));
    n_numbers = deletion.note(groups.back());
  }
  deletion.prepare();
  return groups;
}

// Calls visit(first group, deletion, changes) for some groups after others.
template <class Visit>
void for_each_batch(const Evaluation& at, const std::vector<SmallIndex>& group, SmallIndex n_groups,
                    Callbacks& callbacks, Visit visit) {
  const Index n_records = at.model().n_records;
  if (static_cast<Index>(group.size()) != n_records)
    throw DimensionMismatch("groups of records", static_cast<Index>(group.size()), n_records);
  const Members members = members_of(group, n_groups);
  const ScaledRecords records(at);
  std::optional<StructuredRecords> structured;
  if (at.model().has_structured_residual()) structured.emplace(at);
  const auto deleted = [&](const std::vector<Index>& own) {
    return structured ? structured->deleted_group(own) : deleted_group(records, own);
  };
  Deletion deletion(at);
  for (std::size_t first = 0; first < members.size();) {
    const std::vector<DeletedGroup> groups = take(deleted, members, first, deletion);
    for (std::size_t begin = 0; begin < groups.size(); begin += kGroupsAtATime) {
      callbacks.stop_if_interrupted();
      const std::size_t n = std::min(kGroupsAtATime, groups.size() - begin);
      visit(static_cast<Index>(first + begin), deletion,
            deletion.changes(groups.data() + begin, n));
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
      at, group, n_groups, callbacks, [&](Index first, const Deletion&, const Matrix& found) {
        for (Index g = 0; g < found.cols(); ++g)
          changes.col(first + g) = model.response_unit * model.fixed.beta(found.col(g), kNaN);
      });
  return changes;
}

Vector deletion_distances(const Evaluation& at, const std::vector<SmallIndex>& group,
                          SmallIndex n_groups, Callbacks& callbacks) {
  Vector distances(n_groups);
  for_each_batch(at, group, n_groups, callbacks,
                 [&](Index first, const Deletion& deletion, const Matrix& found) {
                   distances.segment(first, found.cols()) = deletion.distances(found);
                 });
  return distances / (at.residual() * at.model().rank());
}

}  // namespace henderson::answers
