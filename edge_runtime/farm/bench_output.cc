#include "edge_runtime/farm/bench_output.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "edge_runtime/model/json.h"

namespace bonsai {
namespace {

using edge::JsonValue;

constexpr int64_t kCountMax = int64_t{1} << 50;

absl::Status Wrong(absl::string_view key, const JsonValue* value, absl::string_view wanted) {
  return absl::DataLossError(absl::StrCat(
      "key \"", key, "\" is ", value == nullptr ? "missing" : value->Describe(), "; it has to be ", wanted));
}

absl::Status ReadCount(const JsonValue& line, const char* key, int64_t* count) {
  const JsonValue* value = line.Find(key);
  const std::optional<int64_t> integer = value == nullptr ? std::nullopt : value->integer();
  if (!integer || *integer < 0 || *integer > kCountMax) return Wrong(key, value, "a whole number from 0");
  *count = *integer;
  return absl::OkStatus();
}

absl::Status ReadSeconds(const JsonValue& line, const char* key, double* seconds) {
  const JsonValue* value = line.Find(key);
  if (value == nullptr || !value->is_number() || !(value->number() > 0))
    return Wrong(key, value, "a number above 0");
  *seconds = value->number();
  return absl::OkStatus();
}

absl::StatusOr<BenchRun> ParseRun(absl::string_view text) {
  std::string error;
  const std::optional<JsonValue> line = JsonValue::Parse({text.data(), text.size()}, &error);
  if (!line) return absl::DataLossError(absl::StrCat("not JSON: ", error));
  if (!line->is_object()) return absl::DataLossError("not a JSON object");
  BenchRun run;
  int64_t peak = 0;
  absl::Status status = ReadCount(*line, "prefill_tokens", &run.prefill_tokens);
  if (status.ok()) status = ReadCount(*line, "decode_tokens", &run.decode_tokens);
  if (status.ok()) status = ReadCount(*line, "peak_rss_bytes", &peak);
  if (status.ok()) status = ReadSeconds(*line, "prefill_seconds", &run.prefill_seconds);
  if (status.ok()) status = ReadSeconds(*line, "decode_seconds", &run.decode_seconds);
  if (!status.ok()) return status;
  run.peak_rss_bytes = static_cast<uint64_t>(peak);
  const JsonValue* ids = line->Find("token_ids");
  if (ids == nullptr || !ids->is_array()) return Wrong("token_ids", ids, "an array");
  for (const JsonValue& id : ids->items()) {
    if (!id.integer() || *id.integer() < 0 || *id.integer() > INT32_MAX)
      return Wrong("token_ids", &id, "of token ids");
    run.token_ids.push_back(static_cast<int32_t>(*id.integer()));
  }
  if (const JsonValue* kernels = line->Find("kernels"); kernels != nullptr) run.kernels = kernels->string();
  return run;
}

}  // namespace

absl::StatusOr<std::vector<BenchRun>> ParseBenchOutput(absl::string_view text) {
  std::vector<BenchRun> runs;
  size_t number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (line.empty()) continue;
    absl::StatusOr<BenchRun> run = ParseRun(line);
    if (!run.ok()) {
      return absl::DataLossError(
          absl::StrCat("line ", number, " of the bench output: ", run.status().message()));
    }
    runs.push_back(*std::move(run));
  }
  return runs;
}

}  // namespace bonsai
