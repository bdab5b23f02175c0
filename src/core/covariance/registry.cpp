// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/registry.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/covariance/lower.h"
#include "core/covariance/partly_held.h"
#include "core/covariance/unstructured.h"

namespace henderson::covariance {
namespace {

std::vector<Block> unstructured_blocks(Index n_coef, const Held& held) {
  const Index n_held = std::count(held.held.begin(), held.held.end(), true);
  std::vector<Block> blocks(1);
  blocks[0].held = n_held == lower_size(n_coef);
  if (n_held == 0 || blocks[0].held) {
    blocks[0].structure = std::make_unique<Unstructured>(n_coef);
  } else {
    blocks[0].structure = std::make_unique<PartlyHeld>(n_coef, held.held, held.values);
  }
  return blocks;
}

std::vector<Block> diagonal_blocks(Index n_coef, const Held& held) {
  std::vector<Block> blocks(static_cast<std::size_t>(n_coef));
  for (Index c = 0; c < n_coef; ++c) {
    blocks[c].first_coef = c;
    blocks[c].held = held.held[c];
    blocks[c].structure = std::make_unique<Unstructured>(1);
  }
  return blocks;
}

Index diagonal_values(Index n_coef) { return n_coef; }

Vector unstructured_units(const Vector& coef_units) {
  return lower_of(coef_units * coef_units.transpose());
}

Vector diagonal_units(const Vector& coef_units) { return coef_units.cwiseAbs2(); }

struct Entry {
  const char* name;
  Index (*n_values)(Index n_coef);
  Vector (*value_units)(const Vector& coef_units);
  std::vector<Block> (*make)(Index n_coef, const Held& held);
};

constexpr Entry kTable[] = {
    {"us", lower_size, unstructured_units, unstructured_blocks},
    {"diag", diagonal_values, diagonal_units, diagonal_blocks},
};

const Entry& find(const std::string& structure) {
  for (const Entry& entry : kTable) {
    if (structure == entry.name) return entry;
  }
  throw InvalidSpec("structure", "there is no '" + structure + "'");
}

}  // namespace

std::vector<Block> make_blocks(const std::string& structure, Index n_coef, const Held& held) {
  const Entry& entry = find(structure);
  if (held.values.size() != entry.n_values(n_coef)) {
    throw DimensionMismatch("values of " + structure, held.values.size(), entry.n_values(n_coef));
  }
  return entry.make(n_coef, held);
}

Vector value_units(const std::string& structure, const Vector& coef_units) {
  return find(structure).value_units(coef_units);
}

Index n_values(const std::string& structure, Index n_coef) {
  return find(structure).n_values(n_coef);
}

std::vector<std::string> structure_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kTable) names.emplace_back(entry.name);
  return names;
}

}  // namespace henderson::covariance
