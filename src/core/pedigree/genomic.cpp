// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/pedigree/genomic.h"

#include <algorithm>
#include <cmath>

#include "core/linalg/count_product.h"

namespace henderson::pedigree {
namespace {

constexpr Index kBlock = 512;

// Heterozygosity g (2 - g) less its regression on g. Of genotypes AA, Aa, aa of frequencies x, y, z
// these are the codes -2yz/D, 4xz/D, -2xy/D, D = x + z - (x - z)^2, of Alvarez-Castro & Carlborg
// (2007), Genetics 176:1151.
void code_noia_dominance(Eigen::Ref<Vector> genotype) {
  const Vector g = genotype.unaryExpr([](double x) { return is_missing(x) ? 0.0 : x; });
  const Vector known = genotype.unaryExpr([](double x) { return is_missing(x) ? 0.0 : 1.0; });
  const Vector heterozygosity = g.array() * (2.0 - g.array());
  const Vector g_from_mean = g - g.sum() / known.sum() * known;
  const Vector from_mean = heterozygosity - heterozygosity.sum() / known.sum() * known;
  const double squares = g_from_mean.squaredNorm();
  const double slope = squares > 0.0 ? g_from_mean.dot(from_mean) / squares : 0.0;
  genotype = from_mean - slope * g_from_mean;
  // Of two genotypes alone nothing is left but rounding.
  if (genotype.squaredNorm() < 1e-20 * from_mean.squaredNorm()) genotype.setZero();
}

// The genotypes of a marker that varies as the column of Z that the method takes, 0 where missing.
void code_marker(GenomicMethod method, double p, double ploidy, Eigen::Ref<Vector> genotype) {
  if (method == GenomicMethod::noia_dominance) return code_noia_dominance(genotype);
  const double q = 1.0 - p;
  const double scale = method == GenomicMethod::vanraden2 ? 1.0 / std::sqrt(ploidy * p * q) : 1.0;
  for (Index i = 0; i < genotype.size(); ++i) {
    double& g = genotype[i];
    if (is_missing(g)) {
      g = 0.0;
    } else if (method == GenomicMethod::dominance) {
      // Genotypes 0, 1, 2 become -2p^2, 2pq, -2q^2; the parabola through them takes dosages too.
      g = -2.0 * p * p + g * (2.0 * p - (g - 1.0));
    } else {
      g = scale * (g - ploidy * p);
    }
  }
}

double divisor(GenomicMethod method, const Matrix& product, const Vector& frequency,
               double ploidy) {
  if (method == GenomicMethod::noia_dominance)
    return product.trace() / static_cast<double>(product.rows());
  const auto variance = ploidy * frequency.array() * (1.0 - frequency.array());
  if (method == GenomicMethod::vanraden1) return variance.sum();
  if (method == GenomicMethod::dominance) return variance.square().sum();
  return static_cast<double>((variance > 0.0).count());
}

bool varies(double frequency) { return frequency * (1.0 - frequency) > 0.0; }

// ZZ' of all markers through double precision.
Matrix coded_product(Index n, const std::vector<Index>& markers, const Vector& frequency,
                     GenomicMethod method, double ploidy, const linalg::ColumnSource& source,
                     int threads, Callbacks& callbacks) {
  const linalg::ColumnSource coded = [&](Index first, MatrixRef block) {
    for (Index c = 0; c < block.cols(); ++c) {
      const Index marker = markers[static_cast<std::size_t>(first + c)];
      source(marker, block.middleCols(c, 1));
      code_marker(method, frequency[marker], ploidy, block.col(c));
    }
  };
  return linalg::cross_product(n, static_cast<Index>(markers.size()), coded, threads, callbacks);
}

// ZZ' of VanRaden's first method. Markers of whole counts without a gap go by bytes:
// sum (m_i - c)(m_j - c) = sum m_i m_j - r_i - r_j + sum c^2, c = ploidy p, r = sum c m over
// markers.
Matrix counted_product(Index n, const Vector& frequency, double ploidy,
                       const linalg::ColumnSource& source, int threads, Callbacks& callbacks) {
  linalg::CountProduct counts(n, threads);
  Vector r = Vector::Zero(n);
  double squares = 0.0;
  std::vector<Index> others;
  Matrix block(n, std::min(kBlock, frequency.size()));
  for (Index first = 0; first < frequency.size(); first += kBlock) {
    callbacks.stop_if_interrupted();
    const Index width = std::min(kBlock, frequency.size() - first);
    source(first, block.leftCols(width));
    for (Index c = 0; c < width; ++c) {
      const double p = frequency[first + c];
      if (!varies(p)) continue;
      if (!linalg::is_count(block.col(c))) {
        others.push_back(first + c);
        continue;
      }
      counts.add(block.col(c));
      const double mean = ploidy * p;
      r += mean * block.col(c);
      squares += mean * mean;
    }
  }
  Matrix product = counts.finish();
  for (Index j = 0; j < n; ++j) {
    for (Index i = j; i < n; ++i) product(i, j) += squares - r[i] - r[j];
  }
  linalg::mirror_lower(product);
  if (!others.empty()) {
    product += coded_product(n, others, frequency, GenomicMethod::vanraden1, ploidy, source,
                             threads, callbacks);
  }
  return product;
}

std::vector<Index> varying_markers(const Vector& frequency) {
  std::vector<Index> markers;
  for (Index j = 0; j < frequency.size(); ++j) {
    if (varies(frequency[j])) markers.push_back(j);
  }
  return markers;
}

}  // namespace

MarkerSummary summarise_marker(const ConstVectorRef& genotypes, double ploidy) {
  MarkerSummary summary;
  double sum = 0.0;
  for (Index i = 0; i < genotypes.size(); ++i) {
    const double genotype = genotypes[i];
    if (is_missing(genotype)) {
      ++summary.n_missing;
      continue;
    }
    sum += genotype;
    summary.in_range = summary.in_range && genotype >= 0.0 && genotype <= ploidy;
  }
  const auto known = static_cast<double>(genotypes.size() - summary.n_missing);
  if (known > 0.0) summary.frequency = sum / (ploidy * known);
  return summary;
}

std::vector<MarkerSummary> summarise_markers(Index n, Index n_markers, double ploidy,
                                             const linalg::ColumnSource& source,
                                             Callbacks& callbacks) {
  std::vector<MarkerSummary> summaries(static_cast<std::size_t>(n_markers));
  Matrix block(n, std::min(kBlock, n_markers));
  for (Index first = 0; first < n_markers; first += kBlock) {
    callbacks.stop_if_interrupted();
    const Index width = std::min(kBlock, n_markers - first);
    source(first, block.leftCols(width));
    for (Index c = 0; c < width; ++c) {
      summaries[static_cast<std::size_t>(first + c)] = summarise_marker(block.col(c), ploidy);
    }
  }
  return summaries;
}

GenomicRelationship genomic_relationship(Index n, const Vector& frequency, GenomicMethod method,
                                         double ploidy, const linalg::ColumnSource& source,
                                         int threads, Callbacks& callbacks) {
  const std::vector<Index> markers = varying_markers(frequency);
  GenomicRelationship result;
  result.relationship =
      method == GenomicMethod::vanraden1
          ? counted_product(n, frequency, ploidy, source, threads, callbacks)
          : coded_product(n, markers, frequency, method, ploidy, source, threads, callbacks);
  result.relationship /= divisor(method, result.relationship, frequency, ploidy);
  result.n_used = static_cast<Index>(markers.size());
  return result;
}

}  // namespace henderson::pedigree
