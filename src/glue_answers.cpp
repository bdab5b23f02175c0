// SPDX-License-Identifier: GPL-3.0-or-later
#include "glue_answers.h"

#include <map>

#include "core/answers/questions.h"
#include "core/reml/constrained.h"
#include "glue_callbacks.h"

namespace henderson {
namespace {

answers::Topic as_topic(const std::string& name) {
  using answers::Topic;
  static const std::map<std::string, Topic> topics = {
      {"error_covariance", Topic::error_covariance},
      {"error_columns", Topic::error_columns},
      {"error_variances", Topic::error_variances},
      {"deletion_changes", Topic::deletion_changes},
      {"deletion_distances", Topic::deletion_distances},
      {"moments", Topic::moments},
      {"average_information", Topic::average_information},
      {"residual_whitening", Topic::residual_whitening},
      {"prediction_errors", Topic::prediction_errors},
      {"prediction_variances", Topic::prediction_variances},
      {"leverages", Topic::leverages},
      {"effective_dimensions", Topic::effective_dimensions},
      {"information", Topic::information}};
  const auto found = topics.find(name);
  if (found == topics.end()) throw InvalidSpec("question", "there is no topic `" + name + "`");
  return found->second;
}

answers::Question as_question(const Rcpp::List& list) {
  answers::Question question;
  question.topic = as_topic(Rcpp::as<std::string>(list["topic"]));
  if (list.containsElementNamed("K")) question.k = as_sparse("K", list["K"]);
  if (list.containsElementNamed("group")) {
    question.n_groups = Rcpp::as<int>(list["n_groups"]);
    for (const int group : Rcpp::IntegerVector(list["group"])) {
      if (group < 1 || group > question.n_groups)
        throw InvalidSpec("group", "there is no such group");
      question.group.push_back(group - 1);
    }
  }
  if (list.containsElementNamed("with_expected"))
    question.with_expected = Rcpp::as<bool>(list["with_expected"]);
  if (list.containsElementNamed("observed")) question.observed = Rcpp::as<Matrix>(list["observed"]);
  if (list.containsElementNamed("w"))
    question.adjustment =
        answers::AdjustmentRequest{Rcpp::as<Matrix>(list["w"]), Rcpp::as<Matrix>(list["expected"]),
                                   Rcpp::as<bool>(list["first_order"])};
  return question;
}

Rcpp::RObject answer_to_r(const answers::Answer& answer) {
  return std::visit([](const auto& found) -> Rcpp::RObject { return to_r(found); }, answer);
}

Rcpp::List ask(const Rcpp::List& spec, const Rcpp::List& control, const Rcpp::List& questions) {
  RCallbacks callbacks;
  std::vector<answers::Question> asked;
  for (R_xlen_t i = 0; i < questions.size(); ++i) asked.push_back(as_question(questions[i]));
  answers::FittedModel fitted(as_spec(spec), as_request(control), model::Cells::seen,
                              as_threads(control), callbacks);
  Rcpp::List found;
  for (const answers::Answer& answer : answers::ask(fitted, asked))
    found.push_back(answer_to_r(answer));
  return found;
}

Rcpp::List likelihood_at(const Rcpp::List& spec, const Rcpp::NumericVector& values,
                         bool derivatives) {
  RCallbacks callbacks;
  const model::ModelSpec model_spec = as_spec(spec);
  model::VarianceRequest request = nothing_held(model_spec);
  request.values = as_vector(values);
  if (!derivatives) {
    answers::FittedModel at(model_spec, request, model::Cells::seen, 1, callbacks);
    return Rcpp::List::create(Rcpp::Named("minus2loglik") = at.evaluation().minus2loglik);
  }
  const answers::ValueDerivatives found =
      answers::FittedModel(model_spec, request, model::Cells::all, 1, callbacks)
          .value_derivatives();
  return Rcpp::List::create(Rcpp::Named("minus2loglik") = found.minus2loglik,
                            Rcpp::Named("gradient") = to_r(found.gradient),
                            Rcpp::Named("average_information") = to_r(found.average_information));
}

// c(value, gradient) of an R function of the user's values.
class RValueFunction final : public reml::ValueFunction {
 public:
  explicit RValueFunction(const Rcpp::Function& evaluate) : evaluate_(evaluate) {}

  Value at(const Vector& values) const override {
    const Vector found = Rcpp::as<Vector>(evaluate_(Rcpp::NumericVector(Rcpp::wrap(values))));
    check_size("value and gradient of the function", found.size(), values.size() + 1);
    return {found[0], found.tail(found.size() - 1)};
  }

 private:
  Rcpp::Function evaluate_;
};

Rcpp::List profile_at(const Rcpp::List& spec, const Rcpp::List& control,
                      const Rcpp::Function& function, double target) {
  RCallbacks callbacks;
  const answers::FittedModel fitted(as_spec(spec), as_request(control), model::Cells::all,
                                    as_threads(control), callbacks);
  const reml::ConstrainedResult found = reml::maximise_on_surface(
      fitted.equations(), fitted.parameters(), RValueFunction(function), target, callbacks);
  return Rcpp::List::create(
      Rcpp::Named("reached") = found.reached, Rcpp::Named("converged") = found.converged,
      Rcpp::Named("values") = to_r(found.values), Rcpp::Named("minus2loglik") = found.minus2loglik,
      Rcpp::Named("iterations") = found.iterations);
}

}  // namespace
}  // namespace henderson

// [[Rcpp::export]]
Rcpp::List ask_cpp(Rcpp::List spec, Rcpp::List control, Rcpp::List questions) {
  return henderson::guarded([&] { return henderson::ask(spec, control, questions); });
}

// [[Rcpp::export]]
Rcpp::List likelihood_cpp(Rcpp::List spec, Rcpp::NumericVector values, bool derivatives = true) {
  return henderson::guarded([&] { return henderson::likelihood_at(spec, values, derivatives); });
}

// [[Rcpp::export]]
Rcpp::List profile_at_cpp(Rcpp::List spec, Rcpp::List control, Rcpp::Function f, double value) {
  return henderson::guarded([&] { return henderson::profile_at(spec, control, f, value); });
}
