// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/records.h"

#include <cmath>

namespace henderson::equations {
namespace {

const IidRecords& held(const IidRecords& records) { return records; }
const WhitenedRecords& held(const WhitenedLease& records) { return *records; }

}  // namespace

RecordErrors IidRecords::errors(const ConstVectorRef& u) const {
  const Vector e = model_->response - model::multiply(model_->w, u);
  const Vector& weights = model_->weights;
  const double squares =
      weights.size() > 0 ? (e.array().square() * weights.array()).sum() : e.squaredNorm();
  return {model::weighted_cross_product(model_->w, weights, e),
          squares + model_->pure_error.sum_of_squares};
}

linalg::SparseRows IidRecords::rows() const {
  const model::SparseRows& w = model_->w;
  linalg::SparseRows rows;
  rows.entry.reserve(w.value.size());
  for (Index r = 0; r < w.n_rows(); ++r) {
    const double root = model_->weights.size() > 0 ? std::sqrt(model_->weights[r]) : 1.0;
    for (Index k = w.start[r]; k < w.start[r + 1]; ++k) rows.add(w.column[k], root * w.value[k]);
    rows.end_row();
  }
  return rows;
}

const WhitenedRecords* Records::whitened() const {
  const WhitenedLease* lease = std::get_if<WhitenedLease>(&records_);
  return lease ? lease->get() : nullptr;
}

const model::BlockSymmetric& Records::cross_products() const {
  return std::visit(
      [](const auto& x) -> const model::BlockSymmetric& { return held(x).cross_products(); },
      records_);
}

const Vector& Records::rhs() const {
  return std::visit([](const auto& x) -> const Vector& { return held(x).rhs(); }, records_);
}

double Records::weighted_ss() const {
  return std::visit([](const auto& x) { return held(x).weighted_ss(); }, records_);
}

double Records::log_det() const {
  return std::visit([](const auto& x) { return held(x).log_det(); }, records_);
}

RecordErrors Records::errors(const ConstVectorRef& u) const {
  return std::visit([&](const auto& x) { return held(x).errors(u); }, records_);
}

linalg::SparseRows Records::rows() const {
  return std::visit([](const auto& x) { return held(x).rows(); }, records_);
}

RecordSource::RecordSource(const model::Model& model)
    : model_(model), spare_(std::make_shared<std::unique_ptr<WhitenedRecords>>()) {}

std::optional<Records> RecordSource::at(const Vector& theta) const {
  if (!model_.has_structured_residual()) return Records(IidRecords(model_));
  std::unique_ptr<WhitenedRecords> spare = std::move(*spare_);
  if (!spare) spare = std::make_unique<WhitenedRecords>(model_);
  const std::shared_ptr<WhitenedRecords> lease(
      spare.release(), [home = spare_](WhitenedRecords* done) { home->reset(done); });
  if (!lease->set(theta)) return std::nullopt;
  return Records(WhitenedLease(lease));
}

}  // namespace henderson::equations
