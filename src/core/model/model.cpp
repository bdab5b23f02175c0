// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/model.h"

#include <algorithm>
#include <cmath>

#include "core/model/counted_weights.h"
#include "core/model/design_rows.h"
#include "core/model/gram.h"
#include "core/model/segments.h"

namespace henderson::model {
namespace {

using covariance::CoefficientChange;

// The residual sum of squares counts as zero below this share of the total one: the squared
// rounding error of doubles.
constexpr double kExactFit = 1e-26;

void check(const ModelSpec& spec, const VarianceRequest& request) {
  if (!spec.response.allFinite()) throw InvalidSpec("response", "a value is not finite");
  if (spec.weights.size() > 0) {
    if (spec.weights.size() != spec.n_records()) {
      throw DimensionMismatch("weights", spec.weights.size(), spec.n_records());
    }
    if (!(spec.weights.minCoeff() > 0.0) || !spec.weights.allFinite()) {
      throw InvalidSpec("weights", "a weight is not positive and finite");
    }
  }
  const PureError& pure = spec.pure_error;
  if (!(pure.df >= 0.0) || !(pure.sum_of_squares >= 0.0) || !std::isfinite(pure.sum_log_weights))
    throw InvalidSpec("pure error", "its sums are not those of records");
  if (spec.row_counts.size() > 0 && spec.row_counts.size() != spec.n_records())
    throw DimensionMismatch("row counts", spec.row_counts.size(), spec.n_records());
  if (pure.df > 0.0 && !spec.residual.empty())
    throw InvalidSpec("residual", "pure error has no place in a structure");
  const Index n_values = model::n_values(spec);
  for (const RandomTerm& term : spec.random) {
    if (term.structure.n_coef != term.n_coef)
      throw DimensionMismatch(term.label, term.structure.n_coef, term.n_coef);
    for (const Incidence& incidence : term.incidence) {
      const auto n_levels = static_cast<Index>(incidence.level_of_record.size());
      if (n_levels != spec.n_records())
        throw DimensionMismatch(term.label, n_levels, spec.n_records());
      for (const SmallIndex level : incidence.level_of_record) {
        if (level < 0 || level >= term.n_levels)
          throw InvalidSpec(term.label, "a level is out of range");
      }
      if (incidence.first_coef < 0 ||
          incidence.first_coef + n_columns(incidence.terms) > term.n_coef) {
        throw InvalidSpec(term.label, "more coefficients than the structure has");
      }
    }
  }
  if (request.values.size() != n_values)
    throw DimensionMismatch("start", request.values.size(), n_values);
  const auto n_held = static_cast<Index>(request.held.size());
  if (n_held != n_values) throw DimensionMismatch("hold", n_held, n_values);
  const auto n_leads = static_cast<Index>(request.constraints.lead.size());
  if (n_leads != 0 && n_leads != n_values) throw DimensionMismatch("tie", n_leads, n_values);
}

double weighted_sum_of_squares(const Vector& x, const Vector& weights) {
  if (weights.size() == 0) return x.squaredNorm();
  return (x.array().square() * weights.array()).sum();
}

// Over all the records that the rows stand for.
double sum_log_weights(const ModelSpec& spec, const Vector& weights) {
  double sum = weights.array().log().sum();
  for (const ResidualSection& section : spec.residual) {
    for (Index i = 0; i < section.stands_for.size(); ++i)
      sum += (section.stands_for[i] - 1.0) * std::log(weights[section.record[i]]);
  }
  return sum;
}

// Takes the least-squares fit out of the response and sets its unit; gives what is left, in that
// unit.
Vector residual_response(const ModelSpec& spec, Model& model, Callbacks& callbacks) {
  const PureError& pure = spec.pure_error;
  model.n_unseen = spec.n_unseen();
  const double df = model.n_observations() - model.rank();
  if (df < 1.0) throw InvalidSpec("data", "there are not more records than fixed effects");
  const bool orthonormal = model.fixed.n_dense == model.rank();
  model.least_squares =
      least_squares(model.fixed.rows, model.weights, spec.response, orthonormal, callbacks);
  Vector residual = spec.response - multiply(model.fixed.rows, model.least_squares);
  const double ss = weighted_sum_of_squares(residual, model.weights) + pure.sum_of_squares;
  const double total = weighted_sum_of_squares(spec.response, model.weights) + pure.sum_of_squares;
  if (!(ss > kExactFit * total)) {
    throw InvalidSpec("response",
                      "the fixed effects fit it exactly: there is no variance to estimate");
  }
  model.response_unit = std::sqrt(ss / df);
  residual /= model.response_unit;
  model.pure_error = pure;
  model.pure_error.sum_of_squares /= model.response_unit * model.response_unit;
  return residual;
}

std::vector<CoefficientRows> coefficient_rows(const ModelSpec& spec) {
  std::vector<CoefficientRows> incidences;
  for (std::size_t t = 0; t < spec.random.size(); ++t) {
    const RandomTerm& term = spec.random[t];
    for (const Incidence& incidence : term.incidence) {
      incidences.push_back({static_cast<SmallIndex>(t), incidence.first_coef,
                            &incidence.level_of_record,
                            expand(incidence.terms, spec.n_records(), term.label),
                            spec.row_counts.size() > 0 ? &spec.row_counts : nullptr});
    }
  }
  return incidences;
}

// The levels of a term: all, and where few cells are seen those of each coefficient, and the cells.
struct TermLevels {
  std::shared_ptr<const LevelCovariance> all;
  SmallIndex n_all = 0;
  std::vector<std::vector<SmallIndex>> seen;  // of the term, by coefficient; empty: no matter
  std::shared_ptr<const SeenCells> cells;     // of `all`; null: no matter
  Matrix covariance;                          // of the levels of the term

