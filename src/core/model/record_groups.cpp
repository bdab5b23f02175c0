// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/record_groups.h"

#include <algorithm>
#include <cmath>

namespace henderson::model {
namespace {

// Up to this size a sparse T is treated as a dense one.
constexpr Index kSmall = 24;

class Grouper {
 public:
  Grouper(const ResidualModel& residual, const SparseRows& w, const Nodes& nodes,
          SmallIndex first_missing, const Vector& weights, const Vector& response)
      : residual_(residual),
        w_(w),
        nodes_(nodes),
        weights_(weights),
        node_of_column_(static_cast<std::size_t>(nodes.n_columns())),
        place_(static_cast<std::size_t>(nodes.n_columns()), kNone) {
    for (SmallIndex i = 0; i < nodes.count(); ++i) {
      for (SmallIndex c = nodes.first_column[i]; c < nodes.first_column[i + 1]; ++c) {
        node_of_column_[c] = i;
      }
    }
    found_.response = Vector::Zero(residual.n_rows());
    for (Index row = 0; row < residual.n_rows(); ++row) {
      const SmallIndex record = residual.record_of_row[row];
      missing_column_.push_back(record == kNone ? first_missing++ : kNone);
      if (record != kNone) found_.response[row] = root_weight(record) * response[record];
    }
  }

  GroupedRecords build() {
    layouts_.resize(residual_.blocks.size());
    for (std::size_t b = 0; b < residual_.blocks.size(); ++b) {
      const ResidualBlock& block = residual_.blocks[b];
      const Vector theta = block.structure->theta_from_variance(1.0);
      for (std::size_t p = 0; p < block.patterns.size(); ++p) {
        const covariance::Whitening layout =
            block.structure->whitening(theta, block.patterns[p].positions, false);
        add_pattern(static_cast<SmallIndex>(b), static_cast<SmallIndex>(p), layout);
        layouts_[b].push_back(layout);
      }
    }
    GroupedRecords grouped;
    grouped.cross_products = pattern();
    locate_pairs(grouped.cross_products);
    mark_products(grouped.cross_products);
    grouped.groups = std::move(found_);
    return grouped;
  }

 private:
  double root_weight(SmallIndex record) const {
    return weights_.size() > 0 ? std::sqrt(weights_[record]) : 1.0;
  }

  void add_pattern(SmallIndex b, SmallIndex p, const covariance::Whitening& layout) {
    const Index n = layout.size();
    for (const Index first : residual_.blocks[b].patterns[p].first_row) {
      RecordGroup group;
      group.block = b;
      group.pattern = p;
      group.is_subject = layout.is_dense() || n <= kSmall;
      if (group.is_subject) {
        group.n_rows = group.n_sources = static_cast<SmallIndex>(n);
        group.first_row = first;
        group.first_source = static_cast<Index>(found_.source_row.size());
        for (Index r = 0; r < n; ++r) found_.source_row.push_back(first + r);
        add(group);
        continue;
      }
      for (Index r = 0; r < n; ++r) {
        group.n_rows = 1;
        group.n_sources = static_cast<SmallIndex>(layout.start[r + 1] - layout.start[r]);
        group.first_row = first + r;
        group.first_local_row = r;
        group.first_source = static_cast<Index>(found_.source_row.size());
        for (Index k = layout.start[r]; k < layout.start[r + 1]; ++k) {
          found_.source_row.push_back(first + layout.column[k]);
        }
        add(group);
      }
    }
  }

  // Calls visit(column, value) for the entries of a row of W.
  template <class Visit>
  void for_each_entry(Index row, Visit visit) const {
    const SmallIndex record = residual_.record_of_row[row];
    if (record == kNone) {
      visit(missing_column_[row], 1.0);
      return;
    }
    const double root = root_weight(record);
    for (Index k = w_.start[record]; k < w_.start[record + 1]; ++k) {
      visit(w_.column[k], root * w_.value[k]);
    }
  }

  void add(RecordGroup group) {
    group.first_node = static_cast<Index>(found_.node.size());
    group.first_column = static_cast<Index>(found_.column.size());
    group.first_design = static_cast<Index>(found_.design.size());
    group.first_whitened = found_.n_whitened;
    std::vector<SmallIndex> touched;
    for (SmallIndex s = 0; s < group.n_sources; ++s) {
      for_each_entry(found_.source_row[group.first_source + s],
                     [&](SmallIndex c, double) { touched.push_back(node_of_column_[c]); });
    }
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    for (const SmallIndex i : touched) {
      found_.node.push_back(i);
      for (SmallIndex c = nodes_.first_column[i]; c < nodes_.first_column[i + 1]; ++c) {
        place_[c] = group.n_columns++;
        found_.column.push_back(c);
      }
    }
    group.n_nodes = static_cast<SmallIndex>(touched.size());
    found_.design.resize(found_.design.size() +
                         static_cast<std::size_t>(group.n_sources) * group.n_columns);
    for (SmallIndex s = 0; s < group.n_sources; ++s) {
      for_each_entry(found_.source_row[group.first_source + s], [&](SmallIndex c, double value) {
        found_.design[group.first_design + static_cast<Index>(place_[c]) * group.n_sources + s] +=
            value;
      });
    }
    found_.n_whitened += static_cast<Index>(group.n_rows) * group.n_columns;
    found_.groups.push_back(group);
  }

