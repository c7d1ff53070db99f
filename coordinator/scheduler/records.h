// What is durable about the coordinator: what a RecordStore loads, and what a Scheduler starts from.
//
// Values.
#ifndef BONSAI_COORDINATOR_SCHEDULER_RECORDS_H_
#define BONSAI_COORDINATOR_SCHEDULER_RECORDS_H_

#include <cstdint>
#include <map>
#include <string>

#include "bonsai/v1/job.pb.h"

namespace bonsai {

// Numbers that must never be handed out twice.
struct Counters {
  uint64_t next_pipeline = 1;
  uint64_t next_job_sequence = 1;
  uint64_t next_artifact_sequence = 1;

  bool operator==(const Counters&) const = default;
};

// What a store holds.
struct Records {
  Counters counters;
  std::map<std::string, v1::PipelineRecord> pipelines;  // by id; a record holds its request id
  std::map<std::string, v1::JobRecord> jobs;            // by id
  std::map<std::string, v1::ArtifactRecord> artifacts;  // by id
  std::map<std::string, v1::WorkerRecord> workers;      // by id; those that are cordoned
  std::map<std::string, v1::ScheduleRecord> schedules;  // by name
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_RECORDS_H_
