// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/pedigree/plink_bed.h"

#include <algorithm>
#include <array>
#include <limits>

#include "core/base/error.h"

namespace henderson::pedigree {
namespace {

constexpr std::array<std::uint8_t, 3> kMarkerMajor = {0x6c, 0x1b, 0x01};
constexpr Index kPerByte = 4;

// The four genotypes of a byte, the first in its lowest bits: 0 two copies of the first allele, 1
// missing, 2 one copy, 3 none.
using Unpacked = std::array<std::array<double, kPerByte>, 256>;

Unpacked unpack_all() {
  const std::array<double, 4> count = {2.0, std::numeric_limits<double>::quiet_NaN(), 1.0, 0.0};
  Unpacked unpacked;
  for (std::size_t byte = 0; byte < unpacked.size(); ++byte) {
    for (std::size_t k = 0; k < kPerByte; ++k) unpacked[byte][k] = count[(byte >> (2 * k)) & 3];
  }
  return unpacked;
}

}  // namespace

PlinkBed::PlinkBed(const std::string& path, Index n_animals, Index n_markers)
    : file_(path, std::ios::binary),
      path_(path),
      n_animals_(n_animals),
      n_markers_(n_markers),
      bytes_((n_animals + kPerByte - 1) / kPerByte) {
  std::array<std::uint8_t, 3> head{};
  if (!file_.read(reinterpret_cast<char*>(head.data()), head.size()) || head != kMarkerMajor)
    throw InvalidSpec(path, "is no .bed file of genotypes by marker");
  file_.seekg(0, std::ios::end);
  const auto needed = static_cast<Index>(head.size()) + bytes_ * n_markers;
  if (static_cast<Index>(file_.tellg()) != needed)
    throw InvalidSpec(path, "has another size than its animals and markers need");
}

void PlinkBed::read(Index first, MatrixRef block) {
  static const Unpacked unpacked = unpack_all();
  if (first < 0 || first + block.cols() > n_markers_ || block.rows() != n_animals_)
    throw DimensionMismatch(path_, first + block.cols(), n_markers_);
  packed_.resize(static_cast<std::size_t>(bytes_ * block.cols()));
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(kMarkerMajor.size()) + first * bytes_);
  if (!file_.read(reinterpret_cast<char*>(packed_.data()),
                  static_cast<std::streamsize>(packed_.size())))
    throw Error("cannot read " + path_);
  for (Index c = 0; c < block.cols(); ++c) {
    const std::uint8_t* from = packed_.data() + c * bytes_;
    double* to = block.col(c).data();
    const Index whole = n_animals_ / kPerByte;
    for (Index b = 0; b < whole; ++b, to += kPerByte)
      std::copy_n(unpacked[from[b]].data(), kPerByte, to);
    std::copy_n(unpacked[from[bytes_ - 1]].data(), n_animals_ - whole * kPerByte, to);
  }
}

}  // namespace henderson::pedigree
