#include "evaluator/suites/bits_per_byte.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "evaluator/loglikelihood.h"
#include "evaluator/white_space.h"

namespace bonsai {
namespace {

v1::MetricResult* AddMetric(v1::SuiteResult* result, const std::string& name, double value) {
  v1::MetricResult* metric = result->add_metrics();
  metric->set_name(name);
  metric->set_value(value);
  metric->set_lower_is_better(true);
  return metric;
}

}  // namespace

absl::StatusOr<std::unique_ptr<BitsPerByteSuite>> BitsPerByteSuite::Create(
    const edge::Tokenizer& tokenizer, int32_t positions_max, std::span<const std::string> texts) {
  const absl::StatusOr<int32_t> prefix = PrefixToken(tokenizer);
  if (!prefix.ok()) return prefix.status();
  std::unique_ptr<BitsPerByteSuite> suite(new BitsPerByteSuite);
  for (const std::string& text : texts) {
    const std::vector<int32_t> tokens = tokenizer.Encode(text);
    for (ScoreRequest& request : RollingRequests(tokens, *prefix, positions_max)) {
      suite->requests_.push_back(std::move(request));
    }
    ++suite->documents_;
    suite->bytes_ += text.size();
    suite->words_ += CountWords(text);
    suite->tokens_ += tokens.size();
  }
  if (suite->bytes_ == 0) return absl::InvalidArgumentError("bits_per_byte.corpus holds no text");
  return suite;
}

Judgement BitsPerByteSuite::Judge(const Answers& answers) const {
  double loglikelihood = 0;
  for (const Score& score : answers.scores) loglikelihood += score.loglikelihood;
  const double nats_per_byte = -loglikelihood / static_cast<double>(bytes_);

  v1::SuiteResult result;
  result.set_suite("bits_per_byte");
  result.set_profile("lmeval 0.4");
  result.set_documents(documents_);
  AddMetric(&result, "bits_per_byte", nats_per_byte / std::log(2.0));
  AddMetric(&result, "byte_perplexity", std::exp(nats_per_byte));
  AddMetric(&result, "word_perplexity", std::exp(-loglikelihood / static_cast<double>(words_)));
  result.add_notes(absl::StrCat(bytes_, " bytes, ", words_, " words, ", tokens_, " tokens"));
  return Judgement{.result = std::move(result), .items = {}};
}

void BitsPerByteSuite::AddXzFigures(const XzFigures& figures, v1::SuiteResult* result) {
  double floor = figures.alone;
  std::string floor_name = "xz -9e";
  AddMetric(result, "xz_bits_per_byte", figures.alone);
  std::string note =
      absl::StrCat("xz -9e needs ", absl::SixDigits(figures.alone), " bits per byte for this text alone");
  if (figures.after_reference.has_value()) {
    AddMetric(result, "xz_after_reference_bits_per_byte", *figures.after_reference);
    absl::StrAppend(&note, ", ", absl::SixDigits(*figures.after_reference),
                    " when it has the whole reference text before it");
    if (*figures.after_reference < floor) {
      floor = *figures.after_reference;
      floor_name = "xz -9e after the reference text";
    }
  }
  result->add_notes(note);
  for (v1::MetricResult& metric : *result->mutable_metrics()) {
    if (metric.name() != "bits_per_byte") continue;
    metric.set_floor(floor);
    metric.set_floor_name(floor_name);
  }
}

}  // namespace bonsai
