// SPDX-License-Identifier: GPL-3.0-or-later
// A stream of standard normal numbers that is the same on every platform, for the same seed.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>

namespace henderson {

// Source: Marsaglia & Bray (1964), SIAM Review 6:260 (polar method), on the 64-bit Mersenne
// Twister: std::normal_distribution differs between libraries.
class NormalStream {
 public:
  explicit NormalStream(std::uint64_t seed) : engine_(seed) {}

  double operator()() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    double a, b, squares;
    do {
      a = uniform();
      b = uniform();
      squares = a * a + b * b;
    } while (squares >= 1.0 || squares == 0.0);
    const double factor = std::sqrt(-2.0 * std::log(squares) / squares);
    spare_ = b * factor;
    has_spare_ = true;
    return a * factor;
  }

 private:
  // In [-1, 1), a multiple of 2^-52.
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-52 - 1.0; }

  std::mt19937_64 engine_;
  double spare_ = 0.0;
  bool has_spare_ = false;
};

}  // namespace henderson
