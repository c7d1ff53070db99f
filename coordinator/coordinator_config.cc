#include "coordinator/coordinator_config.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <cstdlib>

#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

using google::protobuf::TextFormat;

constexpr size_t kConfigBytesMax = 1 << 20;
constexpr int64_t kLeaseMsDefault = 8000;
constexpr int64_t kLeaseMsMin = 100;
constexpr int64_t kLeaseMsMax = 3600000;
constexpr int32_t kPriorityMax = 1000;
constexpr double kWeightMax = 1e6;
constexpr size_t kNameBytesMax = 64;
// Garbage must be older than what an accepted artifact is remembered for, and an event may wait.
constexpr int64_t kGarbageAgeMsMin = 5 * 60 * 1000;
constexpr int64_t kCollectIntervalMsMin = 1000;
constexpr uint32_t kCheckpointsMax = 100;
constexpr char kAnyLoopbackPort[] = "127.0.0.1:0";

// Keeps the first error: those after it follow from it.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (text.empty()) text = absl::StrCat(line + 1, ":", column + 1, ": ", message);
  }
  std::string text;
};

// Where a field stands in the text: "7:1", or the file's end where it is missing.
class Places {
 public:
  Places(absl::string_view file, const TextFormat::ParseInfoTree& tree) : file_(file), tree_(tree) {}

  absl::Status Error(const char* field, absl::string_view what) const {
    const auto* descriptor = v1::CoordinatorConfig::descriptor()->FindFieldByName(field);
    const TextFormat::ParseLocation place = tree_.GetLocation(descriptor, descriptor->is_repeated() ? 0 : -1);
    const std::string line = place.line < 0 ? "" : absl::StrCat(":", place.line + 1, ":", place.column + 1);
    return absl::InvalidArgumentError(absl::StrCat(file_, line, ": ", field, ": ", what));
  }

 private:
  const absl::string_view file_;
  const TextFormat::ParseInfoTree& tree_;
};

absl::Status CheckAddress(const Places& places, const char* field, const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon != std::string::npos && colon > 0 && colon + 1 < address.size()) return absl::OkStatus();
  return places.Error(field,
                      absl::StrCat("\"", address, "\" is not host:port, as in \"", kAnyLoopbackPort, "\""));
}

absl::Status CheckQueues(const Places& places, const v1::CoordinatorConfig& config) {
  absl::btree_set<std::string> names;
  for (const v1::QueueConfig& queue : config.queues()) {
    if (queue.name().empty() || queue.name().size() > kNameBytesMax) {
      return places.Error("queues",
                          absl::StrCat("name: \"", queue.name().substr(0, kNameBytesMax), "\" has ",
                                       queue.name().size(), " bytes; must have 1 to ", kNameBytesMax));
    }
    if (!names.insert(queue.name()).second) {
      return places.Error("queues", absl::StrCat("name: \"", queue.name(), "\" is there twice"));
    }
    if (std::abs(queue.priority()) > kPriorityMax) {
      return places.Error("queues", absl::StrCat("priority: ", queue.priority(), " of \"", queue.name(),
                                                 "\" is not within ", -kPriorityMax, " and ", kPriorityMax));
    }
  }
  names.clear();
  for (const v1::TenantConfig& tenant : config.tenants()) {
    if (tenant.name().empty() || !names.insert(tenant.name()).second) {
      return places.Error("tenants", absl::StrCat("name: \"", tenant.name(), "\" is ",
                                                  tenant.name().empty() ? "empty" : "there twice"));
    }
    if (!(tenant.weight() >= 0 && tenant.weight() <= kWeightMax)) {
      return places.Error("tenants", absl::StrCat("weight: ", tenant.weight(), " of \"", tenant.name(),
                                                  "\" is not within 0 (for 1) and ", kWeightMax));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckStorage(const Places& places, const v1::StorageConfig& storage) {
  const auto too_small = [](int64_t value, int64_t min) { return value != 0 && value < min; };
  if (too_small(storage.garbage_age_ms(), kGarbageAgeMsMin)) {
    return places.Error("storage", absl::StrCat("garbage_age_ms: ", storage.garbage_age_ms(), " is below ",
                                                kGarbageAgeMsMin, " (0 stands for one hour)"));
  }
  if (too_small(storage.collect_interval_ms(), kCollectIntervalMsMin)) {
    return places.Error("storage",
                        absl::StrCat("collect_interval_ms: ", storage.collect_interval_ms(), " is below ",
                                     kCollectIntervalMsMin, " (0 stands for ten minutes)"));
  }
  if (storage.checkpoints_latest() > kCheckpointsMax || storage.checkpoints_best() > kCheckpointsMax) {
    return places.Error("storage",
                        absl::StrCat("checkpoints_latest and checkpoints_best: at most ", kCheckpointsMax));
  }
  if (storage.checkpoints_best() > 0 && storage.checkpoint_metric().empty()) {
    return places.Error("storage", "checkpoints_best needs a checkpoint_metric, as in \"validation_loss\"");
  }
  return absl::OkStatus();
}

absl::Status CheckFields(const Places& places, const v1::CoordinatorConfig& config) {
  if (config.state_dir().empty())
    return places.Error("state_dir", "is missing: the folder for records and logs");
  if (config.storage_dir().empty()) return places.Error("storage_dir", "is missing: the folder for blobs");
  if (config.share_dir().empty()) return places.Error("share_dir", "is missing: Bonsai's installed data");
  if (absl::Status valid = CheckAddress(places, "listen_address", config.listen_address()); !valid.ok())
    return valid;
  if (absl::Status valid = CheckAddress(places, "metrics_address", config.metrics_address()); !valid.ok()) {
    return valid;
  }
  if (absl::Status valid = CheckStorage(places, config.storage()); !valid.ok()) return valid;
  if (config.lease_ms() < kLeaseMsMin || config.lease_ms() > kLeaseMsMax) {
    return places.Error("lease_ms", absl::StrCat(config.lease_ms(), " is not within ", kLeaseMsMin, " and ",
                                                 kLeaseMsMax, " (0 stands for ", kLeaseMsDefault, ")"));
  }
  return CheckQueues(places, config);
}

}  // namespace

absl::StatusOr<v1::CoordinatorConfig> ParseCoordinatorConfig(absl::string_view file, absl::string_view text) {
  FirstError error;
  TextFormat::ParseInfoTree tree;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.WriteLocationsTo(&tree);
  v1::CoordinatorConfig config;
  if (!parser.ParseFromString(std::string(text), &config)) {
    return absl::InvalidArgumentError(absl::StrCat(file, ":", error.text));
  }
  if (config.listen_address().empty()) config.set_listen_address(kAnyLoopbackPort);
  if (config.metrics_address().empty()) config.set_metrics_address(kAnyLoopbackPort);
  if (config.lease_ms() == 0) config.set_lease_ms(kLeaseMsDefault);
  if (absl::Status valid = CheckFields(Places(file, tree), config); !valid.ok()) return valid;
  return config;
}

absl::StatusOr<v1::CoordinatorConfig> ReadCoordinatorConfig(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFileBytes(path, kConfigBytesMax);
  if (!text.ok()) return text.status();
  return ParseCoordinatorConfig(path, *text);
}

}  // namespace bonsai
