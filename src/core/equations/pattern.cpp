// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/pattern.h"

#include <algorithm>

#include "core/equations/node_factors.h"

namespace henderson::equations {
namespace {

using model::BlockSymmetric;
using model::Model;
using model::RandomBlock;

class PatternBuilder {
 public:
  PatternBuilder(const Model& model, const Columns& columns, Part part, BlockEntries entries)
      : model_(model),
        columns_(columns),
        part_(part),
        cross_(model.cross_products),
        nodes_(cross_.nodes.count() - (part == Part::random ? model.rank() : 0)) {
    for (const RandomBlock& block : model.blocks) {
      sparse_.push_back(has_sparse_blocks(block, entries));
      factor_pattern_.push_back(block.structure->factor_pattern());
      precision_.push_back(&block.levels->relationship());
    }
    sparse_.push_back(false);
    of_node_.emplace(model, columns, factor_pattern_);
  }

  EquationPattern build() {
    pattern_.n_nodes = nodes_;
    find_ends();
    size_precision();
    number_cross_entries();
    lay_out();
    linalg::AnalyzeOptions options;
    options.n_last = part_ == Part::fixed_last ? model_.rank() : 0;
    pattern_.symbolic = linalg::analyze(lower_, options);
    const std::vector<Index> positions = pattern_.symbolic->positions(lower_);
    for (Index& slot : pattern_.cross_positions) {
      if (slot != kNone) slot = positions[slot];
    }
    for (auto& block : pattern_.precision_positions) {
      for (Index& slot : block) slot = positions[slot];
    }
    return std::move(pattern_);
  }

 private:
  void size_precision() {
    for (std::size_t b = 0; b < model_.blocks.size(); ++b) {
      const RandomBlock& block = model_.blocks[b];
      const Index entries = block.levels->is_identity()
                                ? block.n_levels
                                : static_cast<Index>(precision_[b]->row.size());
      pattern_.precision_positions.emplace_back(entries * block.structure->n_columns());
    }
  }

  // end_[j]: behind the last block of W'W in the column of node j that the matrix has. Rows ascend,
  // those of random effects first.
  void find_ends() {
    for (SmallIndex j = 0; j < nodes_; ++j) {
      const auto begin = cross_.node.begin() + cross_.start[j];
      const auto all = cross_.node.begin() + cross_.start[j + 1];
      end_.push_back(std::lower_bound(begin, all, nodes_) - cross_.node.begin());
    }
  }

  // first_cross_[k]: number of the first entry of block k of W'W in cross_positions.
  void number_cross_entries() {
    first_cross_.resize(cross_.node.size());
    Index next = 0;
    for (SmallIndex j = 0; j < nodes_; ++j) {
      const Index nj = columns_.nodes.size(j);
      for (Index k = cross_.start[j]; k < end_[j]; ++k) {
        first_cross_[k] = next;
        const Index ni = columns_.nodes.size(cross_.node[k]);
        next += cross_.node[k] == j ? nj * (nj + 1) / 2 : ni * nj;
      }
    }
    pattern_.cross_positions.resize(next);
  }

  void lay_out() {
    lower_.n = columns_.nodes.first_column[nodes_];
    lower_.start.reserve(lower_.n + 1);
    lower_.start.push_back(0);
    lower_.row.reserve(pattern_.cross_positions.size());
    for (SmallIndex j = 0; j < nodes_; ++j) {
      find_needed(j);
      for (SmallIndex q = 0; q < columns_.nodes.size(j); ++q) lay_out_column(j, q);
    }
  }

  // needed_[k]: for block k of the column of node j, where Lambda_i' M_ij Lambda_j can differ from
  // zero; of no size where nothing is left out.
  void find_needed(SmallIndex j) {
    const auto bj = static_cast<std::size_t>(columns_.block_of_node[j]);
    needed_.assign(static_cast<std::size_t>(end_[j] - cross_.start[j]), Matrix());
    for (Index k = cross_.start[j]; k < end_[j]; ++k) {
      const SmallIndex i = cross_.node[k];
      const auto bi = static_cast<std::size_t>(columns_.block_of_node[i]);
      if (!sparse_[bi] && !sparse_[bj]) continue;
      const Eigen::Map<const Matrix> m(cross_.value.data() + cross_.first_value[k],
                                       cross_.nodes.size(i), cross_.nodes.size(j));
      const Matrix present = (m.array() != 0.0).cast<double>();
      needed_[k - cross_.start[j]] = (*of_node_)[i].transpose() * present * (*of_node_)[j];
    }
  }

  bool is_needed(SmallIndex j, SmallIndex r, SmallIndex q, Index k) const {
    const Matrix& needed = needed_[k - cross_.start[j]];
    return needed.size() == 0 || needed(r, q) != 0.0;
  }

