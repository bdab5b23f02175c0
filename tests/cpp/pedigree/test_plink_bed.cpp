// SPDX-License-Identifier: GPL-3.0-or-later
// Packed genotypes: files written byte by byte.
#include <catch.h>

#include <cstdio>
#include <fstream>

#include "core/base/error.h"
#include "core/pedigree/genomic.h"
#include "core/pedigree/plink_bed.h"

namespace henderson::pedigree {
namespace {

// A file that is gone with its object.
class Written {
 public:
  explicit Written(const std::vector<unsigned char>& bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  ~Written() { std::remove(path.c_str()); }
  const std::string path = "plink_bed_test.bed";
};

}  // namespace

// The lowest bits of a byte are the first animal: 00 two copies, 01 missing, 10 one, 11 none.
TEST_CASE("plink: genotypes of a file") {
  const Written file({0x6c, 0x1b, 0x01, 0b11100100, 0b00000010, 0b00000011, 0b00000001});
  PlinkBed bed(file.path, 5, 2);
  Matrix block(5, 2);
  bed.read(0, block);
  CHECK(block(0, 0) == 2.0);
  CHECK(is_missing(block(1, 0)));
  CHECK(block(2, 0) == 1.0);
  CHECK(block(3, 0) == 0.0);
  CHECK(block(4, 0) == 1.0);
  CHECK(block(0, 1) == 0.0);
  CHECK(block(1, 1) == 2.0);
  CHECK(is_missing(block(4, 1)));
  // One marker alone, after the others.
  Matrix second(5, 1);
  bed.read(1, second);
  CHECK(second.topRows(4) == block.col(1).head(4));
  CHECK_THROWS_AS(bed.read(2, second), DimensionMismatch);
}

TEST_CASE("plink: files that are none") {
  {
    const Written file({0x6c, 0x1b, 0x01, 0x00, 0x00});
    CHECK_NOTHROW(PlinkBed(file.path, 4, 2));
    CHECK_THROWS_AS(PlinkBed(file.path, 5, 2), InvalidSpec);  // two bytes a marker
  }
  {
    const Written file({0x6c, 0x1b, 0x00, 0x00});  // animal by animal
    CHECK_THROWS_AS(PlinkBed(file.path, 4, 1), InvalidSpec);
  }
  CHECK_THROWS_AS(PlinkBed("there is no such file", 4, 1), InvalidSpec);
}

}  // namespace henderson::pedigree
