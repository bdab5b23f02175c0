// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/anova/subject_regressions.h"

#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace henderson::anova {
namespace {

// A column is dependent if less than this share of its length is left: lm's tolerance.
constexpr double kDependentLength = 1e-7;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Orthonormal {
  Matrix q;  // with columns of zeros where Z is dependent
  Matrix root;
  SmallIndex rank = 0;
};

Orthonormal orthonormalise(const Matrix& z) {
  Orthonormal made{z, Matrix::Zero(z.cols(), z.cols()), 0};
  for (Index j = 0; j < z.cols(); ++j) {
    const double length = z.col(j).norm();
    for (int pass = 0; pass < 2; ++pass) {
      const Vector along = made.q.leftCols(j).transpose() * made.q.col(j);
      made.q.col(j) -= made.q.leftCols(j) * along;
      made.root.col(j).head(j) += along;
    }
    const double left = made.q.col(j).norm();
    if (left > kDependentLength * length) {
      made.root(j, j) = left;
      made.q.col(j) /= left;
      ++made.rank;
    } else {
      made.q.col(j).setZero();
    }
  }
  return made;
}

// The records of each subject, one after the other: those of subject i are
// record[first[i]], ..., record[first[i + 1] - 1].
struct Sorted {
  std::vector<Index> first, record;
};

Sorted sort_records(const std::vector<SmallIndex>& subject_of_record, SmallIndex n_subjects) {
  Sorted sorted{std::vector<Index>(n_subjects + 1, 0),
                std::vector<Index>(subject_of_record.size())};
  for (const SmallIndex i : subject_of_record) ++sorted.first[i + 1];
  for (SmallIndex i = 0; i < n_subjects; ++i) sorted.first[i + 1] += sorted.first[i];
  std::vector<Index> next(sorted.first.begin(), sorted.first.end() - 1);
  for (std::size_t r = 0; r < subject_of_record.size(); ++r)
    sorted.record[next[subject_of_record[r]]++] = static_cast<Index>(r);
  return sorted;
}

SubjectRegressions empty_result(Index p, SmallIndex n_subjects) {
  SubjectRegressions result;
  result.coefficients = Matrix::Constant(p, n_subjects, kNaN);
  result.roots = Matrix::Constant(p, p * n_subjects, kNaN);
  result.residual_ss = Vector::Constant(n_subjects, kNaN);
  result.records.resize(n_subjects);
  result.rank.resize(n_subjects);
  return result;
}

void regress(const Matrix& z, const Vector& y, SmallIndex subject, SubjectRegressions& result) {
  const Orthonormal made = orthonormalise(z);
  const Index p = z.cols();
  result.records[subject] = static_cast<SmallIndex>(z.rows());
  result.rank[subject] = made.rank;
  if (made.rank < p) return;
  const Vector along = made.q.transpose() * y;
  result.coefficients.col(subject) = made.root.triangularView<Eigen::Upper>().solve(along);
  result.roots.middleCols(subject * p, p) = made.root;
  result.residual_ss[subject] = (y - made.q * along).squaredNorm();
}

}  // namespace

SubjectRegressions subject_regressions(const Matrix& z, const Vector& y,
                                       const std::vector<SmallIndex>& subject_of_record,
                                       SmallIndex n_subjects, Callbacks& callbacks) {
  if (y.size() != z.rows()) throw DimensionMismatch("response", y.size(), z.rows());
  const auto n_codes = static_cast<Index>(subject_of_record.size());
  if (n_codes != z.rows()) throw DimensionMismatch("subject", n_codes, z.rows());
  for (const SmallIndex i : subject_of_record) {
    if (i < 0 || i >= n_subjects) throw InvalidSpec("subject", "a level is out of range");
  }
  const Sorted sorted = sort_records(subject_of_record, n_subjects);
  SubjectRegressions result = empty_result(z.cols(), n_subjects);
  for (SmallIndex i = 0; i < n_subjects; ++i) {
    const Index n = sorted.first[i + 1] - sorted.first[i];
    Matrix own_z(n, z.cols());
    Vector own_y(n);
    for (Index r = 0; r < n; ++r) {
      own_z.row(r) = z.row(sorted.record[sorted.first[i] + r]);
      own_y[r] = y[sorted.record[sorted.first[i] + r]];
    }
    regress(own_z, own_y, i, result);
    if (i % 1024 == 0) callbacks.stop_if_interrupted();
  }
  return result;
}

}  // namespace henderson::anova