  // Column q of node j: the rows of W'W and those of K^-1, merged in increasing order. K^-1 has its
  // entries where row and column stand for the same column of Lambda.
  void lay_out_column(SmallIndex j, SmallIndex q) {
    const auto b = static_cast<std::size_t>(columns_.block_of_node[j]);
    const bool is_random = b < model_.blocks.size();
    const bool has_precision = is_random && !model_.blocks[b].levels->is_identity();
    Index p = 0, p_end = 0;  // entries of K^-1 in this column
    if (has_precision) {
      const SmallIndex level = j - model_.blocks[b].first_node;
      p = precision_[b]->start[level];
      p_end = precision_[b]->start[level + 1];
    } else if (is_random) {
      identity_slot(b, j, q);
    }
    for (Index k = cross_.start[j]; k < end_[j]; ++k) {
      while (p < p_end && precision_node(b, p) < cross_.node[k]) precision_row(b, p++, q);
      const bool precision = p < p_end && precision_node(b, p) == cross_.node[k];
      const Index slot = cross_rows(j, q, k, precision);
      if (precision) precision_slot(b, p++, q, slot);
    }
    while (p < p_end) precision_row(b, p++, q);
    lower_.start.push_back(static_cast<Index>(lower_.row.size()));
  }

  // Rows of block k: from the diagonal down in a diagonal block, which has all its diagonal. Row q
  // is there in any case where K^-1 needs it; the slot of that row.
  Index cross_rows(SmallIndex j, SmallIndex q, Index k, bool precision) {
    const SmallIndex i = cross_.node[k];
    const SmallIndex ni = columns_.nodes.size(i);
    const bool diagonal = i == j;
    const Index first =
        diagonal ? first_cross_[k] + q * ni - q * (q - 1) / 2 : first_cross_[k] + q * ni;
    const SmallIndex from = diagonal ? q : 0;
    Index slot_of_q = kNone;
    for (SmallIndex r = from; r < ni; ++r) {
      const bool own = r == q && (diagonal || precision);
      Index& slot = pattern_.cross_positions[first + r - from];
      slot = kNone;
      if (!own && !is_needed(j, r, q, k)) continue;
      slot = static_cast<Index>(lower_.row.size());
      if (own) slot_of_q = slot;
      lower_.row.push_back(columns_.nodes.first_column[i] + r);
    }
    return slot_of_q;
  }

  SmallIndex precision_node(std::size_t b, Index p) const {
    return model_.blocks[b].first_node + precision_[b]->row[p];
  }

  void precision_slot(std::size_t b, Index p, SmallIndex q, Index slot) {
    pattern_.precision_positions[b][p * model_.blocks[b].structure->n_columns() + q] = slot;
  }

  // An entry of K^-1 between levels that share no record.
  void precision_row(std::size_t b, Index p, SmallIndex q) {
    precision_slot(b, p, q, static_cast<Index>(lower_.row.size()));
    lower_.row.push_back(columns_.nodes.first_column[precision_node(b, p)] + q);
  }

  // The diagonal block of W'W is always there and its diagonal comes first.
  void identity_slot(std::size_t b, SmallIndex j, SmallIndex q) {
    const Index level = j - model_.blocks[b].first_node;
    pattern_.precision_positions[b][level * model_.blocks[b].structure->n_columns() + q] =
        static_cast<Index>(lower_.row.size());
  }

  const Model& model_;
  const Columns& columns_;
  const Part part_;
  const BlockSymmetric& cross_;
  SmallIndex nodes_;
  std::vector<bool> sparse_;                           // by block, the fixed effects last
  std::vector<Matrix> factor_pattern_;                 // of Lambda, by block
  std::vector<const model::Relationship*> precision_;  // K^-1, by random block
  std::optional<NodeFactors> of_node_;
  std::vector<Matrix> needed_;
  std::vector<Index> end_;
  std::vector<Index> first_cross_;
  linalg::LowerPattern lower_;
  EquationPattern pattern_;
};

}  // namespace

Columns make_columns(const Model& model) {
  Columns columns;
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    const RandomBlock& block = model.blocks[b];
    columns.nodes.append(block.n_levels, static_cast<SmallIndex>(block.structure->n_columns()));
    columns.block_of_node.insert(columns.block_of_node.end(), block.n_levels,
                                 static_cast<SmallIndex>(b));
  }
  columns.nodes.append(model.n_free_columns(), 1);
  columns.block_of_node.insert(columns.block_of_node.end(), model.n_free_columns(),
                               static_cast<SmallIndex>(model.blocks.size()));
  return columns;
}

EquationPattern make_pattern(const Model& model, const Columns& columns, Part part,
                             BlockEntries entries) {
  return PatternBuilder(model, columns, part, entries).build();
}

// Unrelated levels meet in nothing but their records: their blocks stay small whatever is in them.
bool has_sparse_blocks(const RandomBlock& block, BlockEntries entries) {
  return entries == BlockEntries::needed && !block.levels->is_identity() &&
         block.structure->factor_pattern().minCoeff() == 0.0;
}

}  // namespace henderson::equations
