// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/structured_records.h"

#include <algorithm>
#include <cmath>

#include "core/answers/residual_whitening.h"

namespace henderson::answers {

using likelihood::Evaluation;

StructuredRecords::StructuredRecords(const Evaluation& at)
    : row_of_record_(static_cast<std::size_t>(at.model().n_records)),
      sum_(Vector::Zero(at.equations().columns().nodes.n_columns())),
      is_met_(static_cast<std::size_t>(sum_.size()), 0) {
  const Eigen::SparseMatrix<double> whitening = relative_whitening(at.model(), at.parameters);
  precision_ = whitening.transpose() * whitening;
  errors_ = whitening.transpose() * at.records().whitened()->residual(at.solution().unscaled);
  place_.assign(static_cast<std::size_t>(errors_.size()), kNone);
  keeps_pattern_.assign(place_.size(), 0);
  for (const model::RecordGroup& group : at.model().groups->groups)
    if (group.is_subject)
      std::fill_n(keeps_pattern_.begin() + group.first_row, group.n_rows, char{1});
  take_design(at);
}

void StructuredRecords::take_design(const Evaluation& at) {
  const ScaledRecords records(at);
  std::vector<ScaledEntry> row;
  SmallIndex n_missing = 0;
  const std::vector<SmallIndex>& record_of_row = at.model().residual.record_of_row;
  for (std::size_t r = 0; r < record_of_row.size(); ++r) {
    if (record_of_row[r] == kNone) {
      records.missing_row(n_missing++, row);
    } else {
      records.row(record_of_row[r], row);
      row_of_record_[record_of_row[r]] = static_cast<Index>(r);
    }
    entries_.insert(entries_.end(), row.begin(), row.end());
    start_.push_back(entries_.size());
  }
}

// Rows from their first entry on: no others fill (George & Liu 1981, ch. 4).
std::vector<StructuredRecords::RootRow> StructuredRecords::root_of(const std::vector<Index>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) place_[rows[i]] = static_cast<SmallIndex>(i);
  std::vector<RootRow> root(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto own = static_cast<Index>(i);
    Index first = own;
    for (Eigen::SparseMatrix<double>::InnerIterator k(precision_, rows[i]); k; ++k)
      if (place_[k.row()] != kNone) first = std::min(first, Index{place_[k.row()]});
    Vector& g = root[i].value;
    g.setZero(own - first + 1);
    root[i].first = first;
    for (Eigen::SparseMatrix<double>::InnerIterator k(precision_, rows[i]); k; ++k)
      if (place_[k.row()] != kNone && place_[k.row()] <= own)
        g[place_[k.row()] - first] = k.value();
    for (Index j = first; j < own; ++j) {
      const RootRow& above = root[static_cast<std::size_t>(j)];
      const Index from = std::max(first, above.first), n = j - from;
      g[j - first] -= g.segment(from - first, n).dot(above.value.segment(from - above.first, n));
      g[j - first] /= above.value[j - above.first];
    }
    g[own - first] = std::sqrt(g[own - first] - g.head(own - first).squaredNorm());
  }
  for (const Index row : rows) place_[row] = kNone;
  return root;
}

void StructuredRecords::add(const ScaledEntry* begin, const ScaledEntry* end, double factor) {
  for (const ScaledEntry* entry = begin; entry != end; ++entry) {
    sum_[entry->column] += factor * entry->value;
    if (is_met_[entry->column]) continue;
    is_met_[entry->column] = 1;
    met_.push_back(entry->column);
  }
}

// What was added up, times a factor; the next sum begins.
std::vector<ScaledEntry> StructuredRecords::take_sum(double factor) {
  std::vector<ScaledEntry> row;
  row.reserve(met_.size());
  for (const SmallIndex column : met_) {
    row.push_back({column, factor * sum_[column]});
    sum_[column] = 0.0;
    is_met_[column] = 0;
  }
  met_.clear();
  return row;
}

DeletedGroup StructuredRecords::deleted_group(const std::vector<Index>& members) {
  std::vector<Index> rows;
  for (const Index record : members) rows.push_back(row_of_record_[record]);
  std::sort(rows.begin(), rows.end());
  const std::vector<RootRow> root = root_of(rows);
  DeletedGroup group;
  group.errors.resize(static_cast<Index>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (Eigen::SparseMatrix<double>::InnerIterator k(precision_, rows[i]); k; ++k)
      add(entries_.data() + start_[k.row()], entries_.data() + start_[k.row() + 1], k.value());
    const Vector& g = root[i].value;
    double error = errors_[rows[i]];
    for (Index k = 0; k + 1 < g.size(); ++k) {
      if (g[k] == 0.0) continue;
      const std::vector<ScaledEntry>& above =
          group.rows[static_cast<std::size_t>(root[i].first + k)];
      add(above.data(), above.data() + above.size(), -g[k]);
      error -= g[k] * group.errors[root[i].first + k];
    }
    const double diagonal = g[g.size() - 1];
    group.rows.push_back(take_sum(1.0 / diagonal));
    group.errors[static_cast<Index>(i)] = error / diagonal;
    group.keeps_pattern = group.keeps_pattern && keeps_pattern(rows[i]);
  }
  group.list_columns();
  return group;
}

}  // namespace henderson::answers
