// SPDX-License-Identifier: GPL-3.0-or-later
// The residuals of a model with a structured R: their covariance structures, and the records in an
// order in which those of one subject stand together.
//
// A row is a record, or a position without a record where the structure needs all of them (the
// missing plots of a field). Such a row has an unknown of its own in the equations: a fixed effect
// for each missing record leaves the likelihood of the others as it is.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/covariance/registry.h"
#include "core/model/slot.h"
#include "core/model/spec.h"

namespace henderson::model {

struct Segment;
struct SegmentRequest;
struct VarianceRequest;

// Subjects with records at the same positions: they share R_i. The rows of a subject are
// first_row[s], ..., in the order of the positions.
struct ResidualPattern {
  covariance::Positions positions;
  std::vector<Index> first_row;
  double n_further = 0.0;  // subjects that rows stand for, beside those that have rows

  double n_subjects() const { return static_cast<double>(first_row.size()) + n_further; }
};

// One section of the spec.
struct ResidualBlock : Slot {
  bool far_apart = false;  // the units of its positions are
  std::string label;
  std::vector<ResidualPattern> patterns;
  double least_ridge = 0.0;  // above 0, of the positions that have a ridge
};

struct ResidualModel {
  std::vector<ResidualBlock> blocks;
  std::vector<SmallIndex> record_of_row;  // kNone: a position without a record

  Index n_rows() const { return static_cast<Index>(record_of_row.size()); }
  bool empty() const { return blocks.empty(); }
};

// The unit in which each position of each section is measured: the standard deviation of the
// response at it where the structure allows a unit of its own for each (traits in grams and in
// metres), else 1. Where the numbers of a structure do not depend on the units, they are 1 also if
// the standard deviations are much alike. Throws InvalidSpec where a record is in no section or in
// two.
std::vector<Vector> position_units(const ModelSpec& spec);

// The weights of the records measured in these units: those of the spec, divided by their squares.
Vector scaled_weights(const ModelSpec& spec, const std::vector<Vector>& units);

// Needs: units, of each position; segments and what is asked of them, of all random terms and then
// of the sections; first_theta, of the first block. Gives the structures with their held values in
// those units. Throws InvalidSpec where a subject has two records at a position.
ResidualModel make_residual(const std::vector<ResidualSection>& sections,
                            const std::vector<Vector>& units, const VarianceRequest& request,
                            const std::vector<Segment>& segments,
                            const std::vector<SegmentRequest>& requests, Index first_theta);

}  // namespace henderson::model
