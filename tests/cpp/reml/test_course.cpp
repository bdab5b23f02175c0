// SPDX-License-Identifier: GPL-3.0-or-later
// What the search learns from its own course.
#include <catch.h>

#include <limits>

#include "core/reml/course.h"

namespace henderson::reml {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

Course course_of(const std::vector<double>& gains, Index n_free = 3) {
  Course course(1e-8, n_free);
  for (const double gain : gains) course.add({100.0, gain, 1.0});
  return course;
}

}  // namespace

TEST_CASE("course: what stands still below the noise rests", "[search]") {
  CHECK_FALSE(course_of({1e-9, 1e-9, 1e-9}).rests());
  CHECK(course_of({1.0, 1e-9, 1e-9, 1e-9, 1e-9}).rests());
  CHECK_FALSE(course_of({1e-3, 1e-3, 1e-3, 1e-3}).rests());
  CHECK_FALSE(course_of({8e-9, 4e-9, 2e-9, 1e-9}).rests());
  CHECK_FALSE(course_of({1e-9, 2e-9, 4e-9, 8e-9}).rests());
}

TEST_CASE("course: what gains nothing in many iterations stands still", "[search]") {
  const std::vector<double> promising(40, 1.0);
  CHECK(course_of(promising).stands_still());
  CHECK_FALSE(course_of({1.0, 1.0, 1.0}).stands_still());
  Course falling(1e-8, 3);
  for (int k = 0; k < 60; ++k) falling.add({100.0 - 1e-3 * k, 1.0, 1.0});
  CHECK_FALSE(falling.stands_still());
}

TEST_CASE("course: what falls by less than ten times creeps, with patience", "[search]") {
  CHECK_FALSE(course_of({1.0}).is_slow());
  CHECK_FALSE(course_of({1.0, 0.05}).is_slow());
  CHECK(course_of({1.0, 0.5}).is_slow());
  CHECK(course_of({1.0, kInfinite}).is_slow());
  CHECK_FALSE(course_of({1.0, 0.5, 0.4, 0.3, 0.2}).creeps());
  CHECK(course_of({1.0, 0.5, 0.4, 0.3, 0.2, 0.15}).creeps());
  CHECK_FALSE(course_of({1.0, 0.5, 0.4, 0.3, 0.2, 0.01}).creeps());
}

TEST_CASE("course: differences of many parameters must save more than they cost", "[search]") {
  const std::vector<double> quick = {1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5};
  const std::vector<double> slow = {1.0, 0.99, 0.98, 0.97, 0.96, 0.95};
  CHECK(course_of(quick, 3).is_worth_differences());
  CHECK_FALSE(course_of(quick, 40).is_worth_differences());
  CHECK(course_of(slow, 40).is_worth_differences());
}

TEST_CASE("course: a gain is foreseen only near the optimum", "[search]") {
  CHECK(course_of({1.0, 1e-3}).left_after_step() == 1e-3);
  CHECK(course_of({1e-4, 1e-7}).left_after_step() == Approx(1e-10));
  CHECK(course_of({1e-7, 9e-8}).left_after_step() == 9e-8);
  CHECK(course_of({kInfinite, 1e-9}).left_after_step() == 1e-9);
}

}  // namespace henderson::reml
