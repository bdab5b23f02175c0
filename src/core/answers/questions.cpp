// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/questions.h"

namespace henderson::answers {
namespace {

Answer from_factor(FittedModel& fitted, const Question& question) {
  switch (question.topic) {
    case Topic::error_covariance:
      return fitted.error_covariance(question.k);
    case Topic::error_columns:
      return fitted.error_columns(question.k);
    case Topic::error_variances:
      return fitted.error_variances(question.k);
    case Topic::deletion_changes:
      return fitted.deletion_changes(question.group, question.n_groups);
    case Topic::deletion_distances:
      return fitted.deletion_distances(question.group, question.n_groups);
    case Topic::moments:
      return fitted.moments(Matrix(question.k), question.adjustment);
    case Topic::residual_whitening:
      return residual_whitening(fitted.model(), fitted.parameters());
    default:
      return fitted.average_information();
  }
}

Answer part_of(const InverseAnswers& found, Topic topic) {
  if (topic == Topic::prediction_errors) return found.prediction_errors;
  if (topic == Topic::prediction_variances) return found.prediction_variances;
  return topic == Topic::leverages ? found.leverages : found.effective_dimensions;
}

bool is_from_inverse(Topic topic) {
  return topic == Topic::prediction_errors || topic == Topic::prediction_variances ||
         topic == Topic::leverages || topic == Topic::effective_dimensions;
}

InverseQuestions inverse_questions(const std::vector<Question>& questions) {
  InverseQuestions wanted;
  for (const Question& question : questions) {
    wanted.prediction_errors |= question.topic == Topic::prediction_errors;
    wanted.prediction_variances |= question.topic == Topic::prediction_variances;
    wanted.leverages |= question.topic == Topic::leverages;
    wanted.effective_dimensions |= question.topic == Topic::effective_dimensions;
  }
  return wanted;
}

}  // namespace

std::vector<Answer> ask(FittedModel& fitted, const std::vector<Question>& questions) {
  std::vector<Answer> answers(questions.size());
  const auto answer_where = [&](auto is_meant, auto answer) {
    for (std::size_t i = 0; i < questions.size(); ++i) {
      if (is_meant(questions[i].topic)) answers[i] = answer(questions[i]);
    }
  };
  const auto is_information = [](Topic topic) { return topic == Topic::information; };
  answer_where([&](Topic topic) { return !is_from_inverse(topic) && !is_information(topic); },
               [&](const Question& question) { return from_factor(fitted, question); });
  const InverseQuestions wanted = inverse_questions(questions);
  if (wanted.any()) {
    const InverseAnswers found = fitted.from_inverse(wanted);
    answer_where(is_from_inverse,
                 [&](const Question& question) { return part_of(found, question.topic); });
  }
  answer_where(is_information, [&](const Question& question) -> Answer {
    return fitted.information(question.with_expected, question.observed);
  });
  return answers;
}

}  // namespace henderson::answers
