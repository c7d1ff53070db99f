#include "runner/event_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace bonsai {
namespace {

v1::RunnerEvent ProgressAt(uint64_t step) {
  v1::RunnerEvent event;
  event.mutable_progress()->set_step(step);
  event.mutable_progress()->set_unit("steps");
  return event;
}

v1::RunnerEvent FailureOf(size_t bytes) {
  v1::RunnerEvent event;
  event.mutable_failure()->set_message(std::string(bytes, 'x'));
  return event;
}

TEST(EventStreamTest, EventsComeOutAsTheyWentInHoweverTheBytesAreCut) {
  std::string bytes = EncodeEvent(ProgressAt(1)) + EncodeEvent(FailureOf(300)) +
                      EncodeEvent(FailureOf(20000)) + EncodeEvent({});
  for (size_t piece : {size_t{1}, size_t{3}, size_t{127}, bytes.size()}) {
    EventReader reader;
    std::vector<v1::RunnerEvent> events;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      auto some = reader.Feed(bytes.substr(at, piece));
      ASSERT_TRUE(some.ok()) << some.status();
      events.insert(events.end(), some->begin(), some->end());
    }
    ASSERT_EQ(events.size(), 4u) << piece;
    EXPECT_EQ(events[0].progress().step(), 1u);
    EXPECT_EQ(events[2].failure().message().size(), 20000u);
    EXPECT_TRUE(reader.AtBoundary());
  }
}

TEST(EventStreamTest, KnowsWhenAnEventIsCutShort) {
  EventReader reader;
  std::string bytes = EncodeEvent(ProgressAt(1));
  ASSERT_TRUE(reader.Feed(bytes.substr(0, bytes.size() - 1)).ok());
  EXPECT_FALSE(reader.AtBoundary());
}

TEST(EventStreamTest, AnEventBeyondTheBoundIsNeitherWrittenNorRead) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_NONBLOCK), 0);
  EventWriter writer(ends[1]);
  EXPECT_TRUE(absl::IsInvalidArgument(writer.Write(FailureOf(kEventBytesMax))));
  char byte;
  EXPECT_EQ(read(ends[0], &byte, 1), -1) << "part of it was written";
  close(ends[0]);
  close(ends[1]);
  EventReader reader;
  EXPECT_TRUE(absl::IsDataLoss(reader.Feed(EncodeEvent(FailureOf(kEventBytesMax))).status()));
}

TEST(EventStreamTest, BytesThatAreNoEventsEndTheStreamForGood) {
  EventReader reader;
  ASSERT_TRUE(reader.Feed(EncodeEvent(ProgressAt(1))).ok());
  EXPECT_TRUE(absl::IsDataLoss(reader.Feed("\x02\xff\xff").status()));
  EXPECT_TRUE(absl::IsDataLoss(reader.Feed(EncodeEvent(ProgressAt(2))).status()));
}

TEST(EventStreamTest, AWriterWithoutReaderGetsAnError) {
  signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EventWriter writer(ends[1]);
  EXPECT_FALSE(writer.Write(ProgressAt(1)).ok());
  close(ends[1]);
}

}  // namespace
}  // namespace bonsai