  // Every pair of nodes that shares a group, and every node with itself.
  BlockSymmetric pattern() const {
    SparseRows rows;
    rows.n_columns = nodes_.n_columns();
    rows.start.push_back(0);
    for (const RecordGroup& group : found_.groups) {
      const auto first = found_.node.begin() + group.first_node;
      for (auto i = first; i != first + group.n_nodes; ++i) {
        rows.column.push_back(nodes_.first_column[*i]);
      }
      rows.start.push_back(static_cast<Index>(rows.column.size()));
    }
    rows.value.assign(rows.column.size(), 0.0);
    return cross_products(rows, nodes_, Vector());
  }

  void locate_pairs(const BlockSymmetric& cross) {
    for (RecordGroup& group : found_.groups) {
      group.first_pair = static_cast<Index>(found_.pair_position.size());
      const SmallIndex* nodes = found_.node.data() + group.first_node;
      for (SmallIndex a = 0; a < group.n_nodes; ++a) {
        auto from = cross.node.begin() + cross.start[nodes[a]];
        const auto end = cross.node.begin() + cross.start[nodes[a] + 1];
        for (SmallIndex b = a; b < group.n_nodes; ++b) {
          from = std::lower_bound(from, end, nodes[b]);
          found_.pair_position.push_back(cross.first_value[from - cross.node.begin()]);
        }
      }
    }
  }

  // Counts, for every entry of W~'W~, in how many rows of W~ its two columns meet: 0 where it is
  // zero for every R. The pattern of T counts, not its values.
  void mark_products(BlockSymmetric& cross) const {
    for (const RecordGroup& group : found_.groups) {
      const Matrix w = whitened_pattern(group, layouts_[group.block][group.pattern]);
      const Matrix product = w.transpose() * w;
      add_pairs(group, product, cross);
    }
  }

  Matrix whitened_pattern(const RecordGroup& group, const covariance::Whitening& layout) const {
    const Eigen::Map<const Matrix> design(found_.design.data() + group.first_design,
                                          group.n_sources, group.n_columns);
    const Matrix present = (design.array() != 0.0).cast<double>();
    if (!group.is_subject) return present.colwise().sum().cwiseMin(1.0);
    Matrix t = Matrix::Zero(group.n_rows, group.n_sources);
    for (Index r = 0; r < group.n_rows; ++r) {
      for (Index k = layout.start[r]; k < layout.start[r + 1]; ++k) t(r, layout.column[k]) = 1.0;
    }
    return (t.lazyProduct(present)).cwiseMin(1.0);
  }

  void add_pairs(const RecordGroup& group, const Matrix& product, BlockSymmetric& cross) const {
    const SmallIndex* node = found_.node.data() + group.first_node;
    const Index* position = found_.pair_position.data() + group.first_pair;
    Index column = 0;
    for (SmallIndex a = 0; a < group.n_nodes; ++a) {
      Index row = column;
      for (SmallIndex b = a; b < group.n_nodes; ++b) {
        const Index nb = nodes_.size(node[b]);
        Eigen::Map<Matrix>(cross.value.data() + *position++, nb, nodes_.size(node[a])) +=
            product.block(row, column, nb, nodes_.size(node[a]));
        row += nb;
      }
      column += nodes_.size(node[a]);
    }
  }

  const ResidualModel& residual_;
  const SparseRows& w_;
  const Nodes& nodes_;
  const Vector& weights_;
  std::vector<SmallIndex> node_of_column_;
  std::vector<SmallIndex> place_;  // place_[c] = j: column c of W is column j of the current group
  std::vector<SmallIndex> missing_column_;
  std::vector<std::vector<covariance::Whitening>> layouts_;  // of every block and pattern
  RecordGroups found_;
};

}  // namespace

GroupedRecords group_records(const ResidualModel& residual, const SparseRows& w, const Nodes& nodes,
                             SmallIndex first_missing, const Vector& weights,
                             const Vector& response) {
  return Grouper(residual, w, nodes, first_missing, weights, response).build();
}

}  // namespace henderson::model
