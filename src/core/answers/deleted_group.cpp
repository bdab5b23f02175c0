// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/deleted_group.h"

#include <Eigen/QR>
#include <algorithm>

namespace henderson::answers {

Index DeletedGroup::n_compressed() const {
  const auto n = static_cast<Index>(rows.size()), m = static_cast<Index>(columns.size());
  return n <= 2 * m ? n : m;
}

// A = QR: R for A, and the first rows of Q'e.
void DeletedGroup::compress() {
  const auto n = static_cast<Index>(rows.size()), m = static_cast<Index>(columns.size());
  if (n_compressed() == n) return;
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

void DeletedGroup::list_columns() {
  columns.clear();
  for (const auto& row : rows)
    for (const ScaledEntry& entry : row) columns.push_back(entry.column);
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
}

DeletedGroup deleted_group(const ScaledRecords& records, const std::vector<Index>& members) {
  DeletedGroup group;
  group.rows.resize(members.size());
  group.errors.resize(static_cast<Index>(members.size()));
  for (std::size_t i = 0; i < members.size(); ++i) {
    records.row(members[i], group.rows[i]);
    group.errors[static_cast<Index>(i)] = records.error(members[i]);
  }
  group.list_columns();
  return group;
}

}  // namespace henderson::answers
