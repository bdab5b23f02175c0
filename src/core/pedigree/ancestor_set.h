// SPDX-License-Identifier: GPL-3.0-or-later
// A set of rows that is emptied from the highest row down while lower rows still enter.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/types.h"

namespace henderson::pedigree {

// Two levels of bits: bit i of words_ is row i, bit w of summary_ says that word w is not empty.
class AncestorSet {
 public:
  explicit AncestorSet(SmallIndex n_rows)
      : words_((n_rows >> 6) + 1, 0), summary_((n_rows >> 12) + 1, 0) {}

  void insert(SmallIndex row) {
    words_[row >> 6] |= bit(row);
    summary_[row >> 12] |= bit(row >> 6);
  }

  // Takes out the rows one by one, the highest first; visit(row) may insert lower ones.
  template <class Visit>
  void drain(SmallIndex highest, Visit visit) {
    for (SmallIndex s = highest >> 12; s >= 0; --s) {
      while (summary_[s] != 0) {
        const SmallIndex w = s * 64 + highest_bit(summary_[s]);
        while (words_[w] != 0) {
          const SmallIndex row = w * 64 + highest_bit(words_[w]);
          words_[w] &= ~bit(row);
          visit(row);
        }
        summary_[s] &= ~bit(w);
      }
    }
  }

 private:
  static std::uint64_t bit(SmallIndex i) { return std::uint64_t{1} << (i & 63); }
  static SmallIndex highest_bit(std::uint64_t word) { return 63 - __builtin_clzll(word); }

  std::vector<std::uint64_t> words_, summary_;
};

}  // namespace henderson::pedigree
