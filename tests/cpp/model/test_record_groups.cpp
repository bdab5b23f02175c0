// SPDX-License-Identifier: GPL-3.0-or-later
// Groups of records: each row once, with the rows of W that it is made from.
#include <catch.h>

#include <algorithm>

#include "core/model/model.h"
#include "support/mixed_models.h"

namespace henderson::model {
namespace {

using test::difference;
using test::MixedModel;

// W by row: of a record with its weight, or a 1 in the column of a missing one.
Matrix rows_of(const Model& model) {
  const Matrix by_record = test::dense_rows(model.w);
  Matrix rows = Matrix::Zero(model.residual.n_rows(), by_record.cols());
  Index missing = model.n_random_columns;
  for (Index i = 0; i < rows.rows(); ++i) {
    const SmallIndex record = model.residual.record_of_row[static_cast<std::size_t>(i)];
    if (record == kNone)
      rows(i, missing++) = 1.0;
    else
      rows.row(i) = (model.weights.size() > 0 ? std::sqrt(model.weights[record]) : 1.0) *
                    by_record.row(record);
  }
  return rows;
}

// Columns and values of a group are all that its source rows have.
void check_design(const RecordGroups& all, const RecordGroup& group, const Matrix& rows) {
  const Eigen::Map<const Matrix> design(all.design.data() + group.first_design, group.n_sources,
                                        group.n_columns);
  for (SmallIndex s = 0; s < group.n_sources; ++s) {
    Vector row = Vector::Zero(rows.cols());
    for (SmallIndex c = 0; c < group.n_columns; ++c)
      row[all.column[group.first_column + c]] = design(s, c);
    const Index source = all.source_row[group.first_source + s];
    CHECK(difference(row, rows.row(source).transpose()) < 1e-14);
  }
}

}  // namespace

TEST_CASE("record groups: subjects with their rows, columns and values") {
  for (const MixedModel& given : test::residual_models(171)) {
    INFO(given.name);
    Callbacks callbacks;
    const Model model = build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    const RecordGroups& all = *model.groups;
    const Matrix rows = rows_of(model);
    std::vector<int> times(static_cast<std::size_t>(rows.rows()), 0);
    Index n_whitened = 0;
    for (const RecordGroup& group : all.groups) {
      for (SmallIndex r = 0; r < group.n_rows; ++r)
        ++times[static_cast<std::size_t>(group.first_row + r)];
      CHECK(group.first_whitened == n_whitened);
      n_whitened += Index{group.n_rows} * group.n_columns;
      const auto first = all.column.begin() + group.first_column;
      CHECK(std::is_sorted(first, first + group.n_columns));
      check_design(all, group, rows);
    }
    CHECK(n_whitened == all.n_whitened);
    CHECK(std::all_of(times.begin(), times.end(), [](int n) { return n == 1; }));
  }
}

}  // namespace henderson::model
