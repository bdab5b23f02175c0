// SPDX-License-Identifier: GPL-3.0-or-later
#include "support/mixed_models.h"

#include <Eigen/Dense>
#include <limits>

namespace henderson::test {
namespace {

using model::ColumnTerm;
using model::FactorPart;
using Engine = std::mt19937;

Matrix kronecker(const Matrix& a, const Matrix& b) {
  Matrix product(a.rows() * b.rows(), a.cols() * b.cols());
  for (Index i = 0; i < a.rows(); ++i) {
    for (Index j = 0; j < a.cols(); ++j) {
      product.block(i * b.rows(), j * b.cols(), b.rows(), b.cols()) = a(i, j) * b;
    }
  }
  return product;
}

// dSigma / d value of every value of a term, in their order.
std::vector<Matrix> units(const DenseTerm& term) {
  std::vector<Matrix> units;
  for (Index r = 0; r < term.n_coef; ++r) {
    for (Index c = term.diagonal ? r : 0; c <= r; ++c) {
      Matrix unit = Matrix::Zero(term.n_coef, term.n_coef);
      unit(r, c) = unit(c, r) = 1.0;
      units.push_back(unit);
    }
  }
  return units;
}

std::vector<Index> independent_columns(const Matrix& x) {
  std::vector<Index> kept;
  Matrix q(x.rows(), 0);
  for (Index c = 0; c < x.cols(); ++c) {
    Vector left = x.col(c);
    for (int pass = 0; pass < 2; ++pass) left -= q * (q.transpose() * left);
    if (!(left.norm() > 1e-7 * x.col(c).norm())) continue;
    q.conservativeResize(Eigen::NoChange, q.cols() + 1);
    q.col(q.cols() - 1) = left.normalized();
    kept.push_back(c);
  }
  return kept;
}

double log_det(const Matrix& a) {
  if (a.rows() == 0) return 0.0;
  return 2.0 * Matrix(a.llt().matrixL()).diagonal().array().log().sum();
}

// Inverse of [X'R^-1X, X'R^-1Z; Z'R^-1X, Z'R^-1Z + G^-1].
Matrix inverse_equations(const MixedModel& model, const Matrix& x, const Matrix& r,
                         const std::vector<Matrix>& g) {
  Matrix w = x;
  for (const DenseTerm& term : model.terms) {
    w.conservativeResize(Eigen::NoChange, w.cols() + term.z.cols());
    w.rightCols(term.z.cols()) = term.z;
  }
  Matrix c = w.transpose() * r.inverse() * w;
  Index first = x.cols();
  for (const Matrix& block : g) {
    c.block(first, first, block.rows(), block.rows()) += block.inverse();
    first += block.rows();
  }
  return c.inverse();
}

}  // namespace

double difference(const Matrix& a, const Matrix& b) {
  if (a.rows() != b.rows() || a.cols() != b.cols()) return std::numeric_limits<double>::infinity();
  if (b.size() == 0) return 0.0;
  const double largest = (a - b).cwiseAbs().maxCoeff();
  return largest / std::max(1.0, b.cwiseAbs().maxCoeff());
}

Index MixedModel::n_values() const {
  Index n = residual.empty() ? 1 : 0;
  for (const DenseTerm& term : terms) n += static_cast<Index>(units(term).size());
  for (const DenseTerm& section : residual) n += static_cast<Index>(units(section).size());
  return n;
}

Oracle oracle(const MixedModel& model, const Vector& values) {
  const Vector& y = model.spec.response;
  const Index n = y.size();
  Oracle o;
  const Vector weights = model.spec.weights.size() > 0 ? model.spec.weights : Vector::Ones(n);
  o.v = Matrix::Zero(n, n);
  std::vector<Matrix> g;
  Index next = 0;
  for (const DenseTerm& term : model.terms) {
    Matrix sigma = Matrix::Zero(term.n_coef, term.n_coef);
    for (const Matrix& unit : units(term)) {
      sigma += values[next++] * unit;
      o.dv.push_back(term.z * kronecker(term.k, unit) * term.z.transpose());
    }
    g.push_back(kronecker(term.k, sigma));
    o.v += term.z * g.back() * term.z.transpose();
  }
  const std::size_t first_residual = o.dv.size();
  for (const DenseTerm& section : model.residual) {
    const Matrix z = weights.cwiseSqrt().cwiseInverse().asDiagonal() * section.z;
    for (const Matrix& unit : units(section)) {
      o.dv.push_back(z * kronecker(section.k, unit) * z.transpose());
    }
  }
  if (model.residual.empty()) o.dv.push_back(weights.cwiseInverse().asDiagonal());
  Matrix r = Matrix::Zero(n, n);
  for (std::size_t i = first_residual; i < o.dv.size(); ++i) r += values[next++] * o.dv[i];
  o.v += r;

  o.kept = independent_columns(model.x);
  const auto rank = static_cast<Index>(o.kept.size());
  Matrix x(n, rank);
  for (Index j = 0; j < rank; ++j) x.col(j) = model.x.col(o.kept[j]);
  const Matrix vi = o.v.inverse();
  const Matrix xvx = x.transpose() * vi * x;
  o.p = vi;
  if (rank > 0) {
    const Matrix vx = vi * x;
    o.beta = xvx.ldlt().solve(vx.transpose() * y);
    o.p -= vx * xvx.ldlt().solve(vx.transpose());
  }
  o.py = vi * (y - x * o.beta);
  Index n_random = 0;
  for (std::size_t t = 0; t < g.size(); ++t) {
    o.u.conservativeResize(n_random + g[t].rows());
    o.u.tail(g[t].rows()) = g[t] * model.terms[t].z.transpose() * o.py;
    n_random += g[t].rows();
  }
  o.error = inverse_equations(model, x, r, g);
  const bool reml = model.spec.reml;
  o.minus2loglik = static_cast<double>(reml ? n - rank : n) * std::log(2.0 * M_PI) + log_det(o.v) +
                   (reml ? log_det(xvx) : 0.0) + y.dot(o.py);
  const auto m = static_cast<Index>(o.dv.size());
  Matrix q(n, m);
  for (Index i = 0; i < m; ++i) q.col(i) = o.dv[i] * o.py;
  o.gradient.resize(m);
  for (Index i = 0; i < m; ++i) {
    o.gradient[i] = (reml ? o.p : vi).cwiseProduct(o.dv[i]).sum() - o.py.dot(q.col(i));
  }
  o.information = 0.5 * q.transpose() * o.p * q;
  return o;
}

Vector normal(Index n, Engine& engine) {
  std::normal_distribution<double> draw;
  Vector x(n);
  for (Index i = 0; i < n; ++i) x[i] = draw(engine);
  return x;
}

std::vector<SmallIndex> random_levels(Index n, SmallIndex n_levels, Engine& engine) {
  std::vector<SmallIndex> levels;
  for (Index i = 0; i < n; ++i)
    levels.push_back(std::uniform_int_distribution<SmallIndex>(0, n_levels - 1)(engine));
  return levels;
}

model::Coding full_coding(SmallIndex n_levels) {
  model::Coding coding;
  coding.n_columns = n_levels;
  for (SmallIndex l = 0; l < n_levels; ++l) {
    coding.start.push_back(l);
    coding.column.push_back(l);
    coding.value.push_back(1.0);
  }
  coding.start.push_back(n_levels);
  return coding;
}

model::Coding treatment_coding(SmallIndex n_levels) {
  model::Coding coding = full_coding(n_levels - 1);
  coding.start.insert(coding.start.begin(), 0);
  return coding;
}

Matrix dense_columns(const std::vector<ColumnTerm>& terms, Index n_records) {
  Matrix all(n_records, 0);
  for (const ColumnTerm& term : terms) {
    Matrix product = Matrix::Ones(n_records, 1);
    for (const model::Part& part : term.parts) {
      Matrix columns;
      if (const auto* numeric = std::get_if<model::NumericPart>(&part)) {
        columns = *numeric;
      } else {
        const auto& factor = std::get<FactorPart>(part);
        columns = Matrix::Zero(n_records, factor.coding.n_columns);
        for (Index r = 0; r < n_records; ++r) {
          const SmallIndex l = factor.level_of_record[r];
          for (Index k = factor.coding.start[l]; k < factor.coding.start[l + 1]; ++k) {
            columns(r, factor.coding.column[k]) += factor.coding.value[k];
          }
        }
      }
      Matrix next(n_records, product.cols() * columns.cols());
      for (Index c = 0; c < next.cols(); ++c) {
        next.col(c) = product.col(c % product.cols()).cwiseProduct(columns.col(c / product.cols()));
      }
      product = next;
    }
    all.conservativeResize(Eigen::NoChange, all.cols() + product.cols());
    all.rightCols(product.cols()) = product;
  }
  return all;
}

model::Relationship precision(const Matrix& dense) {
  model::Relationship relationship;
  relationship.is_identity = false;
  relationship.start.push_back(0);
  for (Index j = 0; j < dense.cols(); ++j) {
    for (Index i = j; i < dense.rows(); ++i) {
      if (dense(i, j) == 0.0) continue;
      relationship.row.push_back(static_cast<SmallIndex>(i));
      relationship.value.push_back(dense(i, j));
    }
    relationship.start.push_back(static_cast<Index>(relationship.row.size()));
  }
  return relationship;
}

model::VarianceRequest nothing_held(Index n_values) {
  return {std::vector<bool>(static_cast<std::size_t>(n_values), false),
          Vector::Constant(n_values, std::numeric_limits<double>::quiet_NaN())};
}

namespace {

// Henderson's inverse of a relationship matrix of animals with random parents.
Matrix pedigree_inverse(Index n, Engine& engine) {
  Matrix inverse = Matrix::Zero(n, n);
  for (Index i = 0; i < n; ++i) {
    Vector w = Vector::Unit(n, i);
    if (i > 2) w[std::uniform_int_distribution<Index>(0, i - 1)(engine)] -= 0.5;
    if (i > 4) w[std::uniform_int_distribution<Index>(0, i - 1)(engine)] -= 0.5;
    inverse += (i > 4 ? 2.0 : i > 2 ? 4.0 / 3.0 : 1.0) * w * w.transpose();
  }
  return inverse;
}

class Maker {
 public:
  Maker(std::string name, Index n, unsigned seed) : engine_(seed), n_(n) {
    model_.name = std::move(name);
  }

