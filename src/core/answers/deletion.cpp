// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/deletion.h"

#include <Eigen/Cholesky>
#include <Eigen/QR>
#include <algorithm>
#include <limits>

#include "core/answers/halves.h"
#include "core/linalg/dense.h"

namespace henderson::answers {
namespace {

using likelihood::Evaluation;
using linalg::Reach;
namespace kernels = linalg::kernels;

// What is left of the information about a fixed effect below which there is nothing but rounding.
constexpr double kNothingLeft = 1e-10;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kGroupsAtATime = 64;

// The records of a group, A and e. Where they meet far fewer columns, other rows with the same A'A
// and A'e: A = turn x rows, `turn` being triangular and the rows unit vectors.
struct Group {
  ScaledRowList rows;
  Vector errors;
  std::vector<SmallIndex> columns;  // increasing
  Matrix turn;                      // of size 0: the identity

  void find_columns() {
    columns.clear();
    for (const auto& row : rows)
      for (const ScaledEntry& entry : row) columns.push_back(entry.column);
    std::sort(columns.begin(), columns.end());
    columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  }

  // A = QR: R for A, and the first rows of Q'e.
  void compress() {
    const auto n = static_cast<Index>(rows.size()), m = static_cast<Index>(columns.size());
    if (n <= 2 * m) return;
    Matrix dense = Matrix::Zero(n, m);
    for (Index i = 0; i < n; ++i) {
      for (const ScaledEntry& entry : rows[static_cast<std::size_t>(i)]) {
        const auto at = std::lower_bound(columns.begin(), columns.end(), entry.column);
        dense(i, at - columns.begin()) += entry.value;
      }
    }
    const Eigen::HouseholderQR<Matrix> qr(dense);
    errors = (qr.householderQ().adjoint() * errors).head(m).eval();
    turn = qr.matrixQR().topRows(m).triangularView<Eigen::Upper>();
    rows.clear();
    for (const SmallIndex column : columns) rows.push_back({{column, 1.0}});
  }
};

// The rows of `from` that stand in the supernodes of `to`, in the places of these.
void copy_common(const linalg::SymbolicFactor& symbolic, const Reach& from, const Reach& to,
                 const ConstMatrixRef& x, MatrixRef y) {
  for (const SmallIndex s : to.supernodes()) {
    if (!from.has(s)) continue;
    y.middleRows(to.place(s), symbolic.width(s)) = x.middleRows(from.place(s), symbolic.width(s));
  }
}

class Deletion {
 public:
  explicit Deletion(const Evaluation& at)
      : at_(at),
        symbolic_(at.factor().symbolic()),
        first_fixed_(at.equations().columns().nodes.n_columns() - at.model().rank()),
        fixed_(at.factor()),
        halves_(at.factor()) {
    ScaledRowList units;
    for (SmallIndex j = 0; j < at.model().rank(); ++j) units.push_back({{first_fixed_ + j, 1.0}});
    for (const auto& unit : units) fixed_.note(unit);
    fixed_.prepare();
    fixed_.of(units, half_of_fixed_);
  }

  Halves& halves() { return halves_; }
  Index n_rows() const { return half_of_fixed_.rows(); }

  // y = L^-1 P A'(I - H'H)^-1 e over the rows that the fixed effects reach; NaN where there is
  // none.
  void solve(const Group& group, Eigen::Ref<Vector> y) {
    halves_.of(group.rows, half_);
    if (group.turn.size() > 0) half_ = linalg::product(half_, group.turn.transpose(), 1);
    const Index n = half_.cols();
    common_.setZero(half_of_fixed_.rows(), n);
    copy_common(symbolic_, halves_.reach(), fixed_.reach(), half_, common_);
    transposed_ = half_.transpose();
    root_.setIdentity(n, n);
    scratch_.reserve(std::max(n, half_.rows()), std::max(n, half_.rows()));
    kernels::subtract_aat(n, half_.rows(), transposed_.data(), n, root_.data(), n, scratch_);
    const bool is_definite =
        kernels::factor_panel(n, n, root_.data(), n, {}, scratch_) == kernels::kNoFailure;
    if (!is_definite || !is_estimable(group)) {
      y.setConstant(kNaN);
      return;
    }
    Vector solved = group.errors;
    root_.triangularView<Eigen::Lower>().solveInPlace(solved);
    root_.triangularView<Eigen::Lower>().adjoint().solveInPlace(solved);
    y = common_ * solved;
  }