  // Of one coefficient.
  std::shared_ptr<const LevelCovariance> of(SmallIndex coef) const {
    const std::vector<SmallIndex>& own = seen[static_cast<std::size_t>(coef)];
    if (own.empty()) return all;
    auto some = LevelCovariance::of_some(all, own, covariance);
    return some ? some : all;
  }
};

// Coefficients that no basis mixes.
bool may_be_seen_alone(const RandomTerm& term) {
  return term.n_coef == 1 ||
         covariance::structure_traits(term.structure).change != CoefficientChange::any;
}

TermLevels levels_of(const RandomTerm& term, SmallIndex number,
                     const std::vector<CoefficientRows>& incidences, Cells cells,
                     Callbacks& callbacks) {
  const Relationship& relationship = term.relationship;
  TermLevels found;
  found.n_all = relationship.is_combined() ? relationship.combination.n_columns : term.n_levels;
  found.all =
      std::make_shared<const LevelCovariance>(relationship, found.n_all, term.label, callbacks);
  if (cells == Cells::all || !has_dense_precision(relationship) || !may_be_seen_alone(term))
    return found;
  auto seen = seen_levels(seen_cells(incidences, number, term.n_levels, nullptr), term.n_coef);
  if (!are_few(seen, relationship)) return found;
  found.seen = std::move(seen);
  found.covariance = found.all->covariance_of_term(term.n_levels);
  found.cells = std::make_shared<const SeenCells>(
      seen_cells(incidences, number, found.n_all, found.all->combination()));
  return found;
}

// A block that has all levels in a few columns of Lambda takes the seen cells alone, one of one
// coefficient the levels that are seen in it.
void set_levels(const TermLevels& levels, RandomBlock& block) {
  block.levels = levels.all;
  block.n_levels = levels.n_all;
  if (levels.seen.empty()) return;
  if (block.n_coef > 1) {
    block.seen = levels.cells;
    return;
  }
  block.levels = levels.of(block.first_coef);
  if (block.levels->has_some())
    block.n_levels = static_cast<SmallIndex>(levels.seen[block.first_coef].size());
}

// Its nodes, and where its coefficients stand.
void add_columns(const RandomBlock& block, Nodes& nodes, CoefficientPlaces& places) {
  for (SmallIndex c = 0; c < block.n_coef; ++c)
    places.of_coef[block.first_coef + c].push_back({block.first_column + (block.seen ? 0 : c),
                                                    block.n_coef, block.levels->combination(),
                                                    block.seen.get(), c});
  if (!block.seen) return nodes.append(block.n_levels, block.n_coef);
  for (SmallIndex l = 0; l < block.n_levels; ++l) nodes.append(1, block.seen->size(l));
}

// Adds the blocks of a term to the model, and says where its coefficients stand in W. counted: the
// weights as they count. basis: that of the term which it copies. parted: its structure may be
// parted.
CoefficientPlaces add_term(const RandomTerm& term, const std::vector<CoefficientRows>& incidences,
                           const Vector& counted, const VarianceRequest& request,
                           const Segment& segment, bool natural, const Matrix* basis,
                           const TermLevels& levels, bool parted, Nodes& nodes, Model& model) {
  covariance::Held held;
  held.held.assign(request.held.begin() + segment.first_value,
                   request.held.begin() + segment.end());
  const bool any_held = std::find(held.held.begin(), held.held.end(), true) != held.held.end();
  CoefficientChange change = covariance::structure_traits(term.structure).change;
  held.natural = natural;
  if (change == CoefficientChange::any && (any_held || natural))
    change = CoefficientChange::diagonal;
  CoefficientPlaces places{
      std::vector<std::vector<CoefficientPlace>>(static_cast<std::size_t>(term.n_coef)),
      basis != nullptr
          ? *basis
          : coefficient_basis(incidences, static_cast<SmallIndex>(model.n_coef_of_term.size()),
                              term.n_coef, change, counted)};
  const Matrix coef_transform = model.response_unit * places.basis;
  const Matrix value_transform = covariance::value_transform(term.structure, coef_transform);
  held.unit = coef_transform(0, 0);
  // Without rotation the transform is diagonal, and values that are not given (NaN) stay apart.
  held.values = request.values.segment(segment.first_value, segment.n_values)
                    .cwiseQuotient(value_transform.diagonal());
  const Vector powers = covariance::value_powers(covariance::value_counts(term.structure));
  for (covariance::Block& part : parted ? covariance::make_parted_blocks(term.structure, held)
                                        : covariance::make_blocks(term.structure, held)) {
    RandomBlock block;
    block.term = static_cast<SmallIndex>(model.n_coef_of_term.size());
    block.segment = block.term;
    block.first_coef = static_cast<SmallIndex>(part.first_coef);
    block.n_coef = static_cast<SmallIndex>(part.structure->n_coef());
    set_levels(levels, block);
    block.first_node = nodes.count();
    block.first_column = nodes.n_columns();
    block.held = part.held;
    block.first_value = model.n_values;
    block.first_theta = model.n_theta;
    const Index part_value = model.n_values - segment.first_value;
    const Index n_part = part.structure->n_values();
    block.coef_transform =
        coef_transform.block(block.first_coef, block.first_coef, block.n_coef, block.n_coef);
    block.value_transform = value_transform.block(part_value, part_value, n_part, n_part);
    block.value_powers = powers.segment(part_value, n_part);
    block.structure = std::move(part.structure);
    add_columns(block, nodes, places);
    model.n_theta += block.n_theta();
    model.n_values += block.n_values();
    model.blocks.push_back(std::move(block));
  }
  model.n_coef_of_term.push_back(term.n_coef);
  model.n_levels_of_term.push_back(term.n_levels);
  return places;
}

void set_residual(const VarianceRequest& request, Model& model) {
  if (model.has_structured_residual()) return;
  model.residual_held = request.held.back();
  if (model.residual_held) {
    model.residual_value =
        request.values[model.n_values] / (model.response_unit * model.response_unit);
    if (!(model.residual_value > 0.0))
      throw InvalidSpec("hold", "the residual variance must be above 0");
  }
  model.n_values += 1;
}

void add_residual(const ModelSpec& spec, std::vector<Vector> units, const VarianceRequest& request,
                  const std::vector<Segment>& segments, const std::vector<SegmentRequest>& requests,
                  Model& model) {
  for (Vector& unit : units) unit *= model.response_unit;
  model.residual = make_residual(spec.residual, units, request, segments, requests, model.n_theta);
  for (const ResidualBlock& block : model.residual.blocks) {
    model.n_theta += block.n_theta();
    model.n_values += block.n_values();
  }
  if (model.has_structured_residual())
    model.n_missing = static_cast<SmallIndex>(model.residual.n_rows() - model.n_records);
  set_residual(request, model);
}

void add_products(const Nodes& nodes, Products products, Model& model) {
  if (!model.has_structured_residual()) {
    if (products == Products::made)
      model.cross_products = cross_products(model.w, nodes, model.weights);
    else
      model.cross_products.nodes = nodes;
    model.rhs = weighted_cross_product(model.w, model.weights, model.response);
    model.weighted_ss =
        weighted_sum_of_squares(model.response, model.weights) + model.pure_error.sum_of_squares;
    return;
  }
  GroupedRecords grouped = group_records(model.residual, model.w, nodes, model.n_random_columns,
                                         model.weights, model.response);
  model.groups = std::make_shared<const RecordGroups>(std::move(grouped.groups));
  model.cross_products = std::move(grouped.cross_products);
}

// The weights as they count, in the units of the positions: those belong to all records there.
Vector counted_in_units(const Vector& given, const Vector& in_units) {
  if (given.size() == 0) return in_units;
  return in_units.cwiseProduct(counted_weights(given).cwiseQuotient(given));
}

// A section that copies another is measured in its units.
std::vector<Vector> section_units(const ModelSpec& spec,
                                  const std::vector<SegmentRequest>& requests) {
  std::vector<Vector> units = position_units(spec);
  const std::size_t n_random = spec.random.size();
  for (std::size_t s = 0; s < units.size(); ++s) {
    const Index leader = requests[n_random + s].copy_of;
    if (leader != kNone) units[s] = units[leader - static_cast<Index>(n_random)];
  }
  return units;
}

// A structure that is copied is one block.
const Slot& slot_of(const Model& model, Index segment) {
  for (const Slot& slot : model.slots()) {
    if (slot.segment == segment) return slot;
  }
  throw Error("a term has no block");
}

bool is_in_copy(const std::vector<SegmentRequest>& requests, Index segment) {
  if (requests[static_cast<std::size_t>(segment)].copy_of != kNone) return true;
  return std::any_of(requests.begin(), requests.end(),
                     [&](const auto& other) { return other.copy_of == segment; });
}

void add_copies(const std::vector<SegmentRequest>& requests, Model& model) {
  for (std::size_t s = 0; s < requests.size(); ++s) {
    if (requests[s].copy_of == kNone) continue;
    const Slot& own = slot_of(model, static_cast<Index>(s));
    const Slot& leader = slot_of(model, requests[s].copy_of);
    const Vector ones = Vector::Ones(own.n_theta());
    model.copies.push_back({own.first_value, own.n_values(), own.first_theta, leader.first_theta,
                            own.structure->rescaled(ones, requests[s].factor)});
  }
}

}  // namespace

double ModelSpec::n_unseen() const {
  double sum = pure_error.df;
  for (const ResidualSection& section : residual) {
    if (section.stands_for.size() > 0) sum += (section.stands_for.array() - 1.0).sum();
  }
  return sum;
}

std::vector<std::reference_wrapper<const Slot>> Model::slots() const {
  std::vector<std::reference_wrapper<const Slot>> all(blocks.begin(), blocks.end());
  all.insert(all.end(), residual.blocks.begin(), residual.blocks.end());
  return all;
}

Matrix RandomBlock::over_levels(const ConstVectorRef& over_design) const {
  const double* own = over_design.data() + first_column;
  if (!seen) return Eigen::Map<const Matrix>(own, n_coef, n_levels);
  Matrix found = Matrix::Zero(n_coef, n_levels);
  seen->visit([&](Index k, SmallIndex coef, SmallIndex level) { found(coef, level) = own[k]; });
  return found;
}

void RandomBlock::to_design(const ConstMatrixRef& over_levels, double* own) const {
  if (!seen) {
    Eigen::Map<Matrix>(own, n_coef, n_levels) = over_levels;
    return;
  }
  seen->visit(
      [&](Index k, SmallIndex coef, SmallIndex level) { own[k] = over_levels(coef, level); });
}

Model build_model(const ModelSpec& spec, const VarianceRequest& request, Callbacks& callbacks) {
  return build_model(spec, request, Products::made, Cells::all, callbacks);
}

Model build_model(const ModelSpec& spec, const VarianceRequest& request, Products products,
                  Cells cells, Callbacks& callbacks) {
  check(spec, request);
  Model model;
  model.n_records = spec.n_records();
  model.reml = spec.reml;
  model.constraints = request.constraints;
  const std::vector<Segment> segments = segments_of(spec);
  const std::vector<SegmentRequest> requests =
      segment_requests(segments, request.constraints, request.held);
  const std::vector<Vector> units = section_units(spec, requests);
  model.weights = scaled_weights(spec, units);
  model.fixed = make_fixed_basis(expand(spec.fixed, spec.n_records(), "fixed effects"),
                                 model.weights, callbacks);
  model.response = residual_response(spec, model, callbacks);
  callbacks.stop_if_interrupted();

  const std::vector<CoefficientRows> incidences = coefficient_rows(spec);
  const Vector counted = counted_in_units(spec.weights, model.weights);
  Nodes nodes;
  std::vector<CoefficientPlaces> places;
  for (std::size_t t = 0; t < spec.random.size(); ++t) {
    const Index leader = requests[t].copy_of;
    const Matrix* basis = leader == kNone ? nullptr : &places[leader].basis;
    const TermLevels levels =
        levels_of(spec.random[t], static_cast<SmallIndex>(t), incidences, cells, callbacks);
    const bool parted = !levels.seen.empty() && !is_in_copy(requests, static_cast<Index>(t));
    places.push_back(add_term(spec.random[t], incidences, counted, request, segments[t],
                              requests[t].natural, basis, levels, parted, nodes, model));
  }
  add_residual(spec, units, request, segments, requests, model);
  add_copies(requests, model);
  model.n_random_columns = nodes.n_columns();
  nodes.append(model.n_free_columns(), 1);

  model.w =
      design_rows(model.fixed.rows, model.n_random_columns + model.n_missing, incidences, places);
  model.fixed.rows = SparseRows{};
  model.sum_log_weights = model.pure_error.sum_log_weights;
  if (model.weights.size() > 0) model.sum_log_weights += sum_log_weights(spec, model.weights);
  add_products(nodes, products, model);
  return model;
}

}  // namespace henderson::model
