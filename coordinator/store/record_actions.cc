#include "coordinator/store/record_actions.h"

#include <utility>

namespace bonsai {
namespace {

bool Take(PutPipeline& put, RecordBatch& batch) {
  batch.pipelines.push_back(std::move(put.record));
  return true;
}

bool Take(PutJob& put, RecordBatch& batch) {
  batch.jobs.push_back(std::move(put.record));
  return true;
}

bool Take(PutArtifact& put, RecordBatch& batch) {
  batch.artifacts.push_back(std::move(put.record));
  return true;
}

bool Take(PutCounters& put, RecordBatch& batch) {
  batch.counters = put.counters;
  return true;
}

bool Take(AppendHistory& append, RecordBatch& batch) {
  batch.history.push_back(std::move(append.entry));
  return true;
}

bool Take(PutWorker& put, RecordBatch& batch) {
  if (put.record.cordoned() || put.record.drained()) {
    batch.workers.push_back(std::move(put.record));
  } else {
    batch.DropWorker(put.record.id());
  }
  return true;
}

bool Take(PutSchedule& put, RecordBatch& batch) {
  batch.schedules.push_back(std::move(put.record));
  return true;
}

bool Take(DropSchedule& drop, RecordBatch& batch) {
  batch.DropSchedule(drop.name);
  return true;
}

// Named one by one, so that a new kind of action does not pass for a reply.
bool Take(ReplySubmitted&, RecordBatch&) { return false; }
bool Take(ReplyCancelled&, RecordBatch&) { return false; }
bool Take(ReplySynchronized&, RecordBatch&) { return false; }
bool Take(ReplyPaused&, RecordBatch&) { return false; }
bool Take(ReplyRetried&, RecordBatch&) { return false; }
bool Take(ReplyWorkerSet&, RecordBatch&) { return false; }
bool Take(ReplyScheduled&, RecordBatch&) { return false; }
bool Take(ReplyScheduleDeleted&, RecordBatch&) { return false; }
bool Take(ReplyArtifactImported&, RecordBatch&) { return false; }
bool Take(Reject&, RecordBatch&) { return false; }

}  // namespace

bool TakeRecord(Action& action, RecordBatch& batch) {
  return std::visit([&](auto& one) { return Take(one, batch); }, action);
}

}  // namespace bonsai