  Maker& fixed(ColumnTerm term) {
    model_.spec.fixed.push_back(std::move(term));
    return *this;
  }
  Maker& random(const std::string& structure, std::vector<ColumnTerm> terms, SmallIndex n_levels,
                const Matrix& inverse = Matrix(), int n_incidences = 1) {
    model::RandomTerm term;
    term.label = "term " + std::to_string(model_.terms.size() + 1);
    term.structure.name = structure;
    term.n_levels = n_levels;
    const Matrix coefficients = dense_columns(terms, n_);
    term.n_coef = static_cast<SmallIndex>(coefficients.cols());
    term.structure.n_coef = term.n_coef;
    DenseTerm dense{Matrix::Zero(n_, term.n_coef * n_levels), Matrix::Identity(n_levels, n_levels),
                    term.n_coef, structure == "diag"};
    for (int i = 0; i < n_incidences; ++i) {
      const std::vector<SmallIndex> levels = random_levels(n_, n_levels, engine_);
      for (Index r = 0; r < n_; ++r) {
        dense.z.row(r).segment(levels[r] * term.n_coef, term.n_coef) += coefficients.row(r);
      }
      term.incidence.push_back({levels, terms, 0});
    }
    if (inverse.size() > 0) {
      dense.k = inverse.inverse();
      term.relationship = precision(inverse);
    }
    model_.spec.random.push_back(std::move(term));
    model_.terms.push_back(std::move(dense));
    return *this;
  }
  // Subjects with records at some of the positions.
  Maker& residual(const std::string& structure, SmallIndex n_positions, Index first, Index last) {
    model::ResidualSection section;
    section.label = "residual";
    section.structure.name = structure;
    section.structure.n_coef = n_positions;
    DenseTerm dense{Matrix::Zero(n_, 0), Matrix(), n_positions, structure == "diag"};
    std::bernoulli_distribution present(0.7);
    SmallIndex subject = 0;
    for (Index r = first; r < last; ++subject) {
      dense.z.conservativeResize(Eigen::NoChange, dense.z.cols() + n_positions);
      dense.z.rightCols(n_positions).setZero();
      for (SmallIndex p = n_positions - 1; p >= 0 && r < last; --p) {
        if (!present(engine_)) continue;
        section.record.push_back(static_cast<SmallIndex>(r));
        section.subject.push_back(subject);
        section.position.push_back(p);
        dense.z(r++, subject * n_positions + p) = 1.0;
      }
    }
    dense.k = Matrix::Identity(subject, subject);
    model_.spec.residual.push_back(std::move(section));
    model_.residual.push_back(std::move(dense));
    return *this;
  }
  Maker& weighted() {
    model_.spec.weights = normal(n_, engine_).array().abs() + 0.3;
    return *this;
  }
  ColumnTerm covariate(double origin = 0.0) {
    return {{Matrix(normal(n_, engine_).array() + origin)}};
  }
  FactorPart levels(const model::Coding& coding) {
    return {random_levels(n_, static_cast<SmallIndex>(coding.start.size()) - 1, engine_), coding};
  }
  Engine& engine() { return engine_; }
  MixedModel make(bool reml) {
    model_.x = dense_columns(model_.spec.fixed, n_);
    Vector y = 3.0 * normal(n_, engine_).array() + 50.0;
    for (const DenseTerm& term : model_.terms) y += 2.0 * term.z * normal(term.z.cols(), engine_);
    model_.spec.response = y;
    model_.spec.reml = reml;
    if (!reml) model_.name += ", ML";
    return model_;
  }

