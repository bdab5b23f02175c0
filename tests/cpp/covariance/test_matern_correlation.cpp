// SPDX-License-Identifier: GPL-3.0-or-later
// The Matern correlation against closed forms and numbers of arbitrary precision.
#include <catch.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/covariance/matern_table.h"

namespace henderson::covariance {

// Of half an odd integer the Bessel function is elementary: nu = 1/2 exp(-x), 3/2 (1 + x) exp(-x),
// 5/2 (1 + x + x^2 / 3) exp(-x).
TEST_CASE("matern: closed forms") {
  for (const double x : {1e-12, 1e-4, 0.05, 0.7, 3.0, 20.0, 300.0}) {
    const double e = std::exp(-x);
    CHECK(MaternCorrelation(0.5)(x).value == Approx(e).epsilon(1e-13));
    CHECK(MaternCorrelation(1.5)(x).value == Approx((1 + x) * e).epsilon(1e-13));
    CHECK(MaternCorrelation(2.5)(x).value == Approx((1 + x + x * x / 3) * e).epsilon(1e-13));
    CHECK(MaternCorrelation(0.5)(x).fall == Approx(x * e).epsilon(1e-13));
    CHECK(MaternCorrelation(1.5)(x).fall == Approx(x * x * e).epsilon(1e-13));
  }
}

// value, fall, fall_fall, nu, nu_nu, fall_nu by mpmath 1.3.0 with 60 digits: besselk, and central
// differences of step 1e-12 in nu.
struct Known {
  double x, nu;
  std::vector<double> of;
};

const Known kKnown[] = {
    {1e-6,
     0.05,
     {0.7516817044938507, 0.02483182955023318, -0.002483182954271636, 6.91736820928459,
      -192.7561207639156, -0.1951002299195671}},
    {0.001,
     0.3,
     {0.9848767629812756, 0.009073448027911842, -0.005443083939984124, 0.208896525128721,
      -2.911100703600331, -0.09509152585896096}},
    {0.02,
     1,
     {0.9990943563152884, 0.001611382932143487, -0.002823128121760858, 0.004150700846485491,
      -0.02556918544802289, -0.006490577166729072}},
    {0.4,
     0.77,
     {0.8090744137746631, 0.2234776177724466, -0.2147036251656216, 0.3644160124034691,
      -0.8716353805124018, -0.2009558007177483}},
    {0.4,
     24.9,
     {0.9983278206376104, 0.003341438892969272, -0.006671205567852059, 6.990191368392261e-5,
      -5.843968544441586e-6, -0.0001395543174042452}},
    {1.3,
     1.4,
     {0.602991246368155, 0.4677231807105874, -0.2905696996274626, 0.2488151541703495,
      -0.2157973057777823, -0.06236960311778814}},
    {1.9,
     0.01,
     {0.002590351954765922, 0.006072854965013682, 0.009229713457404705, 0.2603664372597378,
      0.2638548670585073, 0.6078256392211207}},
    {2.1,
     3.2,
     {0.6431473689742127, 0.5153304222051975, -0.4618348049369862, 0.1003567782955998,
      -0.04749070288975435, -0.07105777480494808}},
    {5,
     1.6,
     {0.04519883516386425, 0.1849599295289009, 0.5380991046041234, 0.04882829174857866,
      0.02196279519659707, 0.1664760453887221}},
    {9,
     0.5,
     {0.0001234098040866795, 0.001110688236780116, 0.008885505894240928, 0.0004344459959522704,
      0.0009334129340994411, 0.003792803157445729}},
    {17,
     7.9,
     {0.0007735994125771118, 0.008707905973147771, 0.08598531585905051, 0.0004459798781220945,
      0.0001932874957070226, 0.004558992237359801}},
    {40,
     60.3,
     {0.001652384984353752, 0.02018375324398965, 0.209655333740851, 0.0001617528671433049,
      1.109789717515277e-5, 0.001694527507899937}},
};

TEST_CASE("matern: value and derivatives are those of 60 digits") {
  for (const Known& known : kKnown) {
    INFO("x " << known.x << ", nu " << known.nu);
    const MaternValue at = MaternCorrelation(known.nu)(known.x);
    const double found[] = {at.value, at.fall, at.fall_fall, at.nu, at.nu_nu, at.fall_nu};
    for (std::size_t k = 0; k < known.of.size(); ++k) {
      CHECK(found[k] == Approx(known.of[k]).epsilon(1e-12).margin(1e-14));
    }
  }
}

TEST_CASE("matern: a table gives the same values", "[matern]") {
  for (const double nu : {0.01, 0.1, 0.5, 1.0, 1.7, 4.0, 11.0, 25.0}) {
    const MaternCorrelation correlation(nu);
    const MaternTable table(correlation, 1e-9, 900.0);
    double worst = 0.0;
    for (double x = 1e-9; x < 900.0; x *= 1.0173) {
      const MaternValue f = correlation(x);
      const MaternSlopes of_table = table(x);
      worst = std::max({worst, std::abs(f.value - of_table.value), std::abs(f.fall - of_table.fall),
                        std::abs(f.nu - of_table.nu)});
    }
    INFO("nu " << nu);
    CHECK(worst < 2e-13);
  }
  // A table of one distance.
  CHECK(MaternTable(MaternCorrelation(0.5), 2.0, 2.0)(2.0).value == Approx(std::exp(-2.0)));
}

TEST_CASE("matern: no distance, a vanishing one, and one beyond double precision") {
  CHECK(MaternCorrelation(0.7)(0.0).value == 1.0);
  CHECK(MaternCorrelation(0.7)(0.0).nu == 0.0);
  CHECK(MaternCorrelation(3.0)(1e-300).value == Approx(1.0).epsilon(1e-12));
  CHECK(MaternCorrelation(3.0)(1e300).value == 0.0);
  CHECK(MaternCorrelation(400.0)(10.0).value == Approx(std::exp(-100.0 / 1596)).epsilon(1e-4));
}

}  // namespace henderson::covariance
