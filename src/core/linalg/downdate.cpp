// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/downdate.h"

#include <algorithm>

namespace henderson::linalg {
namespace {

// So many numbers of Schur complements are kept for the next A.
constexpr std::size_t kMostKept = std::size_t{1} << 24;

// What is not arithmetic of dense blocks, in operations, roughly.
constexpr double kFlopsOfSupernode = 2000.0;
constexpr double kFlopsOfMove = 12.0;

void negate(Index n, double* lower) {
  for (Index j = 0; j < n; ++j)
    for (Index i = j; i < n; ++i) lower[j * n + i] = -lower[j * n + i];
}

}  // namespace

Downdate::Downdate(const CholeskyFactor& factor)
    : symbolic_(factor.symbolic()),
      old_(factor.panels().data()),
      reach_(symbolic_),
      first_child_(static_cast<std::size_t>(symbolic_.n_supernodes()), kNone),
      next_child_(first_child_),
      odd_(first_child_.size(), 0),
      start_(first_child_.size(), 0),
      first_row_(first_child_),
      kept_start_(first_child_.size(), kNone) {
  scratch_.reserve(symbolic_.schedule().max_height, 0);
}

double Downdate::flops(const Reach& reach) const {
  double sum = 0.0;
  for (const SmallIndex s : reach.supernodes()) {
    const double w = symbolic_.width(s), r = symbolic_.below(s);
    sum += kFlopsOfSupernode + factor_flops(w, r) + r * r * (w + kFlopsOfMove);
  }
  return sum;
}

// Roots first, subtree after subtree, then backwards.
void Downdate::order_reach() {
  order_.clear();
  std::vector<SmallIndex> roots;
  for (const SmallIndex s : reach_.supernodes()) first_child_[s] = kNone;
  for (const SmallIndex s : reach_.supernodes()) {
    const SmallIndex parent = symbolic_.parent(s);
    if (parent == kNone) {
      odd_[s] = 0;
      roots.push_back(s);
    } else {
      next_child_[s] = first_child_[parent];
      first_child_[parent] = s;
    }
  }
  Index n_numbers = 0;
  while (!roots.empty()) {
    const SmallIndex s = roots.back();
    roots.pop_back();
    order_.push_back(s);
    start_[s] = n_numbers;
    n_numbers += Index{symbolic_.height(s)} * symbolic_.width(s);
    for (SmallIndex child = first_child_[s]; child != kNone; child = next_child_[child]) {
      odd_[child] = static_cast<char>(1 - odd_[s]);
      roots.push_back(child);
    }
  }
  std::reverse(order_.begin(), order_.end());
  panels_.resize(static_cast<std::size_t>(n_numbers));
}

// Entries of one column are added up.
void Downdate::take_rows(const std::vector<SparseRow>& rows) {
  reach_.clear();
  for (const SparseRow& row : rows)
    for (const RowEntry& entry : row) reach_.include(entry.column);
  order_reach();
  for (const SmallIndex s : order_) first_row_[s] = kNone;
  entries_.clear();
  row_next_.resize(rows.size());
  row_end_.resize(rows.size());
  next_row_.resize(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto begin = static_cast<std::ptrdiff_t>(entries_.size());
    for (const RowEntry& entry : rows[i])
      entries_.push_back({symbolic_.new_of_old()[entry.column], entry.value});
    std::sort(entries_.begin() + begin, entries_.end(),
              [](const RowEntry& a, const RowEntry& b) { return a.column < b.column; });
    auto last = entries_.begin() + begin;
    for (auto entry = last; entry != entries_.end(); ++entry) {
      if (entry == last) continue;
      if (entry->column == last->column)
        last->value += entry->value;
      else
        *++last = *entry;
    }
    if (last != entries_.end()) entries_.erase(last + 1, entries_.end());
    row_next_[i] = static_cast<std::size_t>(begin);
    row_end_[i] = entries_.size();
    list_row(static_cast<SmallIndex>(i));
  }
}

void Downdate::list_row(SmallIndex i) {
  if (row_next_[i] == row_end_[i]) return;
  SmallIndex& first = first_row_[symbolic_.supernode(entries_[row_next_[i]].column)];
  next_row_[i] = first;
  first = i;
}

// S of the panel: L times the transpose of its square.
void Downdate::multiply_panel(SmallIndex s, double* panel) {
  const Index w = symbolic_.width(s), h = symbolic_.height(s);
  const double* old = old_ + symbolic_.panel(s);
  if (w == 1) {
    for (Index i = 0; i < h; ++i) panel[i] = old[i] * old[0];
    return;
  }
  clean_.assign(old, old + h * w);
  clean_square_.resize(static_cast<std::size_t>(w * w));
  for (Index j = 0; j < w; ++j) {
    std::fill_n(clean_.data() + j * h, j, 0.0);
    for (Index i = 0; i < w; ++i) clean_square_[i * w + j] = clean_[j * h + i];
  }
  std::fill_n(panel, h * w, 0.0);
  kernels::gemm(h, w, w, 1.0, clean_.data(), h, clean_square_.data(), w, panel, h, scratch_);
}

void Downdate::start_panel(SmallIndex s, double* panel) {
  const auto size = static_cast<std::size_t>(Index{symbolic_.height(s)} * symbolic_.width(s));
  if (symbolic_.width(s) == 1 || (kept_start_[s] == kNone && kept_.size() + size > kMostKept))
    return multiply_panel(s, panel);
  if (kept_start_[s] == kNone) {
    kept_start_[s] = static_cast<Index>(kept_.size());
    kept_.resize(kept_.size() + size);
    multiply_panel(s, kept_.data() + kept_start_[s]);
  }
  std::copy_n(kept_.data() + kept_start_[s], size, panel);
}

// The columns of the supernode; what is left of a row waits for the supernode of its next entry.
void Downdate::subtract_rows(SmallIndex s, const Front& front) {
  const SmallIndex first = symbolic_.first_column(s), w = symbolic_.width(s);
  const SmallIndex* rows = symbolic_.rows(s);
  for (SmallIndex i = first_row_[s], next = kNone; i != kNone; i = next) {
    next = next_row_[i];
    place_.clear();
    const SmallIndex* from = rows;
    const std::size_t begin = row_next_[i];
    std::size_t own = begin;
    for (std::size_t k = begin; k < row_end_[i]; ++k) {
      const SmallIndex column = entries_[k].column;
      if (column < first + w) {
        place_.push_back(column - first);
        ++own;
      } else {
        from = std::lower_bound(from, rows + symbolic_.below(s), column);
        place_.push_back(w + static_cast<SmallIndex>(from - rows));
      }
    }
    for (std::size_t j = begin; j < own; ++j) {
      double* to = front.column(place_[j - begin]);
      for (std::size_t k = j; k < row_end_[i]; ++k)
        to[place_[k - begin]] -= entries_[j].value * entries_[k].value;
    }
    row_next_[i] = own;
    list_row(i);
  }
}

void Downdate::add_children(SmallIndex s, Stack& stack, const Front& front) {
  while (!stack.pending.empty() && symbolic_.parent(stack.pending.back().supernode) == s) {
    const Pending child = stack.pending.back();
    if (is_thin(child.supernode))
      add_thin(child.supernode, front);
    else
      add_update(symbolic_.below(child.supernode), stack.numbers.data() + child.begin,
                 symbolic_.rows_in_parent(child.supernode), front, nullptr);
    stack.numbers.resize(child.begin);
    stack.pending.pop_back();
  }
}

// The difference of a thin child, straight into its parent.
void Downdate::add_thin(SmallIndex child, const Front& front) {
  const Index r = symbolic_.below(child);
  const SmallIndex* place = symbolic_.rows_in_parent(child);
  const double* before = old_ + symbolic_.panel(child) + 1;
  const double* after = panels_.data() + start_[child] + 1;
  for (Index j = 0; j < r; ++j) {
    double* to = front.column(place[j]);
    const double b = before[j], a = after[j];
    for (Index i = j; i < r; ++i) to[place[i]] += before[i] * b - after[i] * a;
  }
}

// U += L_old L_old' - L_new L_new'.
void Downdate::subtract_difference(SmallIndex s, const Front& front) {
  const Index r = front.below(), w = front.width;
  const double* before = old_ + symbolic_.panel(s) + w;
  const double* after = front.panel + w;
  if (w == 1) {
    for (Index j = 0; j < r; ++j)
      for (Index i = j; i < r; ++i)
        front.update[j * r + i] += before[i] * before[j] - after[i] * after[j];
    return;
  }
  negate(r, front.update);
  kernels::subtract_aat(r, w, before, front.height, front.update, r, scratch_);
  negate(r, front.update);
  kernels::subtract_aat(r, w, after, front.height, front.update, r, scratch_);
}

bool Downdate::factor_front(SmallIndex s) {
  Stack& own = stacks_[static_cast<std::size_t>(odd_[s])];
  const Index w = symbolic_.width(s), r = symbolic_.below(s);
  const std::size_t begin = own.numbers.size();
  const bool is_made = !is_thin(s);
  if (is_made) own.numbers.resize(begin + static_cast<std::size_t>(r * r), 0.0);
  const Front front{panels_.data() + start_[s], w + r, w, own.numbers.data() + begin, w};
  start_panel(s, front.panel);
  add_children(s, stacks_[static_cast<std::size_t>(1 - odd_[s])], front);
  subtract_rows(s, front);
  if (kernels::factor_panel(w + r, w, front.panel, w + r, {}, scratch_) != kernels::kNoFailure)
    return false;
  if (r == 0) return true;
  if (is_made) subtract_difference(s, front);
  own.pending.push_back({s, begin});
  return true;
}

bool Downdate::factorize(const std::vector<SparseRow>& rows) {
  take_rows(rows);
  for (Stack& stack : stacks_) {
    stack.numbers.clear();
    stack.pending.clear();
  }
  return std::all_of(order_.begin(), order_.end(), [&](SmallIndex s) { return factor_front(s); });
}

double Downdate::determinant_ratio(const Reach& last) const {
  double ratio = 1.0;
  for (const SmallIndex s : order_) {
    if (!last.has(s)) continue;
    const Index step = symbolic_.height(s) + Index{1};
    const double* before = old_ + symbolic_.panel(s);
    const double* after = panels_.data() + start_[s];
    for (Index j = 0; j < symbolic_.width(s); ++j) ratio *= after[j * step] / before[j * step];
  }
  return ratio * ratio;
}

void Downdate::solve_lower(const Reach& within, Index k, double* x) const {
  for (const SmallIndex s : order_) {
    if (!within.has(s)) continue;
    kernels::solve_lower_panel(k, symbolic_.width(s), symbolic_.below(s),
                               panels_.data() + start_[s], symbolic_.height(s), symbolic_.rows(s),
                               x + symbolic_.first_column(s) * k, x);
  }
}

void Downdate::solve_upper(const std::vector<SmallIndex>& downwards, Index k, double* x) {
  for (const SmallIndex s : downwards) {
    const double* panel = reach_.has(s) ? panels_.data() + start_[s] : old_ + symbolic_.panel(s);
    kernels::solve_upper_panel(k, symbolic_.width(s), symbolic_.below(s), panel,
                               symbolic_.height(s), symbolic_.rows(s),
                               x + symbolic_.first_column(s) * k, x, scratch_);
  }
}

}  // namespace henderson::linalg
