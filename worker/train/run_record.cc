#include "worker/train/run_record.h"

#include <cmath>
#include <initializer_list>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "edge_runtime/model/json.h"

namespace bonsai {
namespace {

constexpr uint64_t kStepMax = UINT32_MAX;

template <typename T>
void Thin(std::vector<T>& list) {
  size_t kept = 0;
  for (size_t i = 1; i < list.size(); i += 2) list[kept++] = list[i];
  list.resize(kept);
}

void WriteRow(edge::JsonWriter& json, std::initializer_list<double> values) {
  json.BeginArray();
  for (const double value : values) json.Number(value);
  json.EndArray();
}

using Row = std::vector<double>;

// Rows of `columns` numbers, the first `steps` of which are steps. A null stands for what is not finite.
absl::StatusOr<std::vector<Row>> ReadRows(const edge::JsonValue& document, const char* key, size_t columns,
                                          size_t steps) {
  const edge::JsonValue* list = document.Find(key);
  if (list == nullptr || !list->is_array() || list->items().size() > RunRecord::kListMax) {
    return absl::DataLossError(absl::StrCat(key, " is ", list == nullptr ? "missing" : list->Describe(),
                                            "; valid: a list of at most ", RunRecord::kListMax));
  }
  std::vector<Row> rows;
  for (const edge::JsonValue& item : list->items()) {
    Row row;
    for (const edge::JsonValue& value : item.items()) {
      const bool step = row.size() < steps;
      if (step ? !value.is_number() || value.number() < 0 || value.number() > static_cast<double>(kStepMax)
               : !value.is_number() && !value.is_null()) {
        return absl::DataLossError(
            absl::StrCat(key, " holds ", value.Describe(), "; valid: ", step ? "a step" : "a number"));
      }
      row.push_back(value.is_null() ? NAN : value.number());
    }
    if (row.size() != columns) {
      return absl::DataLossError(
          absl::StrCat(key, " has a row of ", row.size(), " numbers; valid: ", columns));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

double NumberOf(const edge::JsonValue& document, const char* key) {
  const edge::JsonValue* value = document.Find(key);
  return value == nullptr ? 0 : value->number();
}

uint64_t StepOf(double value) { return static_cast<uint64_t>(value); }

RunRecord::Validation ValidationOf(const Row& row) { return {StepOf(row[0]), row[1]}; }

}  // namespace

void RunRecord::AddPoint(const Point& point) {
  if (!points.empty() && points.back().step >= point.step) return;
  if (points.size() == kListMax) Thin(points);
  points.push_back(point);
}

void RunRecord::AddValidation(const Validation& validation) {
  if (!validations.empty() && validations.back().step >= validation.step) return;
  if (validations.size() == kListMax) Thin(validations);
  validations.push_back(validation);
}

void RunRecord::GoOnAfter(const RunRecord& before, const Rewind& rewind) {
  attempts = before.attempts;
  predicted_seconds = before.predicted_seconds;
  predicted_steps = before.predicted_steps;
  rewinds = before.rewinds;
  rewinds.push_back(rewind);
}

std::string RunRecord::ToJson() const {
  edge::JsonWriter json;
  json.BeginObject();
  json.Key("attempts").Integer(attempts);
  json.Key("seconds").Number(seconds);
  json.Key("predicted_seconds").Number(predicted_seconds);
  json.Key("predicted_steps").Integer(static_cast<int64_t>(predicted_steps));
  json.Key("data_wait_seconds").Number(data_wait_seconds);
  json.Key("peak_memory_bytes").Number(peak_memory_bytes);
  json.Key("rewinds").BeginArray();
  for (const Rewind& r : rewinds) WriteRow(json, {static_cast<double>(r.from), static_cast<double>(r.to)});
  json.EndArray();
  json.Key("best").BeginArray();
  if (best) WriteRow(json, {static_cast<double>(best->step), best->loss});
  json.EndArray();
  json.Key("validations").BeginArray();
  for (const Validation& v : validations) WriteRow(json, {static_cast<double>(v.step), v.loss});
  json.EndArray();
  json.Key("points").BeginArray();
  for (const Point& p : points) {
    WriteRow(json, {static_cast<double>(p.step), p.loss, p.gradient_norm, p.learning_rate,
                    p.tokens_per_second, p.utilization, p.checkpoint_stall_seconds});
  }
  json.EndArray();
  json.EndObject();
  return json.text();
}

absl::StatusOr<RunRecord> RunRecord::FromJson(absl::string_view text) {
  std::string error;
  edge::JsonLimits limits;
  limits.bytes_max = kBytesMax;
  const auto document = edge::JsonValue::Parse({text.data(), text.size()}, &error, limits);
  if (!document) return absl::DataLossError(error);
  const auto rewinds = ReadRows(*document, "rewinds", 2, 2);
  if (!rewinds.ok()) return rewinds.status();
  const auto best = ReadRows(*document, "best", 2, 1);
  if (!best.ok()) return best.status();
  const auto validations = ReadRows(*document, "validations", 2, 1);
  if (!validations.ok()) return validations.status();
  const auto points = ReadRows(*document, "points", 7, 1);
  if (!points.ok()) return points.status();
  RunRecord record;
  const double attempts = NumberOf(*document, "attempts");
  record.attempts = attempts >= 0 && attempts <= 1e9 ? static_cast<uint32_t>(attempts) : 0;
  record.seconds = NumberOf(*document, "seconds");
  record.predicted_seconds = NumberOf(*document, "predicted_seconds");
  const double predicted = NumberOf(*document, "predicted_steps");
  record.predicted_steps = predicted >= 0 && predicted <= 1e15 ? static_cast<uint64_t>(predicted) : 0;
  record.data_wait_seconds = NumberOf(*document, "data_wait_seconds");
  record.peak_memory_bytes = NumberOf(*document, "peak_memory_bytes");
  for (const Row& row : *rewinds) {
    if (row[1] > row[0]) {
      return absl::DataLossError(absl::StrCat("rewinds goes from ", row[0], " to ", row[1], "; valid: back"));
    }
    record.rewinds.push_back({StepOf(row[0]), StepOf(row[1])});
  }
  if (!best->empty()) record.best = ValidationOf(best->front());
  for (const Row& row : *validations) record.validations.push_back(ValidationOf(row));
  for (const Row& row : *points)
    record.points.push_back({StepOf(row[0]), row[1], row[2], row[3], row[4], row[5], row[6]});
  return record;
}

}  // namespace bonsai
