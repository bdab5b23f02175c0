// SPDX-License-Identifier: GPL-3.0-or-later
// Several vectors side by side, for work that goes once through a large matrix for all of them.
#pragma once

#include <type_traits>

#include "core/base/types.h"

namespace henderson::linalg {

// Row i has entry i of each vector, so that what touches one of them finds the others in the same
// cache line.
using SideBySide = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// One row: of a width that is known when the loop is compiled, or not.
template <int W>
using RowArray = Eigen::Array<double, W, 1>;

// Calls visit(row_at, zeros) for rows of `width` entries: row_at(x, i) is row i of those from x on,
// a view, and `zeros` is such a row.
template <class Visit>
void with_rows(Index width, Visit visit) {
  const auto call = [&](auto fixed) {
    constexpr int W = decltype(fixed)::value;
    const auto row_at = [width](auto* x, Index i) {
      constexpr bool is_const = std::is_const_v<std::remove_pointer_t<decltype(x)>>;
      using Row = std::conditional_t<is_const, const RowArray<W>, RowArray<W>>;
      return Eigen::Map<Row>(x + i * width, width);
    };
    visit(row_at, RowArray<W>(RowArray<W>::Zero(width)));
  };
  switch (width) {
    case 1:
      return call(std::integral_constant<int, 1>{});
    case 2:
      return call(std::integral_constant<int, 2>{});
    case 3:
      return call(std::integral_constant<int, 3>{});
    case 4:
      return call(std::integral_constant<int, 4>{});
    case 8:
      return call(std::integral_constant<int, 8>{});
    default:
      return call(std::integral_constant<int, Eigen::Dynamic>{});
  }
}

}  // namespace henderson::linalg