 private:
  Engine engine_;
  Index n_;
  MixedModel model_;
};

}  // namespace

std::vector<MixedModel> mixed_models(unsigned seed) {
  const ColumnTerm one{};
  std::vector<MixedModel> models;
  for (const bool reml : {true, false}) {
    Maker single("one term", 24, seed + 1);
    models.push_back(single.fixed(one).fixed(single.covariate()).random("us", {one}, 5).make(reml));
    Maker crossed("crossed, factor fixed", 30, seed + 2);
    crossed.fixed(one).fixed({{crossed.levels(treatment_coding(6))}});
    models.push_back(crossed.random("us", {one}, 6).random("us", {one}, 4).make(reml));
    Maker slopes("us(2)", 36, seed + 3);
    const ColumnTerm time = slopes.covariate(20.0);
    models.push_back(slopes.fixed(one).fixed(time).random("us", {one, time}, 7).make(reml));
    Maker diagonal("diag(3) with weights", 36, seed + 4);
    const ColumnTerm environment{{diagonal.levels(full_coding(3))}};
    models.push_back(diagonal.fixed(one).random("diag", {environment}, 6).weighted().make(reml));
    Maker animal("precision and the same kind of iid term", 28, seed + 5);
    const Matrix inverse = pedigree_inverse(14, animal.engine());
    animal.fixed(one).fixed({{animal.levels(full_coding(4))}});  // rank-deficient
    models.push_back(animal.random("us", {one}, 14, inverse).random("us", {one}, 5).make(reml));
    Maker both("us(2) with precision and weights", 34, seed + 6);
    const ColumnTerm age = both.covariate(5.0);
    models.push_back(both.fixed(age)
                         .random("us", {one, age}, 9, pedigree_inverse(9, both.engine()))
                         .weighted()
                         .make(reml));
    Maker membership("two memberships", 26, seed + 7);
    models.push_back(membership.fixed(one).random("us", {one}, 5, Matrix(), 2).make(reml));
    Maker bare("no fixed effects", 20, seed + 8);
    models.push_back(bare.random("us", {one}, 4).make(reml));
    Maker fixed_only("no random term", 20, seed + 9);
    models.push_back(fixed_only.fixed(one).fixed(fixed_only.covariate()).make(reml));
  }
  return models;
}

std::vector<MixedModel> residual_models(unsigned seed) {
  const ColumnTerm one{};
  std::vector<MixedModel> models;
  for (const bool reml : {true, false}) {
    Maker visits("us residual", 60, seed + 1);
    visits.fixed(one).fixed(visits.covariate()).residual("us", 3, 0, 60);
    models.push_back(visits.make(reml));
    Maker groups("us residuals by group with weights", 70, seed + 2);
    groups.fixed(one).residual("us", 2, 0, 40).residual("us", 3, 40, 70).weighted();
    models.push_back(groups.make(reml));
    Maker mixed("diag residual beside us(2) and a relationship", 50, seed + 3);
    const ColumnTerm time = mixed.covariate(5.0);
    mixed.fixed(one).fixed(time).fixed({{mixed.levels(full_coding(3))}});  // rank-deficient
    mixed.random("us", {one, time}, 6).random("us", {one}, 8, pedigree_inverse(8, mixed.engine()));
    models.push_back(mixed.residual("diag", 4, 0, 50).make(reml));
    Maker large("us residual of many positions", 90, seed + 4);
    large.fixed(one).random("us", {one}, 5).residual("us", 5, 0, 90);
    models.push_back(large.make(reml));
  }
  return models;
}

// More subjects with both positions than fixed effects: else ML may have no upper bound.
std::vector<MixedModel> models_of_many_fixed_effects(unsigned seed) {
  const ColumnTerm one{};
  std::vector<MixedModel> models;
  for (const bool reml : {true, false}) {
    for (const bool structured : {false, true}) {
      Maker many(structured ? "80 fixed effects, us residual" : "80 fixed effects", 320, seed);
      many.fixed(one).fixed({{many.levels(treatment_coding(80))}}).random("us", {one}, 6);
      if (structured) many.residual("us", 2, 0, 320);
      models.push_back(many.make(reml));
    }
  }
  return models;
}

Vector random_values(const MixedModel& model, Engine& engine) {
  Vector values(model.n_values());
  Index next = 0;
  std::vector<DenseTerm> terms = model.terms;
  terms.insert(terms.end(), model.residual.begin(), model.residual.end());
  for (const DenseTerm& term : terms) {
    const Index t = term.n_coef;
    Matrix half(t, t + 2);
    for (Index c = 0; c < half.cols(); ++c) half.col(c) = normal(t, engine);
    const Matrix sigma = half * half.transpose() + 0.1 * Matrix::Identity(t, t);
    for (Index r = 0; r < t; ++r) {
      for (Index c = term.diagonal ? r : 0; c <= r; ++c) values[next++] = sigma(r, c);
    }
  }
  if (model.residual.empty()) values[next] = 0.5 + 4.0 * std::abs(normal(1, engine)[0]);
  return values;
}

}  // namespace henderson::test