  // b - b_(S), the groups' y side by side.
  Matrix changes(const ConstMatrixRef& y) const {
    return linalg::product(half_of_fixed_.transpose(), y, at_.equations().threads());
  }

  // (b - b_(S))'(H_f'H_f)^-1 (b - b_(S)): with the orthonormal columns H_f G^-T, GG' = H_f'H_f.
  Vector distances(const ConstMatrixRef& y) {
    if (orthonormal_.size() == 0) {
      const Eigen::LLT<Matrix> root(half_of_fixed_.transpose() * half_of_fixed_);
      orthonormal_ = root.matrixL().solve(half_of_fixed_.transpose());
    }
    return linalg::product(orthonormal_, y, at_.equations().threads())
        .colwise()
        .squaredNorm()
        .transpose();
  }

 private:
  // D_ff + T'(I - H'H)^-1 T, T = H'H_f, is the covariance of the fixed effects that the group meets
  // without it: infinite, relative to D_ff = H_f'H_f, where one is lost. The eigenvalues of I - H'H
  // are at most 1, so its determinant bounds the least of them, and with it what is gained.
  bool is_estimable(const Group& group) {
    const auto first = std::lower_bound(group.columns.begin(), group.columns.end(), first_fixed_);
    const Index n = group.columns.end() - first;
    if (root_.diagonal().array().square().prod() > static_cast<double>(n) * kNothingLeft)
      return true;
    Matrix own(half_of_fixed_.rows(), n);
    for (Index j = 0; j < n; ++j) own.col(j) = half_of_fixed_.col(first[j] - first_fixed_);
    Matrix gained = common_.transpose() * own;
    root_.triangularView<Eigen::Lower>().solveInPlace(gained);
    const Eigen::LLT<Matrix> scale(own.transpose() * own);
    const Matrix relative = scale.matrixL().solve(gained.transpose());
    return relative.squaredNorm() < 1.0 / kNothingLeft;
  }

  const Evaluation& at_;
  const linalg::SymbolicFactor& symbolic_;
  const SmallIndex first_fixed_;
  Halves fixed_;
  Halves halves_;
  Matrix half_of_fixed_, orthonormal_;
  Matrix half_, transposed_, common_;  // H, H', H over the rows that the fixed effects reach
  Matrix root_;                        // of I - H'H, in its lower triangle
  kernels::Scratch scratch_;
};

using Members = std::vector<std::vector<Index>>;

Members members_of(const std::vector<SmallIndex>& group, SmallIndex n_groups) {
  Members members(static_cast<std::size_t>(n_groups));
  for (std::size_t r = 0; r < group.size(); ++r) members[group[r]].push_back(static_cast<Index>(r));
  return members;
}

Group group_of(const ScaledRecords& records, const std::vector<Index>& members) {
  Group group;
  group.rows.resize(members.size());
  group.errors.resize(static_cast<Index>(members.size()));
  for (std::size_t i = 0; i < members.size(); ++i) {
    records.row(members[i], group.rows[i]);
    group.errors[static_cast<Index>(i)] = records.error(members[i]);
  }
  group.find_columns();
  group.compress();
  return group;
}

// Groups first, first + 1, ..., as many as share what is kept of L^-1.
std::vector<Group> take(const ScaledRecords& records, const Members& members, std::size_t first,
                        Halves& halves) {
  std::vector<Group> groups;
  Index n_numbers = 0;
  while (first + groups.size() < members.size() && n_numbers < kMostHalves) {
    groups.push_back(group_of(records, members[first + groups.size()]));
    for (const auto& row : groups.back().rows) n_numbers = halves.note(row);
  }
  halves.prepare();
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
    const std::vector<Group> groups = take(records, members, first, deletion.halves());
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
