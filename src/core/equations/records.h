// SPDX-License-Identifier: GPL-3.0-or-later
// The records at one R, as the equations see them: W'R^-1 W, W'R^-1 y, y'R^-1 y and log|R|, all
// relative to sigma^2.
#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "core/equations/whitened_records.h"

namespace henderson::equations {

// Independent residuals with one variance: what the model has, whatever the variances are.
class IidRecords {
 public:
  // Keeps a reference to the model.
  explicit IidRecords(const model::Model& model) : model_(&model) {}

  const model::BlockSymmetric& cross_products() const { return model_->cross_products; }
  const Vector& rhs() const { return model_->rhs; }
  double weighted_ss() const { return model_->weighted_ss; }
  double log_det() const { return -model_->sum_log_weights; }
  RecordErrors errors(const ConstVectorRef& u) const;
  linalg::SparseRows rows() const;

 private:
  const model::Model* model_;
};

// Those of a structured residual; they go back to where they were taken from.
using WhitenedLease = std::shared_ptr<const WhitenedRecords>;

class Records {
 public:
  explicit Records(IidRecords records) : records_(records) {}
  explicit Records(WhitenedLease records) : records_(std::move(records)) {}

  // Nothing where the residuals are independent.
  const WhitenedRecords* whitened() const;

  const model::BlockSymmetric& cross_products() const;
  const Vector& rhs() const;
  double weighted_ss() const;
  double log_det() const;
  RecordErrors errors(const ConstVectorRef& u) const;
  // R^-1/2 W, a row for each record, in the columns of W; entries of one column may be several.
  // Cost: its entries.
  linalg::SparseRows rows() const;

 private:
  std::variant<IidRecords, WhitenedLease> records_;
};

// Where records come from. Their buffers are large, so those of one that has ended serve the next.
class RecordSource {
 public:
  // Keeps a reference to the model.
  explicit RecordSource(const model::Model& model);

  // At the R of these parameters (all theta of the model); nothing where it is not positive
  // definite.
  std::optional<Records> at(const Vector& theta) const;

 private:
  const model::Model& model_;
  std::shared_ptr<std::unique_ptr<WhitenedRecords>> spare_;
};

}  // namespace henderson::equations
