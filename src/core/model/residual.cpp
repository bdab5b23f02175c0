// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/residual.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/base/error.h"
#include "core/covariance/ridged.h"
#include "core/model/model.h"
#include "core/model/segments.h"

namespace henderson::model {
namespace {

using covariance::CoefficientChange;

// A variance below this share of the squared mean is rounding error.
constexpr double kConstant = 1e-20;
// Positions with standard deviations of their own are measured in one unit where these are not
// farther apart.
constexpr double kFarApart = 30.0;

// The records of one subject by position, and those that the only one of it stands for beside
// itself.
struct Subject : std::vector<std::pair<SmallIndex, SmallIndex>> {
  double n_further = 0.0;
};

std::vector<Subject> subjects_of(const ResidualSection& section) {
  SmallIndex n_subjects = 0;
  for (const SmallIndex subject : section.subject) n_subjects = std::max(n_subjects, subject + 1);
  std::vector<Subject> subjects(static_cast<std::size_t>(n_subjects));
  for (std::size_t i = 0; i < section.record.size(); ++i) {
    Subject& subject = subjects[section.subject[i]];
    subject.emplace_back(section.position[i], section.record[i]);
    if (section.stands_for.size() > 0) subject.n_further += section.stands_for[i] - 1.0;
  }
  for (Subject& subject : subjects) {
    std::sort(subject.begin(), subject.end());
    for (std::size_t i = 1; i < subject.size(); ++i) {
      if (subject[i].first == subject[i - 1].first)
        throw InvalidSpec(section.label, "a subject has two records at one position");
    }
    if (subject.n_further > 0.0 && subject.size() > 1)
      throw InvalidSpec(section.label, "a record of several stands for others");
  }
  return subjects;
}

// Every position of the structure, with a record or without.
Subject completed(const Subject& subject, Index n_positions) {
  Subject all;
  auto next = subject.begin();
  for (SmallIndex position = 0; position < n_positions; ++position) {
    const bool present = next != subject.end() && next->first == position;
    all.emplace_back(position, present ? (next++)->second : kNone);
  }
  return all;
}

// Adds the rows of the subjects, those with the same positions one after the other.
void add_patterns(std::vector<Subject>& subjects, ResidualBlock& block,
                  std::vector<SmallIndex>& record_of_row) {
  const bool all_positions = block.structure->needs_all_positions();
  std::map<covariance::Positions, std::vector<const Subject*>> by_positions;
  for (Subject& subject : subjects) {
    if (subject.empty()) continue;
    if (all_positions) subject = completed(subject, block.structure->n_coef());
    covariance::Positions positions;
    for (const auto& [position, record] : subject) positions.push_back(position);
    by_positions[std::move(positions)].push_back(&subject);
  }
  for (const auto& [positions, members] : by_positions) {
    ResidualPattern pattern{positions, {}};
    for (const Subject* subject : members) {
      pattern.n_further += subject->n_further;
      pattern.first_row.push_back(static_cast<Index>(record_of_row.size()));
      for (const auto& [position, record] : *subject) record_of_row.push_back(record);
    }
    block.patterns.push_back(std::move(pattern));
  }
}

void check_sections(const std::vector<ResidualSection>& sections, Index n_records) {
  if (sections.empty()) return;
  std::vector<bool> seen(static_cast<std::size_t>(n_records), false);
  Index n_seen = 0;
  for (const ResidualSection& section : sections) {
    const std::size_t n = section.record.size();
    if (section.subject.size() != n || section.position.size() != n)
      throw InvalidSpec(section.label, "records, subjects and positions differ in length");
    if (section.stands_for.size() > 0 && (section.stands_for.size() != static_cast<Index>(n) ||
                                          !(section.stands_for.minCoeff() >= 1.0)))
      throw InvalidSpec(section.label, "a record stands for less than itself");
    if (section.ridge.size() > 0 &&
        (section.ridge.size() != section.structure.n_coef || !(section.ridge.minCoeff() >= 0.0)))
      throw InvalidSpec(section.label, "a ridge is no share for each position");
    for (std::size_t i = 0; i < n; ++i) {
      const SmallIndex record = section.record[i];
      if (record < 0 || record >= n_records || seen[record])
        throw InvalidSpec(section.label, "a record is out of range or in two sections");
      if (section.subject[i] < 0 || section.position[i] < 0 ||
          section.position[i] >= section.structure.n_coef)
        throw InvalidSpec(section.label, "a subject or position is out of range");
      seen[record] = true;
      ++n_seen;
    }
  }
  if (n_seen != n_records) throw InvalidSpec("residual", "a record is in no section");
}

std::vector<std::vector<SmallIndex>> positions_by_subject(const ResidualSection& section) {
  std::map<SmallIndex, std::vector<SmallIndex>> found;
  for (std::size_t i = 0; i < section.record.size(); ++i)
    found[section.subject[i]].push_back(section.position[i]);
  std::vector<std::vector<SmallIndex>> all;
  for (auto& [subject, positions] : found) all.push_back(std::move(positions));
  return all;
}

ResidualBlock make_block(const ResidualSection& section, const VarianceRequest& request,
                         const Vector& unit, bool natural, const Segment& segment) {
  ResidualBlock block;
  block.label = section.label;
  block.in_residual = true;
  block.first_value = segment.first_value;
  block.value_powers = covariance::value_powers(covariance::value_counts(section.structure));
  // One unit for all positions needs no matrix of thousands of them.
  const bool is_scalar =
      covariance::structure_traits(section.structure).change == CoefficientChange::scalar;
  block.value_transform = covariance::value_transform(
      section.structure, (is_scalar ? unit.head(1) : unit.head(unit.size())).asDiagonal());
  covariance::Held held;
  held.natural = natural;
  held.unit = unit[0];
  held.held.assign(request.held.begin() + segment.first_value,
                   request.held.begin() + segment.end());
  held.values = request.values.segment(segment.first_value, segment.n_values)
                    .cwiseQuotient(block.value_transform.diagonal());
  block.has_edge = section.ridge.size() > 0;
  block.far_apart = unit.maxCoeff() > kFarApart * unit.minCoeff();
  covariance::Recipe recipe = section.structure;
  if (recipe.coordinates.size() > 0) recipe.together = positions_by_subject(section);
  std::unique_ptr<const covariance::Structure> structure = covariance::make_structure(recipe, held);
  for (Index p = 0; p < section.ridge.size(); ++p) {
    const double ridge = section.ridge[p];
    if (ridge > 0.0 && (block.least_ridge == 0.0 || ridge < block.least_ridge))
      block.least_ridge = ridge;
  }
  if (block.has_edge)
    structure = std::make_unique<covariance::Ridged>(std::move(structure), section.ridge);
  block.structure = std::move(structure);
  return block;
}

// Of the response at each position; 0 where it does not vary.
Vector position_deviations(const ResidualSection& section, const Vector& response) {
  const Index n = section.structure.n_coef;
  Vector count = Vector::Zero(n), mean = Vector::Zero(n), ss = Vector::Zero(n);
  Vector pure_count = Vector::Zero(n), pure_ss = Vector::Zero(n);
  for (std::size_t i = 0; i < section.record.size(); ++i) {
    const Index p = section.position[i];
    // Source: Welford (1962), Technometrics 4:419.
    const double y = response[section.record[i]], away = y - mean[p];
    if (section.stands_for.size() > 0 && section.stands_for[i] > 1.0) {
      pure_ss[p] += y * y;
      pure_count[p] += section.stands_for[i];
      continue;
    }
    count[p] += 1.0;
    mean[p] += away / count[p];
    ss[p] += away * (y - mean[p]);
  }
  Vector sd = Vector::Zero(n);
  for (Index p = 0; p < n; ++p) {
    if (count[p] > 1.0 && ss[p] > kConstant * count[p] * mean[p] * mean[p])
      sd[p] = std::sqrt((ss[p] + pure_ss[p]) / (count[p] + pure_count[p]));
  }
  return sd;
}

// None where they are much alike; a position that does not vary has the largest.
Vector units_far_apart(const Vector& sd) {
  const double largest = sd.maxCoeff();
  const Vector units = (sd.array() > 0.0).select(sd, largest);
  if (!(largest > kFarApart * units.minCoeff())) return {};
  return units;
}

// In which records have a mean weight of 1. Deviations as they are would be the unit of random
// terms as well, and that of a correlation or of loadings would be that of the response, whatever
// it is measured in.
double common_unit(const std::vector<ResidualSection>& sections, const std::vector<Vector>& units) {
  double sum = 0.0, count = 0.0;
  for (std::size_t s = 0; s < units.size(); ++s) {
    if (units[s].size() == 0) continue;
    for (const SmallIndex position : sections[s].position) {
      const double unit = units[s][position];
      if (!(unit > 0.0)) continue;
      sum += 1.0 / unit / unit;
      count += 1.0;
    }
  }
  return count > 0.0 ? 1.0 / std::sqrt(sum / count) : 1.0;
}

}  // namespace

std::vector<Vector> position_units(const ModelSpec& spec) {
  check_sections(spec.residual, spec.n_records());
  std::vector<Vector> units;
  for (const ResidualSection& section : spec.residual) {
    const CoefficientChange change = covariance::structure_traits(section.structure).change;
    if (change == CoefficientChange::scalar) {
      units.emplace_back();
      continue;
    }
    const Vector sd = position_deviations(section, spec.response);
    units.push_back(change == CoefficientChange::scales ? units_far_apart(sd) : sd);
  }
  const double common = common_unit(spec.residual, units);
  for (std::size_t s = 0; s < units.size(); ++s) {
    if (units[s].size() == 0) units[s] = Vector::Zero(spec.residual[s].structure.n_coef);
    units[s] = (units[s].array() > 0.0).select(units[s] / common, 1.0);
  }
  return units;
}

Vector scaled_weights(const ModelSpec& spec, const std::vector<Vector>& units) {
  Vector weights = spec.weights;
  for (std::size_t s = 0; s < spec.residual.size(); ++s) {
    const ResidualSection& section = spec.residual[s];
    if ((units[s].array() == 1.0).all()) continue;
    if (weights.size() == 0) weights = Vector::Ones(spec.n_records());
    for (std::size_t i = 0; i < section.record.size(); ++i) {
      const double unit = units[s][section.position[i]];
      weights[section.record[i]] /= unit * unit;
    }
  }
  return weights;
}

ResidualModel make_residual(const std::vector<ResidualSection>& sections,
                            const std::vector<Vector>& units, const VarianceRequest& request,
                            const std::vector<Segment>& segments,
                            const std::vector<SegmentRequest>& requests, Index first_theta) {
  ResidualModel residual;
  const std::size_t first_section = segments.size() - sections.size();
  for (std::size_t s = 0; s < sections.size(); ++s) {
    const std::size_t at = first_section + s;
    ResidualBlock block =
        make_block(sections[s], request, units[s], requests[at].natural, segments[at]);
    block.segment = static_cast<Index>(at);
    block.first_theta = first_theta;
    std::vector<Subject> subjects = subjects_of(sections[s]);
    add_patterns(subjects, block, residual.record_of_row);
    first_theta += block.n_theta();
    residual.blocks.push_back(std::move(block));
  }
  return residual;
}

}  // namespace henderson::model
