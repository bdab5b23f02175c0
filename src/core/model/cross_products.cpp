// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/cross_products.h"

#include <algorithm>

#include "core/linalg/side_by_side.h"

namespace henderson::model {
namespace {

// Which rows meet a column: those of column c are row[k], start[c] <= k < start[c + 1], once each,
// by the first entry `place` of the row that names it.
struct RowsOfColumns {
  std::vector<Index> start;
  std::vector<SmallIndex> row, place;
  bool has_repeats = false;  // a row may name a column twice
};

// Calls visit(row, column, entry of the row) for the columns of each row, once each, by rows.
// Needs: `last` of kNone. Returns whether some row names a column twice.
template <class ColumnOf, class Visit>
bool for_each_column(const SparseRows& rows, ColumnOf column_of, std::vector<SmallIndex> last,
                     Visit visit) {
  bool has_repeats = false;
  for (Index r = 0; r < rows.n_rows(); ++r) {
    for (Index k = rows.start[r]; k < rows.start[r + 1]; ++k) {
      const SmallIndex c = column_of(rows.column[k]);
      if (c == kNone) continue;
      if (last[c] == r) {
        has_repeats = true;
        continue;
      }
      last[c] = static_cast<SmallIndex>(r);
      visit(static_cast<SmallIndex>(r), c, static_cast<SmallIndex>(k - rows.start[r]));
    }
  }
  return has_repeats;
}

template <class ColumnOf>
RowsOfColumns rows_of_columns(const SparseRows& rows, ColumnOf column_of, SmallIndex n_columns) {
  const std::vector<SmallIndex> none(n_columns, kNone);
  RowsOfColumns found;
  found.start.assign(static_cast<std::size_t>(n_columns) + 1, 0);
  found.has_repeats = for_each_column(
      rows, column_of, none, [&](SmallIndex, SmallIndex c, SmallIndex) { ++found.start[c + 1]; });
  for (SmallIndex c = 0; c < n_columns; ++c) found.start[c + 1] += found.start[c];
  found.row.resize(found.start[n_columns]);
  found.place.resize(found.row.size());
  std::vector<Index> next(found.start.begin(), found.start.end() - 1);
  for_each_column(rows, column_of, none, [&](SmallIndex r, SmallIndex c, SmallIndex place) {
    found.row[next[c]] = r;
    found.place[next[c]++] = place;
  });
  return found;
}

// Makes W'W one node column at a time (Gustavson 1978, ACM TOMS 4:250, on blocks).
template <class ColumnOf>
class Builder {
 public:
  Builder(const SparseRows& rows, ColumnOf column_of, const Nodes& nodes, const Vector& weights)
      : rows_(rows),
        column_of_(column_of),
        weights_(weights),
        columns_(rows_of_columns(rows, column_of, nodes.n_columns())),
        node_of_column_(nodes.n_columns()) {
    product_.nodes = nodes;
    for (SmallIndex i = 0; i < nodes.count(); ++i) {
      for (SmallIndex c = nodes.first_column[i]; c < nodes.first_column[i + 1]; ++c) {
        node_of_column_[c] = i;
      }
    }
    block_of_node_.assign(nodes.count(), -1);
  }

  BlockSymmetric build() {
    product_.start.push_back(0);
    for (SmallIndex j = 0; j < product_.nodes.count(); ++j) {
      open_block(j, j);
      accumulate(j);
      close_column();
    }
    return std::move(product_);
  }

 private:
  // Appends a block of zeros at the end of the current column.
  Index open_block(SmallIndex i, SmallIndex j) {
    block_of_node_[i] = static_cast<Index>(product_.node.size());
    product_.node.push_back(i);
    product_.first_value.push_back(static_cast<Index>(product_.value.size()));
    product_.value.resize(product_.value.size() + product_.nodes.size(i) * product_.nodes.size(j),
                          0.0);
    return block_of_node_[i];
  }

  void accumulate(SmallIndex j) {
    const Nodes& nodes = product_.nodes;
    for (SmallIndex c = nodes.first_column[j]; c < nodes.first_column[j + 1]; ++c) {
      const Index local_column = c - nodes.first_column[j];
      for (Index k = columns_.start[c]; k < columns_.start[c + 1]; ++k) {
        const SmallIndex r = columns_.row[k];
        const double factor =
            value(r, c, columns_.place[k]) * (weights_.size() > 0 ? weights_[r] : 1.0);
        add_row(r, j, local_column, factor);
      }
    }
  }

  // W(r, c), named first by entry `place` of the row.
  double value(SmallIndex r, SmallIndex c, SmallIndex place) const {
    Index k = rows_.start[r] + place;
    double sum = rows_.value[k];
    if (!columns_.has_repeats) return sum;
    for (++k; k < rows_.start[r + 1]; ++k)
      if (column_of_(rows_.column[k]) == c) sum += rows_.value[k];
    return sum;
  }

  // Column j += factor * the part of record r's row that belongs to nodes i >= j.
  void add_row(SmallIndex r, SmallIndex j, Index local_column, double factor) {
    const Nodes& nodes = product_.nodes;
    for (Index k = rows_.start[r]; k < rows_.start[r + 1]; ++k) {
      const SmallIndex column = column_of_(rows_.column[k]);
      if (column == kNone) continue;
      const SmallIndex i = node_of_column_[column];
      if (i < j) continue;
      const Index block = block_of_node_[i] >= 0 ? block_of_node_[i] : open_block(i, j);
      const Index offset = local_column * nodes.size(i) + (column - nodes.first_column[i]);
      product_.value[product_.first_value[block] + offset] += factor * rows_.value[k];
    }
  }

