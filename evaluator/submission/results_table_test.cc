#include "evaluator/submission/results_table.h"

#include <sstream>

#include "google/protobuf/util/delimited_message_util.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

TEST(ResultsTable, HasTheTracksColumnsAndEmptyCellsForWhatWasNotMeasured) {
  v1::Track track;
  v1::Track::Task* task = track.add_tasks();
  task->set_name("GSM8K");
  task->set_metric("gsm8k/acc");
  task = track.add_tasks();
  task->set_name("Throughput");
  task->set_metric("benchmark/host/prefill_tokens_per_second");
  for (const char* column : {"GSM8K", "Throughput", "Memory-Usage"}) track.add_results_columns(column);
  v1::LeaderboardRow row;
  v1::MetricResult* metric = row.add_suites()->add_metrics();
  row.mutable_suites(0)->set_suite("gsm8k");
  metric->set_name("acc");
  metric->set_value(0.25);
  v1::BenchmarkReport* emulated = row.add_benchmarks();
  emulated->set_target("host");
  emulated->set_emulated(true);
  emulated->set_peak_memory_bytes(99);
  emulated->mutable_prefill_tokens_per_second()->set_mean(7);
  v1::BenchmarkReport* board = row.add_benchmarks();
  board->set_target("duo-64m");
  board->set_peak_memory_bytes(50331648);
  const ResultsTable table = MakeResultsTable(track, row);
  EXPECT_EQ(table.csv, "GSM8K,Throughput,Memory-Usage\n0.25,,50331648\n");
  EXPECT_EQ(table.not_measured, std::vector<std::string>{"Throughput"});
}

TEST(ResultsTable, APredictionIsTheChoicesNumberOrTheText) {
  std::ostringstream items;
  v1::ItemResult item;
  item.set_id("0");
  for (double score : {-3.0, -1.0, -1.0}) item.add_loglikelihoods(score);
  item.set_response("ignored");
  google::protobuf::util::SerializeDelimitedToOstream(item, &items);
  item.Clear();
  item.set_id("a,b");
  item.set_response("two \"lines\"\nof text");
  google::protobuf::util::SerializeDelimitedToOstream(item, &items);
  const absl::StatusOr<std::string> table = MakePredictionsTable(items.str());
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(*table, "id,prediction,dummy_field\n0,1,0\n\"a,b\",\"two \"\"lines\"\"\nof text\",0\n");
  EXPECT_EQ(*MakePredictionsTable(""), "id,prediction,dummy_field\n");
  EXPECT_EQ(MakePredictionsTable(items.str().substr(0, items.str().size() - 1)).status().code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace bonsai
