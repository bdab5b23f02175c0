// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/lower_inverse.h"

#include <algorithm>
#include <numeric>

namespace henderson::linalg {
namespace {

SmallIndex supernode_of(const SymbolicFactor& symbolic, SmallIndex column) {
  return symbolic.supernode(symbolic.new_of_old()[column]);
}

}  // namespace

Reach::Reach(const SymbolicFactor& symbolic)
    : symbolic_(symbolic), place_(static_cast<std::size_t>(symbolic.n_supernodes()), kNone) {}

void Reach::include(SmallIndex column) {
  for (SmallIndex s = supernode_of(symbolic_, column); s != kNone && place_[s] == kNone;
       s = symbolic_.parent(s)) {
    place_[s] = n_rows_;
    n_rows_ += symbolic_.width(s);
    supernodes_.push_back(s);
  }
}

void Reach::clear() {
  for (const SmallIndex s : supernodes_) place_[s] = kNone;
  supernodes_.clear();
  n_rows_ = 0;
}

Index path_length(const SymbolicFactor& symbolic, SmallIndex column) {
  Index length = 0;
  for (SmallIndex s = supernode_of(symbolic, column); s != kNone; s = symbolic.parent(s))
    length += symbolic.width(s);
  return length;
}

LowerInverse::LowerInverse(const CholeskyFactor& factor, std::vector<SmallIndex> columns)
    : symbolic_(factor.symbolic()), columns_(std::move(columns)), start_{0} {
  for (const SmallIndex column : columns_)
    start_.push_back(start_.back() + path_length(symbolic_, column));
  value_.resize(static_cast<std::size_t>(start_.back()));
  // Neighbours in the order of elimination share most of their paths.
  const std::vector<SmallIndex>& new_of_old = symbolic_.new_of_old();
  std::vector<std::size_t> order(columns_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return new_of_old[columns_[a]] < new_of_old[columns_[b]];
  });
  std::vector<double> x(static_cast<std::size_t>(Index{symbolic_.size()} * kernels::kMaxRhs));
  Reach reach(symbolic_);
  for (std::size_t first = 0; first < order.size(); first += kernels::kMaxRhs) {
    const auto n = static_cast<Index>(
        std::min(order.size() - first, static_cast<std::size_t>(kernels::kMaxRhs)));
    const Index k = kernels::padded_rhs(n);
    reach.clear();
    for (Index c = 0; c < n; ++c) reach.include(columns_[order[first + c]]);
    std::vector<SmallIndex> through = reach.supernodes();
    std::sort(through.begin(), through.end());
    for (const SmallIndex s : through)
      std::fill_n(x.data() + symbolic_.first_column(s) * k, symbolic_.width(s) * k, 0.0);
    for (Index c = 0; c < n; ++c) x[new_of_old[columns_[order[first + c]]] * k + c] = 1.0;
    factor.solve_lower_within(through, k, x.data());
    for (Index c = 0; c < n; ++c) {
      const std::size_t j = order[first + c];
      double* to = value_.data() + start_[j];
      for (SmallIndex s = supernode_of(symbolic_, columns_[j]); s != kNone;
           s = symbolic_.parent(s)) {
        const double* from = x.data() + symbolic_.first_column(s) * k + c;
        for (SmallIndex i = 0; i < symbolic_.width(s); ++i, from += k) *to++ = *from;
      }
    }
  }
}

void LowerInverse::add(SmallIndex column, double value, const Reach& reach, double* x) const {
  const auto j = std::lower_bound(columns_.begin(), columns_.end(), column) - columns_.begin();
  const double* from = value_.data() + start_[j];
  for (SmallIndex s = supernode_of(symbolic_, column); s != kNone; s = symbolic_.parent(s)) {
    const SmallIndex width = symbolic_.width(s);
    Eigen::Map<Vector>(x + reach.place(s), width) += value * Eigen::Map<const Vector>(from, width);
    from += width;
  }
}

}  // namespace henderson::linalg
