// Documents and answers that others recorded, for the tests that send them through suites. Tests only.
#ifndef BONSAI_EVALUATOR_SUITES_RECORDED_ANSWERS_H_
#define BONSAI_EVALUATOR_SUITES_RECORDED_ANSWERS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "bonsai/v1/document.pb.h"
#include "edge_runtime/model/json.h"
#include "edge_runtime/model/mapped_file.h"
#include "evaluator/byte_tokenizer.h"
#include "evaluator/suites/data_suite.h"
#include "evaluator/suites/suite_file.h"
#include "gtest/gtest.h"

namespace bonsai {

inline std::string FileText(const std::string& path) {
  std::string error;
  const auto file = edge::MappedFile::Open(path, &error);
  EXPECT_NE(file, nullptr) << error;
  return file == nullptr ? "" : std::string(file->text());
}

inline edge::JsonValue JsonOf(const std::string& text) {
  std::string error;
  std::optional<edge::JsonValue> value = edge::JsonValue::Parse(text, &error);
  EXPECT_TRUE(value.has_value()) << error;
  return value.value_or(edge::JsonValue());
}

inline v1::Document RecordDocument(const std::string& id, const std::string& record) {
  v1::Document document;
  document.set_id(id);
  document.set_record(record);
  return document;
}

inline v1::Document TextDocument(const std::string& id, const std::string& text) {
  v1::Document document;
  document.set_id(id);
  document.set_text(text);
  return document;
}

// Each line of a file of JSON lines.
inline std::vector<v1::Document> RecordsOf(const std::string& path) {
  std::vector<v1::Document> documents;
  for (absl::string_view line : absl::StrSplit(FileText(path), '\n', absl::SkipEmpty())) {
    documents.push_back(RecordDocument(std::to_string(documents.size()), std::string(line)));
  }
  return documents;
}

// The input of an installed suite, asked of a model that reads whatever it is given.
inline DataSuiteInput InstalledSuite(const std::string& name, const std::string& profile,
                                     std::span<const v1::Document> questions) {
  absl::StatusOr<v1::Suite> suite = LoadSuite("deploy/suites", name, profile);
  EXPECT_TRUE(suite.ok()) << suite.status();
  DataSuiteInput input;
  if (suite.ok()) input.suite = *std::move(suite);
  input.questions = questions;
  input.positions_max = 1 << 20;
  return input;
}

inline std::unique_ptr<DataSuite> CreateSuite(const DataSuiteInput& input) {
  absl::StatusOr<std::unique_ptr<DataSuite>> suite = DataSuite::Create(input, ByteTokenizer());
  EXPECT_TRUE(suite.ok()) << suite.status();
  return suite.ok() ? *std::move(suite) : nullptr;
}

inline double MetricOf(const v1::SuiteResult& result, const std::string& name) {
  for (const v1::MetricResult& metric : result.metrics()) {
    if (metric.name() == name) return metric.value();
  }
  ADD_FAILURE() << "no metric " << name << " in " << result.ShortDebugString();
  return -1;
}

inline double ValueOf(const v1::ItemResult& item, const std::string& name) {
  for (const v1::MetricValue& value : item.metrics()) {
    if (value.name() == name) return value.value();
  }
  ADD_FAILURE() << "no metric " << name << " of question " << item.id();
  return -1;
}

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_RECORDED_ANSWERS_H_
