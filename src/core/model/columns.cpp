// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/columns.h"

#include <numeric>

#include "core/base/error.h"

namespace henderson::model {
namespace {

SmallIndex part_columns(const Part& part) {
  if (const auto* numeric = std::get_if<NumericPart>(&part)) {
    return static_cast<SmallIndex>(numeric->cols());
  }
  return std::get<FactorPart>(part).coding.n_columns;
}

void check_part(const Part& part, Index n_records, const std::string& where) {
  if (const auto* numeric = std::get_if<NumericPart>(&part)) {
    if (numeric->rows() != n_records) {
      throw DimensionMismatch(where + ", numeric part", numeric->rows(), n_records);
    }
    if (!numeric->allFinite()) throw InvalidSpec(where, "a numeric column is not finite");
    return;
  }
  const FactorPart& factor = std::get<FactorPart>(part);
  if (static_cast<Index>(factor.level_of_record.size()) != n_records) {
    throw DimensionMismatch(where + ", factor part",
                            static_cast<Index>(factor.level_of_record.size()), n_records);
  }
  const auto n_levels = static_cast<SmallIndex>(factor.coding.start.size()) - 1;
  for (const SmallIndex level : factor.level_of_record) {
    if (level < 0 || level >= n_levels) throw InvalidSpec(where, "a level is out of range");
  }
  for (const SmallIndex column : factor.coding.column) {
    if (column < 0 || column >= factor.coding.n_columns) {
      throw InvalidSpec(where, "a coded column is out of range");
    }
  }
}

// The row of one term for one record, made part by part: `column` and `value` hold the product of
// the parts so far.
class TermRow {
 public:
  void start(SmallIndex first_column) {
    column_.assign(1, first_column);
    value_.assign(1, 1.0);
    stride_ = 1;
  }

  void multiply(const Part& part, Index record) {
    const std::size_t n_old = column_.size();
    next_column_.clear();
    next_value_.clear();
    if (const auto* numeric = std::get_if<NumericPart>(&part)) {
      for (Index c = 0; c < numeric->cols(); ++c) append(n_old, c, (*numeric)(record, c));
    } else {
      const FactorPart& factor = std::get<FactorPart>(part);
      const auto level = static_cast<std::size_t>(factor.level_of_record[record]);
      const Coding& coding = factor.coding;
      for (Index k = coding.start[level]; k < coding.start[level + 1]; ++k) {
        append(n_old, coding.column[k], coding.value[k]);
      }
    }
    column_.swap(next_column_);
    value_.swap(next_value_);
    stride_ *= part_columns(part);
  }

  void store(SparseRows& rows) const {
    rows.column.insert(rows.column.end(), column_.begin(), column_.end());
    rows.value.insert(rows.value.end(), value_.begin(), value_.end());
  }

 private:
  void append(std::size_t n_old, Index part_column, double factor) {
    if (factor == 0.0) return;
    for (std::size_t k = 0; k < n_old; ++k) {
      next_column_.push_back(column_[k] + static_cast<SmallIndex>(stride_ * part_column));
      next_value_.push_back(value_[k] * factor);
    }
  }

  std::vector<SmallIndex> column_, next_column_;
  std::vector<double> value_, next_value_;
  Index stride_ = 1;
};

// Entries of all rows: exact but for zeros of numeric variables. By record, as one level may stand
// in every column.
Index count_entries(const std::vector<ColumnTerm>& terms, Index n_records) {
  Index total = 0;
  for (const ColumnTerm& term : terms) {
    std::vector<Index> entries(static_cast<std::size_t>(n_records), 1);
    for (const Part& part : term.parts) {
      if (const auto* numeric = std::get_if<NumericPart>(&part)) {
        for (Index& count : entries) count *= numeric->cols();
        continue;
      }
      const FactorPart& factor = std::get<FactorPart>(part);
      for (std::size_t r = 0; r < entries.size(); ++r) {
        const SmallIndex level = factor.level_of_record[r];
        entries[r] *= factor.coding.start[level + 1] - factor.coding.start[level];
      }
    }
    total = std::accumulate(entries.begin(), entries.end(), total);
  }
  return total;
}

// The two shapes that almost every record has, without the general product.
bool store_simple(const ColumnTerm& term, SmallIndex first_column, Index record, SparseRows& rows) {
  if (term.parts.empty()) {
    rows.column.push_back(first_column);
    rows.value.push_back(1.0);
    return true;
  }
  if (term.parts.size() > 1) return false;
  const auto* numeric = std::get_if<NumericPart>(&term.parts[0]);
  if (numeric == nullptr || numeric->cols() != 1) return false;
  const double value = (*numeric)(record, 0);
  if (value != 0.0) {
    rows.column.push_back(first_column);
    rows.value.push_back(value);
  }
  return true;
}

}  // namespace

SmallIndex n_columns(const ColumnTerm& term) {
  Index columns = 1;
  for (const Part& part : term.parts) columns *= part_columns(part);
  if (columns > INT32_MAX) throw InvalidSpec("formula", "a term has more than 2^31 columns");
  return static_cast<SmallIndex>(columns);
}

SmallIndex n_columns(const std::vector<ColumnTerm>& terms) {
  Index columns = 0;
  for (const ColumnTerm& term : terms) columns += n_columns(term);
  if (columns > INT32_MAX) throw InvalidSpec("formula", "the model has more than 2^31 columns");
  return static_cast<SmallIndex>(columns);
}

SparseRows expand(const std::vector<ColumnTerm>& terms, Index n_records, const std::string& where) {
  for (const ColumnTerm& term : terms) {
    for (const Part& part : term.parts) check_part(part, n_records, where);
  }
  SparseRows rows;
  rows.n_columns = n_columns(terms);
  rows.start.reserve(n_records + 1);
  const Index n_entries = count_entries(terms, n_records);
  rows.column.reserve(n_entries);
  rows.value.reserve(n_entries);
  rows.start.push_back(0);
  TermRow term_row;
  for (Index record = 0; record < n_records; ++record) {
    SmallIndex first_column = 0;
    for (const ColumnTerm& term : terms) {
      if (!store_simple(term, first_column, record, rows)) {
        term_row.start(first_column);
        for (const Part& part : term.parts) term_row.multiply(part, record);
        term_row.store(rows);
      }
      first_column += n_columns(term);
    }
    rows.start.push_back(static_cast<Index>(rows.column.size()));
  }
  return rows;
}

Vector multiply(const SparseRows& rows, const ConstVectorRef& b) {
  Vector product(rows.n_rows());
  for (Index r = 0; r < rows.n_rows(); ++r) {
    double sum = 0.0;
    for (Index k = rows.start[r]; k < rows.start[r + 1]; ++k)
      sum += rows.value[k] * b[rows.column[k]];
    product[r] = sum;
  }
  return product;
}

}  // namespace henderson::model
