// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/matern_correlation.h"

#include <algorithm>
#include <cmath>

namespace henderson::covariance {
namespace {

constexpr double kLeastDistance = 1e-160;
// exp(-x) is zero in double precision from here on.
constexpr double kFarthest = 745.0;

// Steps of the trapezoidal rule per unit of t. The error falls as exp(-pi^2 steps), and for large x
// with the curvature of the integrand, which asks for the square root of x: below 1e-16 of K for
// every order up to 3/2, against 30 digits.
double steps_per_unit(double x) { return std::max(5.5, 1.5 + 1.6 * std::sqrt(x)); }

// d log Gamma / dx and its derivative, x > 0: recurrence to x >= 8, then the asymptotic series
// (Abramowitz & Stegun 6.3.18 and 6.4.12).
struct LogGammaSlopes {
  explicit LogGammaSlopes(double x) {
    for (; x < 8.0; x += 1.0) {
      first -= 1.0 / x;
      second += 1.0 / (x * x);
    }
    const double y = 1.0 / (x * x);
    first += std::log(x) - 0.5 / x -
             y * (1.0 / 12 -
                  y * (1.0 / 120 -
                       y * (1.0 / 252 - y * (1.0 / 240 - y * (1.0 / 132 - y * 691.0 / 32760)))));
    second +=
        1.0 / x + 0.5 * y +
        y / x *
            (1.0 / 6 -
             y * (1.0 / 30 - y * (1.0 / 42 - y * (1.0 / 30 - y * (5.0 / 66 - y * 691.0 / 2730)))));
  }
  double first = 0.0, second = 0.0;
};

// A function of nu with two derivatives.
struct Jet {
  double value = 0.0, first = 0.0, second = 0.0;
};

Jet operator+(const Jet& a, const Jet& b) {
  return {a.value + b.value, a.first + b.first, a.second + b.second};
}

Jet operator*(const Jet& a, const Jet& b) {
  return {a.value * b.value, a.value * b.first + a.first * b.value,
          a.value * b.second + 2.0 * a.first * b.first + a.second * b.value};
}

Jet operator*(double c, const Jet& a) { return {c * a.value, c * a.first, c * a.second}; }

// exp(x) K_b(x) and exp(x) K_(b-1)(x).
struct BesselPair {
  Jet at, below;
};

BesselPair bessel(double x, double b) {
  const double step = 1.0 / steps_per_unit(x);
  const double half_ratio = std::exp(0.5 * step), ratio = std::exp(b * step);
  const double inverse_half_ratio = 1.0 / half_ratio, inverse_ratio = 1.0 / ratio;
  BesselPair k;
  k.at.value = k.below.value = 0.5;  // t = 0
  // exp(+-t / 2), exp(+-b t) / 2
  double half_up = 1.0, half_down = 1.0, up = 0.5, down = 0.5;
  for (int i = 1;; ++i) {
    const double t = i * step;
    half_up *= half_ratio;
    half_down *= inverse_half_ratio;
    up *= ratio;
    down *= inverse_ratio;
    const double root = half_up - half_down;  // cosh t - 1 = root^2 / 2
    const double weight = std::exp(-0.5 * x * root * root);
    const double a = weight * up, c = weight * down;
    const double below_a = a * half_down * half_down, below_c = c * half_up * half_up;
    k.at.value += a + c;
    k.at.first += t * (a - c);
    k.at.second += t * t * (a + c);
    k.below.value += below_a + below_c;
    k.below.first += t * (below_a - below_c);
    k.below.second += t * t * (below_a + below_c);
    // The integrand of the order b - 1 may be the larger one, for b < 1/2.
    if (t * t * (a + below_c) < 1e-18 * k.below.value && x * root * root > 2.0) break;
  }
  k.at = step * k.at;
  k.below = step * k.below;
  return k;
}

}  // namespace

MaternCorrelation::MaternCorrelation(double nu)
    : nu_(nu), order_(nu < 1.5 ? nu : nu - std::floor(nu - 0.5)) {
  const LogGammaSlopes slopes(order_);
  log_gamma_slope_ = slopes.first;
  log_gamma_curvature_ = slopes.second;
  two_by_gamma_ = 2.0 / std::tgamma(order_);
}

MaternValue MaternCorrelation::operator()(double x) const {
  if (x == 0.0) return {};
  if (!(x < kFarthest)) return {0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
  x = std::max(x, kLeastDistance);
  const BesselPair k = bessel(x, order_);
  // 2 (x / 2)^b / Gamma(b) exp(-x)
  const double front = two_by_gamma_ * std::pow(0.5 * x, order_) * std::exp(-x);
  const double slope = std::log(0.5 * x) - log_gamma_slope_;
  const Jet scale{front, front * slope, front * (slope * slope - log_gamma_curvature_)};
  Jet f = scale * k.at, fall = x * (scale * k.below);
  const int n_up = static_cast<int>(std::lround(nu_ - order_));
  for (int i = 0; i < n_up; ++i) {
    const double half = 0.5 / (order_ + i);
    const Jet inverse{half, -2.0 * half * half, 8.0 * half * half * half};  // 1 / (2 nu)
    const Jet f_by_two_nu = inverse * f;
    f = f + inverse * fall;
    fall = (x * x) * f_by_two_nu;
  }
  // x^2 f'' - (2 nu - 1) x f' - x^2 f = 0, Bessel's equation
  const double fall_fall = x * x * f.value - 2.0 * nu_ * fall.value;
  return {f.value, fall.value, fall_fall, f.first, f.second, fall.first};
}

}  // namespace henderson::covariance
