// The verbs that steer and explain, from the command line to a service and back: what is asked, what is
// printed, and with which code it exits.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>

#include "bonsai/v1/coordinator.grpc.pb.h"
#include "client/command_line.h"
#include "client/control_verbs.h"

namespace bonsai {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Writes down what it is asked, and answers what it was told to.
class FakeControl final : public v1::Coordinator::Service {
 public:
  FakeControl() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    address = "127.0.0.1:" + std::to_string(port);
  }
  ~FakeControl() override { server_->Shutdown(); }

  std::string address;
  std::string asked;  // the last request, in text format
  grpc::Status refuse;
  v1::PauseResponse pause;
  v1::RetryResponse retry;
  v1::ExplainJobResponse explain;
  std::vector<v1::HistoryEntry> history;  // two to a page
  v1::SetWorkerResponse set_worker;
  v1::PutScheduleRequest put_schedule;
  v1::ListSchedulesResponse schedules;
  v1::GetUsageResponse usage;

 private:
  template <typename Request, typename Response>
  grpc::Status Answer(const Request& request, const Response& answer, Response* response) {
    asked = request.ShortDebugString();
    *response = answer;
    return refuse;
  }

  grpc::Status Pause(grpc::ServerContext*, const v1::PauseRequest* request,
                     v1::PauseResponse* response) override {
    return Answer(*request, pause, response);
  }
  grpc::Status Retry(grpc::ServerContext*, const v1::RetryRequest* request,
                     v1::RetryResponse* response) override {
    return Answer(*request, retry, response);
  }
  grpc::Status ExplainJob(grpc::ServerContext*, const v1::ExplainJobRequest* request,
                          v1::ExplainJobResponse* response) override {
    return Answer(*request, explain, response);
  }
  grpc::Status GetHistory(grpc::ServerContext*, const v1::GetHistoryRequest* request,
                          v1::GetHistoryResponse* response) override {
    for (const v1::HistoryEntry& entry : history) {
      if (entry.number() > request->after() && response->entries_size() < 2) *response->add_entries() = entry;
    }
    return refuse;
  }
  grpc::Status SetWorker(grpc::ServerContext*, const v1::SetWorkerRequest* request,
                         v1::SetWorkerResponse* response) override {
    return Answer(*request, set_worker, response);
  }
  grpc::Status PutSchedule(grpc::ServerContext*, const v1::PutScheduleRequest* request,
                           v1::PutScheduleResponse* response) override {
    put_schedule = *request;
    *response->mutable_schedule() = request->schedule();
    return refuse;
  }
  grpc::Status DeleteSchedule(grpc::ServerContext*, const v1::DeleteScheduleRequest* request,
                              v1::DeleteScheduleResponse* response) override {
    return Answer(*request, v1::DeleteScheduleResponse(), response);
  }
  grpc::Status ListSchedules(grpc::ServerContext*, const v1::ListSchedulesRequest* request,
                             v1::ListSchedulesResponse* response) override {
    return Answer(*request, schedules, response);
  }
  grpc::Status GetUsage(grpc::ServerContext*, const v1::GetUsageRequest* request,
                        v1::GetUsageResponse* response) override {
    return Answer(*request, usage, response);
  }

  std::unique_ptr<grpc::Server> server_;
};

