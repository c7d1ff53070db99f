#include "evaluator/suite_requests.h"

#include <bit>
#include <cstdlib>

#include "evaluator/request_digest.h"
#include "evaluator/suite_judge.h"
#include "storage/digest.h"

namespace bonsai {
namespace {

std::vector<ModelRequest> ListRequests(std::span<const std::unique_ptr<Suite>> suites) {
  std::vector<ModelRequest> requests;
  for (const std::unique_ptr<Suite>& suite : suites) {
    for (const ScoreRequest& score : suite->requests()) requests.push_back({.score = &score});
    for (const GenerateRequest& generate : suite->generations()) requests.push_back({.generate = &generate});
  }
  return requests;
}

std::string NumberBytes(uint64_t number) {
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>(number >> shift & 0xFF));
  return bytes;
}

}  // namespace

SuiteRequests::SuiteRequests(std::span<const std::unique_ptr<Suite>> suites)
    : suites_(suites), plan_(ListRequests(suites)) {
  size_t first = 0;
  for (const std::unique_ptr<Suite>& suite : suites) {
    first_request_.push_back(first);
    first += suite->requests().size() + suite->generations().size();
  }
  for (size_t entry = 0; entry < plan_.size(); ++entry) digests_.push_back(RequestDigest(plan_.entry(entry)));
}

size_t SuiteRequests::CountMissing(const AnswerStore& store) const {
  size_t missing = 0;
  for (const std::string& digest : digests_) missing += store.Find(digest) == nullptr ? 1 : 0;
  return missing;
}

const v1::Answer& SuiteRequests::AnswerTo(size_t request, const AnswerStore& store) const {
  const v1::Answer* answer = store.Find(digests_[plan_.entry_of(request)]);
  if (answer == nullptr) std::abort();  // judged before all was answered
  return *answer;
}

absl::StatusOr<Judgement> SuiteRequests::Judge(size_t suite, const AnswerStore& store, CodeJudge& code_judge,
                                               const CodeProgress& progress) const {
  const Suite& judge = *suites_[suite];
  Sha256 digest;
  std::vector<Score> scores;
  std::vector<std::string> texts;
  size_t request = first_request_[suite];
  for (size_t i = 0; i < judge.requests().size(); ++i, ++request) {
    const v1::Answer& answer = AnswerTo(request, store);
    scores.push_back({answer.loglikelihood(), answer.is_greedy()});
    digest.Update(NumberBytes(std::bit_cast<uint64_t>(answer.loglikelihood())));
    digest.Update(answer.is_greedy() ? "1" : "0");
  }
  for (size_t i = 0; i < judge.generations().size(); ++i, ++request) {
    const v1::Answer& answer = AnswerTo(request, store);
    texts.push_back(answer.text());
    digest.Update(NumberBytes(answer.text().size()));
    digest.Update(answer.text());
  }
  absl::StatusOr<Judgement> judgement =
      JudgeSuite(judge, {.scores = scores, .texts = texts}, code_judge, progress);
  if (judgement.ok()) judgement->result.set_answers_sha256(digest.FinishHex());
  return judgement;
}

}  // namespace bonsai
