// SPDX-License-Identifier: GPL-3.0-or-later
// Genotypes packed in two bits each, marker by marker, as PLINK's .bed files hold them.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "core/base/types.h"

namespace henderson::pedigree {

class PlinkBed {
 public:
  // Opens a file of n_animals and n_markers. Throws InvalidSpec if it is no such file.
  PlinkBed(const std::string& path, Index n_animals, Index n_markers);

  // What: counts of the first allele of markers first, first + 1, ..., NaN where missing, a column
  // for each. Needs: a row for each animal. Cost: one pass; the file is read where it is needed.
  // Throws Error if it cannot be read.
  void read(Index first, MatrixRef block);

 private:
  std::ifstream file_;
  std::string path_;
  Index n_animals_, n_markers_, bytes_;  // bytes of a marker
  std::vector<std::uint8_t> packed_;
};

}  // namespace henderson::pedigree