class ControlCommandsTest : public testing::Test {
 protected:
  int Bonsai(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--coordinator", fake_.address});
    std::ostringstream out, err;
    Session session{out, err, screen_};
    const int code = RunCommandLine(arguments, session);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  FakeControl fake_;
  Screen screen_;
  std::string out_, err_;
};

TEST_F(ControlCommandsTest, PausesResumesAndRetries) {
  fake_.pause.add_job_ids("p1/a");
  fake_.pause.add_job_ids("p1/b");
  ASSERT_EQ(Bonsai({"pause", "p1"}), kExitOk) << err_;
  EXPECT_EQ(out_, "paused p1/a, p1/b\n");
  EXPECT_EQ(fake_.asked, "pipeline_id: \"p1\"");
  ASSERT_EQ(Bonsai({"resume", "p1"}), kExitOk) << err_;
  EXPECT_EQ(out_, "resumed p1/a, p1/b\n");
  EXPECT_EQ(fake_.asked, "pipeline_id: \"p1\" resume: true");
  ASSERT_EQ(Bonsai({"retry", "p1/a"}), kExitOk) << err_;
  EXPECT_EQ(out_, "no job of p1/a failed or was cancelled\n");
  fake_.retry.add_job_ids("p1/a");
  ASSERT_EQ(Bonsai({"retry", "p1/a", "--json"}), kExitOk) << err_;
  EXPECT_EQ(out_, "{\"jobIds\":[\"p1/a\"]}\n");
}

TEST_F(ControlCommandsTest, SaysWhyAJobIsAsItIs) {
  fake_.explain.set_state(v1::READY);
  fake_.explain.set_reason("waits for 2 cpus");
  ASSERT_EQ(Bonsai({"why", "p1/a"}), kExitOk) << err_;
  EXPECT_EQ(out_, "p1/a is ready: waits for 2 cpus\n");
  fake_.refuse = grpc::Status(grpc::StatusCode::NOT_FOUND, "there is no job \"p1/z\"");
  EXPECT_EQ(Bonsai({"why", "p1/z"}), kExitRefused);
  EXPECT_EQ(err_, "bonsai: there is no job \"p1/z\"\n");
  EXPECT_EQ(Bonsai({"why"}), kExitUsage);
}

TEST_F(ControlCommandsTest, PrintsAHistoryOfSeveralPages) {
  for (uint64_t number = 1; number <= 5; ++number) {
    fake_.history.emplace_back().set_number(number);
    fake_.history.back().set_what("thing " + std::to_string(number));
  }
  ASSERT_EQ(Bonsai({"history", "p1/a"}), kExitOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("thing 1\n"), HasSubstr("thing 5\n")));
}

TEST_F(ControlCommandsTest, CordonsDrainsAndTakesBackAWorker) {
  fake_.set_worker.mutable_worker()->set_id("w1");
  fake_.set_worker.mutable_worker()->set_cordoned(true);
  ASSERT_EQ(Bonsai({"cordon", "w1", "--reason", "new disk"}), kExitOk) << err_;
  EXPECT_EQ(fake_.asked, "worker_id: \"w1\" action: CORDON reason: \"new disk\"");
  EXPECT_EQ(out_, "w1 is cordoned: nothing new starts there\n");
  fake_.set_worker.mutable_worker()->set_drained(true);
  fake_.set_worker.mutable_worker()->set_reason("new disk");
  ASSERT_EQ(Bonsai({"drain", "w1"}), kExitOk) << err_;
  EXPECT_THAT(fake_.asked, HasSubstr("action: DRAIN"));
  EXPECT_THAT(out_, HasSubstr("w1 is drained (new disk)"));
  fake_.set_worker.mutable_worker()->Clear();
  fake_.set_worker.mutable_worker()->set_id("w1");
  ASSERT_EQ(Bonsai({"uncordon", "w1"}), kExitOk) << err_;
  EXPECT_EQ(out_, "w1 takes jobs again\n");
  EXPECT_EQ(Bonsai({"uncordon", "w1", "--reason", "x"}), kExitUsage);
}

