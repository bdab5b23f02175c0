// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/halves.h"

#include <algorithm>

namespace henderson::answers {

Halves::Halves(const linalg::CholeskyFactor& factor)
    : factor_(factor),
      is_noted_(static_cast<std::size_t>(factor.size()), 0),
      reach_(factor.symbolic()) {}

Index Halves::note(const std::vector<ScaledEntry>& row) {
  for (const ScaledEntry& entry : row) {
    if (is_noted_[entry.column]) continue;
    is_noted_[entry.column] = 1;
    noted_.push_back(entry.column);
    n_numbers_ += linalg::path_length(factor_.symbolic(), entry.column);
  }
  return n_numbers_;
}

void Halves::prepare() {
  for (const SmallIndex column : noted_) is_noted_[column] = 0;
  std::sort(noted_.begin(), noted_.end());
  columns_ = std::make_unique<linalg::LowerInverse>(factor_, std::move(noted_));
  noted_.clear();
  n_numbers_ = 0;
}

void Halves::of(const ScaledRowList& rows, Matrix& half) {
  reach_.clear();
  for (const std::vector<ScaledEntry>& row : rows)
    for (const ScaledEntry& entry : row) reach_.include(entry.column);
  half.setZero(reach_.n_rows(), static_cast<Index>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (const ScaledEntry& entry : rows[i])
      columns_->add(entry.column, entry.value, reach_, half.col(static_cast<Index>(i)).data());
}

}  // namespace henderson::answers
