#include "coordinator/scheduler/cordon_table.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

constexpr size_t kRecordsMax = 20000;
constexpr size_t kNameBytesMax = 256;
constexpr size_t kReasonBytesMax = 1024;

absl::Status Check(const v1::SetWorkerRequest& request) {
  if (request.worker_id().empty()) return absl::InvalidArgumentError("SetWorkerRequest.worker_id is empty");
  if (request.worker_id().size() > kNameBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "SetWorkerRequest.worker_id has ", request.worker_id().size(), " bytes; at most ", kNameBytesMax));
  }
  if (request.reason().size() > kReasonBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("SetWorkerRequest.reason has ", request.reason().size(),
                                                   " bytes; at most ", kReasonBytesMax));
  }
  switch (request.action()) {
    case v1::SetWorkerRequest::CORDON:
    case v1::SetWorkerRequest::DRAIN:
    case v1::SetWorkerRequest::UNCORDON:
      return absl::OkStatus();
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("SetWorkerRequest.action is ", request.action(), "; CORDON, DRAIN or UNCORDON"));
  }
}

}  // namespace

absl::StatusOr<v1::WorkerRecord> CordonTable::Set(const v1::SetWorkerRequest& request,
                                                  absl::string_view actor, absl::Time now) {
  if (absl::Status status = Check(request); !status.ok()) return status;
  auto it = records_.find(request.worker_id());
  v1::WorkerRecord record;
  record.set_id(request.worker_id());
  if (request.action() == v1::SetWorkerRequest::UNCORDON) {
    if (it == records_.end()) return record;
    records_.erase(it);
    changed_.push_back(record);
    return record;
  }
  if (it == records_.end() && records_.size() >= kRecordsMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("worker ", request.worker_id(), ": ", kRecordsMax, " workers are cordoned already"));
  }
  record.set_cordoned(true);
  record.set_drained(request.action() == v1::SetWorkerRequest::DRAIN);
  record.set_reason(request.reason());
  record.set_actor(std::string(actor));
  record.set_since_unix_ms(absl::ToUnixMillis(now));
  records_[record.id()] = record;
  changed_.push_back(record);
  return record;
}

const v1::WorkerRecord* CordonTable::Find(absl::string_view worker_id) const {
  auto it = records_.find(worker_id);
  return it == records_.end() ? nullptr : &it->second;
}

std::vector<v1::WorkerRecord> CordonTable::TakeChanged() { return std::exchange(changed_, {}); }

std::string DescribeCordon(const v1::WorkerRecord& record) {
  return absl::StrCat("is ", record.drained() ? "drained" : "cordoned", " by ", record.actor(),
                      record.reason().empty() ? "" : ": ", record.reason());
}

}  // namespace bonsai
