// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/pattern.h"

#include <algorithm>

namespace henderson::equations {
namespace {

using model::BlockSymmetric;
using model::Model;
using model::RandomBlock;

class PatternBuilder {
 public:
  explicit PatternBuilder(const Model& model)
      : model_(model), cross_(model.cross_products), nodes_(cross_.nodes.count()) {}

  EquationPattern build(bool fixed_last) {
    number_columns();
    number_cross_entries();
    lay_out();
    linalg::AnalyzeOptions options;
    options.n_last = fixed_last ? model_.rank() : 0;
    pattern_.symbolic = linalg::analyze(lower_, options);
    const std::vector<Index> positions = pattern_.symbolic->positions(lower_);
    for (Index& slot : pattern_.cross_positions) slot = positions[slot];
    for (auto& block : pattern_.precision_positions) {
      for (Index& slot : block) slot = positions[slot];
    }
    return std::move(pattern_);
  }

 private:
  void number_columns() {
    for (std::size_t b = 0; b < model_.blocks.size(); ++b) {
      const RandomBlock& block = model_.blocks[b];
      pattern_.nodes.append(block.n_levels, static_cast<SmallIndex>(block.structure->n_columns()));
      pattern_.block_of_node.insert(pattern_.block_of_node.end(), block.n_levels,
                                    static_cast<SmallIndex>(b));
      const model::Relationship& relationship = block.levels->relationship();
      const Index entries = block.levels->is_identity()
                                ? block.n_levels
                                : static_cast<Index>(relationship.row.size());
      pattern_.precision_positions.emplace_back(entries * block.structure->n_columns());
    }
    pattern_.nodes.append(model_.n_free_columns(), 1);
    pattern_.block_of_node.insert(pattern_.block_of_node.end(), model_.n_free_columns(),
                                  static_cast<SmallIndex>(model_.blocks.size()));
  }

  // first_cross_[k]: number of the first entry of block k of W'W in cross_positions.
  void number_cross_entries() {
    first_cross_.reserve(cross_.node.size() + 1);
    Index next = 0;
    for (SmallIndex j = 0; j < nodes_; ++j) {
      const Index nj = pattern_.nodes.size(j);
      for (Index k = cross_.start[j]; k < cross_.start[j + 1]; ++k) {
        first_cross_.push_back(next);
        const Index ni = pattern_.nodes.size(cross_.node[k]);
        next += cross_.node[k] == j ? nj * (nj + 1) / 2 : ni * nj;
      }
    }
    pattern_.cross_positions.resize(next);
  }

  void lay_out() {
    lower_.n = pattern_.nodes.n_columns();
    lower_.start.reserve(lower_.n + 1);
    lower_.start.push_back(0);
    lower_.row.reserve(pattern_.cross_positions.size());
    for (SmallIndex j = 0; j < nodes_; ++j) {
      for (SmallIndex q = 0; q < pattern_.nodes.size(j); ++q) lay_out_column(j, q);
    }
  }

  // Column q of node j: the rows of W'W and those of K^-1, merged in increasing order.
  void lay_out_column(SmallIndex j, SmallIndex q) {
    const auto b = static_cast<std::size_t>(pattern_.block_of_node[j]);
    const bool is_random = b < model_.blocks.size();
    const bool has_precision = is_random && !model_.blocks[b].levels->is_identity();
    Index p = 0, p_end = 0;  // entries of K^-1 in this column
    if (has_precision) {
      const model::Relationship& relationship = model_.blocks[b].levels->relationship();
      p = relationship.start[j - model_.blocks[b].first_node];
      p_end = relationship.start[j - model_.blocks[b].first_node + 1];
    } else if (is_random) {
      identity_slot(b, j, q);
    }
    for (Index k = cross_.start[j]; k < cross_.start[j + 1]; ++k) {
      while (p < p_end && precision_node(b, p) < cross_.node[k]) precision_row(b, p++, q);
      if (p < p_end && precision_node(b, p) == cross_.node[k]) {
        const SmallIndex below_diagonal = cross_.node[k] == j ? 0 : q;
        precision_slot(b, p++, q, static_cast<Index>(lower_.row.size()) + below_diagonal);
      }
      cross_rows(j, q, k);
    }
    while (p < p_end) precision_row(b, p++, q);
    lower_.start.push_back(static_cast<Index>(lower_.row.size()));
  }

  // Rows of block k: from the diagonal down in a diagonal block.
  void cross_rows(SmallIndex j, SmallIndex q, Index k) {
    const SmallIndex i = cross_.node[k];
    const SmallIndex ni = pattern_.nodes.size(i);
    const bool diagonal = i == j;
    const Index first =
        diagonal ? first_cross_[k] + q * ni - q * (q - 1) / 2 : first_cross_[k] + q * ni;
    const SmallIndex from = diagonal ? q : 0;
    for (SmallIndex r = from; r < ni; ++r) {
      pattern_.cross_positions[first + r - from] = static_cast<Index>(lower_.row.size());
      lower_.row.push_back(pattern_.nodes.first_column[i] + r);
    }
  }

  SmallIndex precision_node(std::size_t b, Index p) const {
    return model_.blocks[b].first_node + model_.blocks[b].levels->relationship().row[p];
  }

  void precision_slot(std::size_t b, Index p, SmallIndex q, Index slot) {
    pattern_.precision_positions[b][p * model_.blocks[b].structure->n_columns() + q] = slot;
  }

  // An entry of K^-1 between levels that share no record.
  void precision_row(std::size_t b, Index p, SmallIndex q) {
    precision_slot(b, p, q, static_cast<Index>(lower_.row.size()));
    lower_.row.push_back(pattern_.nodes.first_column[precision_node(b, p)] + q);
  }

  // The diagonal block of W'W is always there and its diagonal comes first.
  void identity_slot(std::size_t b, SmallIndex j, SmallIndex q) {
    const Index level = j - model_.blocks[b].first_node;
    pattern_.precision_positions[b][level * model_.blocks[b].structure->n_columns() + q] =
        static_cast<Index>(lower_.row.size());
  }

  const Model& model_;
  const BlockSymmetric& cross_;
  SmallIndex nodes_;
  std::vector<Index> first_cross_;
  linalg::LowerPattern lower_;
  EquationPattern pattern_;
};

}  // namespace

EquationPattern make_pattern(const model::Model& model, bool fixed_last) {
  return PatternBuilder(model).build(fixed_last);
}

}  // namespace henderson::equations
