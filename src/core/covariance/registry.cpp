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

// Column (r, c): F Sigma F' of the Sigma that is 1 in (r, c) and (c, r).
Matrix unstructured_transform(const Matrix& f) {
  const Index n = f.rows();
  Matrix transform(lower_size(n), lower_size(n));
  for (Index r = 0; r < n; ++r) {
    for (Index c = 0; c <= r; ++c) {
      const Matrix outer = f.col(r) * f.col(c).transpose();
      const Matrix image = r == c ? outer : Matrix(outer + outer.transpose());
      transform.col(lower_position(r, c)) = lower_of(image);
    }
  }
  return transform;
}

Matrix diagonal_transform(const Matrix& f) { return f.cwiseAbs2(); }

struct Entry {
  const char* name;
  Index (*n_values)(Index n_coef);
  Matrix (*value_transform)(const Matrix& coef_transform);
  bool is_rotatable;
  std::vector<Block> (*make)(Index n_coef, const Held& held);
};

constexpr Entry kTable[] = {
    {"us", lower_size, unstructured_transform, true, unstructured_blocks},
    {"diag", diagonal_values, diagonal_transform, false, diagonal_blocks},
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

Matrix value_transform(const std::string& structure, const Matrix& coef_transform) {
  return find(structure).value_transform(coef_transform);
}

bool is_rotatable(const std::string& structure) { return find(structure).is_rotatable; }

Index n_values(const std::string& structure, Index n_coef) {
  return find(structure).n_values(n_coef);
}

std::vector<std::string> structure_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kTable) names.emplace_back(entry.name);
  return names;
}

}  // namespace henderson::covariance