TEST_F(ControlCommandsTest, AddsListsAndRemovesSchedules) {
  const std::string file = testing::TempDir() + "/night_run.textproto";
  std::ofstream(file) << "jobs { name: \"a\" data { sources { paths: \"${d}\" } } }";
  ASSERT_EQ(Bonsai({"schedule", "add", file, "--cron", "30 2 * * *", "--set", "d=/data", "--catch-up", "all",
                    "--overlap"}),
            kExitOk)
      << err_;
  const v1::ScheduleRecord& schedule = fake_.put_schedule.schedule();
  EXPECT_EQ(schedule.name(), "night_run");
  EXPECT_EQ(schedule.cron(), "30 2 * * *");
  EXPECT_EQ(schedule.catch_up(), v1::ScheduleRecord::ALL);
  EXPECT_TRUE(schedule.overlap());
  EXPECT_EQ(schedule.pipeline().jobs(0).data().sources(0).paths(0), "/data");
  EXPECT_THAT(out_, HasSubstr("night_run is submitted next"));
  EXPECT_EQ(Bonsai({"schedule", "add", file}), kExitUsage);
  EXPECT_EQ(Bonsai({"schedule", "add", file, "--cron", "* * * * *", "--catch-up", "some"}), kExitUsage);
  *fake_.schedules.add_schedules() = schedule;
  ASSERT_EQ(Bonsai({"schedule", "list"}), kExitOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("night_run"), HasSubstr("all, overlap")));
  const std::string listed = out_;
  ASSERT_EQ(Bonsai({"schedule"}), kExitOk) << err_;
  EXPECT_EQ(out_, listed);
  ASSERT_EQ(Bonsai({"schedule", "remove", "night_run"}), kExitOk) << err_;
  EXPECT_EQ(fake_.asked, "name: \"night_run\"");
}

TEST_F(ControlCommandsTest, TellsUsageAndThatThereIsNoSimulator) {
  fake_.usage.add_tenants()->set_tenant("red");
  ASSERT_EQ(Bonsai({"usage"}), kExitOk) << err_;
  EXPECT_THAT(out_, HasSubstr("red"));
  // Tests are not installed: no sibling lies beside this program.
  EXPECT_EQ(Bonsai({"simulate", "cluster.textproto"}), kExitRefused);
  EXPECT_THAT(err_, HasSubstr("bonsai-simulate"));
}

TEST_F(ControlCommandsTest, EstimateReadsThePipelineAndItsOptionsBeforeItLooksForTheProgram) {
  const std::string file = testing::TempDir() + "/estimate.textproto";
  std::ofstream(file) << "jobs { name: '${name}' }";
  EXPECT_EQ(Bonsai({"estimate", file}), kExitRefused);
  EXPECT_THAT(err_, HasSubstr("name"));
  EXPECT_EQ(Bonsai({"estimate", file, "--set", "name=a"}), kExitRefused);
  EXPECT_THAT(err_, HasSubstr("bonsai-estimate"));
  EXPECT_EQ(Bonsai({"estimate", file, "--flops", "-1"}), kExitUsage);
  EXPECT_EQ(Bonsai({"estimate", file, "--flops", "1e12", "--tokens-per-second", "5"}), kExitUsage);
  EXPECT_EQ(Bonsai({"estimate", file, "--vocab-size", "1"}), kExitUsage);
}

TEST_F(ControlCommandsTest, EveryVerbHasHelpAndIsCompleted) {
  ASSERT_EQ(Bonsai({"completion", "bash"}), kExitOk);
  const std::string script = out_;
  for (const char* verb : {"why", "history", "pause", "resume", "retry", "cordon", "drain", "uncordon",
                           "schedule", "usage", "simulate", "estimate"}) {
    EXPECT_THAT(script, HasSubstr(std::string("'") + verb + "')")) << verb;
    EXPECT_EQ(Bonsai({verb, "--help"}), kExitOk) << verb;
    EXPECT_THAT(out_, HasSubstr("Usage:")) << verb;
  }
  EXPECT_THAT(script, HasSubstr("'schedule add')"));
}

TEST(ScheduleNameTest, IsThePipelinesOrTheFiles) {
  EXPECT_EQ(ScheduleName("Nightly Run", "x.textproto"), "nightly-run");
  EXPECT_EQ(ScheduleName("", "deploy/nightly.v2.textproto"), "nightly");
  EXPECT_EQ(ScheduleName("", "-"), "");
}

}  // namespace
}  // namespace bonsai
