// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/segments.h"

#include "core/covariance/registry.h"

namespace henderson::model {

std::vector<Segment> segments_of(const ModelSpec& spec) {
  std::vector<Segment> segments;
  const auto add = [&segments](const covariance::Recipe& recipe, bool in_residual) {
    const Index first = segments.empty() ? 0 : segments.back().end();
    segments.push_back({&recipe, in_residual, first, covariance::n_values(recipe)});
  };
  for (const RandomTerm& term : spec.random) add(term.structure, false);
  for (const ResidualSection& section : spec.residual) add(section.structure, true);
  return segments;
}

Index n_values(const ModelSpec& spec) {
  const std::vector<Segment> segments = segments_of(spec);
  return (segments.empty() ? 0 : segments.back().end()) + (spec.residual.empty() ? 1 : 0);
}

}  // namespace henderson::model