  // Sorts the rows of the column; the values stay where they are.
  void close_column() {
    const Index first = product_.start.back();
    const auto last = static_cast<Index>(product_.node.size());
    order_.clear();
    for (Index k = first; k < last; ++k) {
      block_of_node_[product_.node[k]] = -1;
      order_.emplace_back(product_.node[k], product_.first_value[k]);
    }
    std::sort(order_.begin(), order_.end());
    for (Index k = first; k < last; ++k) {
      product_.node[k] = order_[k - first].first;
      product_.first_value[k] = order_[k - first].second;
    }
    product_.start.push_back(last);
  }

  const SparseRows& rows_;
  const ColumnOf column_of_;
  const Vector& weights_;
  const RowsOfColumns columns_;
  std::vector<SmallIndex> node_of_column_;
  std::vector<Index> block_of_node_;  // block_of_node_[i] = k: block k of the current column is in
                                      // row i; -1: none yet
  std::vector<std::pair<SmallIndex, Index>> order_;
  BlockSymmetric product_;
};

constexpr Index kPanel = 8;

}  // namespace

void Nodes::append(SmallIndex n_nodes, SmallIndex size) {
  for (SmallIndex i = 0; i < n_nodes; ++i) first_column.push_back(first_column.back() + size);
}

// A panel of columns stays in the cache while all of M goes by.
void BlockSymmetric::multiply_add(const ConstMatrixRef& x, MatrixRef product) const {
  if (x.cols() == 1) return multiply_add(1, x.data(), product.data());
  for (Index c = 0; c < x.cols(); c += kPanel) {
    const Index n = std::min(kPanel, x.cols() - c);
    linalg::SideBySide from = linalg::SideBySide::Zero(x.rows(), kPanel);
    from.leftCols(n) = x.middleCols(c, n);
    linalg::SideBySide to = linalg::SideBySide::Zero(x.rows(), kPanel);
    multiply_add(kPanel, from.data(), to.data());
    product.middleCols(c, n) += to.leftCols(n);
  }
}

// A value of M meets the values of all vectors side by side: one multiplication of a fixed length,
// and none for the zeros of a block (a level's records that are spread over its coefficients make
// its diagonal block diagonal).
void BlockSymmetric::multiply_add(Index width, const double* x, double* product) const {
  linalg::with_rows(width, [&](auto row_at, auto below) {
    for (SmallIndex j = 0; j < nodes.count(); ++j) {
      const Index cj = nodes.first_column[j];
      const SmallIndex nj = nodes.size(j);
      for (Index k = start[j]; k < start[j + 1]; ++k) {
        const Index ci = nodes.first_column[node[k]];
        const SmallIndex ni = nodes.size(node[k]);
        const double* m = value.data() + first_value[k];
        for (Index b = cj; b < cj + nj; ++b) {
          const auto x_b = row_at(x, b);
          below.setZero();  // (M' x) of column b, summed over the block
          for (Index a = ci; a < ci + ni; ++a, ++m) {
            if (*m == 0.0) continue;
            row_at(product, a) += *m * x_b;
            below += *m * row_at(x, a);
          }
          if (ci != cj) row_at(product, b) += below;
        }
      }
    }
  });
}

Matrix BlockSymmetric::leading_columns(SmallIndex n) const {
  Matrix columns = Matrix::Zero(nodes.n_columns(), n);
  for (SmallIndex j = 0; j < nodes.count(); ++j) {
    const SmallIndex cj = nodes.first_column[j];
    const SmallIndex nj = nodes.size(j);
    for (Index k = start[j]; k < start[j + 1]; ++k) {
      const SmallIndex ci = nodes.first_column[node[k]];
      const SmallIndex ni = nodes.size(node[k]);
      const Eigen::Map<const Matrix> block(value.data() + first_value[k], ni, nj);
      if (cj < n) columns.block(ci, cj, ni, nj) = block;
      if (ci < n) columns.block(cj, ci, nj, ni) = block.transpose();
    }
  }
  return columns;
}

BlockSymmetric cross_products(const SparseRows& rows, const Nodes& nodes, const Vector& weights) {
  return Builder(
             rows, [](SmallIndex c) { return c; }, nodes, weights)
      .build();
}

BlockSymmetric cross_products(const SparseRows& rows, const std::vector<SmallIndex>& place,
                              const Nodes& nodes, const Vector& weights) {
  return Builder(
             rows, [&](SmallIndex c) { return place[c]; }, nodes, weights)
      .build();
}

void add_record_products(const SparseRows& rows, const Vector& weights, Index width,
                         const double* x, double* product) {
  linalg::with_rows(width, [&](auto row_at, auto t) {
    for (Index r = 0; r < rows.n_rows(); ++r) {
      t.setZero();
      for (Index k = rows.start[r]; k < rows.start[r + 1]; ++k)
        t += rows.value[k] * row_at(x, rows.column[k]);
      if (weights.size() > 0) t *= weights[r];
      for (Index k = rows.start[r]; k < rows.start[r + 1]; ++k)
        row_at(product, rows.column[k]) += rows.value[k] * t;
    }
  });
}

Vector weighted_cross_product(const SparseRows& rows, const Vector& weights,
                              const ConstVectorRef& x) {
  Vector product = Vector::Zero(rows.n_columns);
  for (Index r = 0; r < rows.n_rows(); ++r) {
    const double factor = weights.size() > 0 ? weights[r] * x[r] : x[r];
    for (Index k = rows.start[r]; k < rows.start[r + 1]; ++k) {
      product[rows.column[k]] += rows.value[k] * factor;
    }
  }
  return product;
}

}  // namespace henderson::model
