// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/pedigree/genomic.h"

#include <algorithm>
#include <cmath>

namespace henderson::pedigree {
namespace {

constexpr Index kBlock = 512;

// A marker's genotypes as the column of Z that the method takes, 0 where missing.
void code_marker(GenomicMethod method, double p, Eigen::Ref<Vector> genotype) {
  const double q = 1.0 - p, variance = 2.0 * p * q;
  if (!(variance > 0.0)) {
    genotype.setZero();
    return;
  }
  const double scale = method == GenomicMethod::vanraden2 ? 1.0 / std::sqrt(variance) : 1.0;
  for (Index i = 0; i < genotype.size(); ++i) {
    double& g = genotype[i];
    if (is_missing(g)) {
      g = 0.0;
    } else if (method == GenomicMethod::dominance) {
      // Genotypes 0, 1, 2 become -2p^2, 2pq, -2q^2; the parabola through them takes dosages too.
      g = -2.0 * p * p + g * (2.0 * p - (g - 1.0));
    } else {
      g = scale * (g - 2.0 * p);
    }
  }
}

double divisor(GenomicMethod method, const Vector& frequency) {
  const auto variance = 2.0 * frequency.array() * (1.0 - frequency.array());
  if (method == GenomicMethod::vanraden1) return variance.sum();
  if (method == GenomicMethod::dominance) return variance.square().sum();
  return static_cast<double>((variance > 0.0).count());
}

}  // namespace

std::vector<MarkerSummary> summarise_markers(Index n, Index n_markers,
                                             const linalg::ColumnSource& source,
                                             Callbacks& callbacks) {
  std::vector<MarkerSummary> summaries(n_markers);
  Matrix block(n, std::min(kBlock, n_markers));
  for (Index first = 0; first < n_markers; first += kBlock) {
    callbacks.stop_if_interrupted();
    const Index width = std::min(kBlock, n_markers - first);
    source(first, block.leftCols(width));
    for (Index c = 0; c < width; ++c) {
      MarkerSummary& summary = summaries[first + c];
      double sum = 0.0;
      for (Index i = 0; i < n; ++i) {
        if (is_missing(block(i, c)))
          ++summary.n_missing;
        else
          sum += block(i, c);
      }
      const auto known = static_cast<double>(n - summary.n_missing);
      if (known > 0.0) summary.frequency = sum / (2.0 * known);
    }
  }
  return summaries;
}

GenomicRelationship genomic_relationship(Index n, const Vector& frequency, GenomicMethod method,
                                         const linalg::ColumnSource& source, int threads,
                                         Callbacks& callbacks) {
  const linalg::ColumnSource coded = [&](Index first, MatrixRef block) {
    source(first, block);
    for (Index c = 0; c < block.cols(); ++c)
      code_marker(method, frequency[first + c], block.col(c));
  };
  GenomicRelationship result;
  result.relationship = linalg::cross_product(n, frequency.size(), coded, threads, callbacks);
  result.relationship /= divisor(method, frequency);
  result.n_used = (frequency.array() * (1.0 - frequency.array()) > 0.0).count();
  return result;
}

}  // namespace henderson::pedigree
