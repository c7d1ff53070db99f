#include "coordinator/scheduler/job_kinds.h"

#include <gtest/gtest.h>

namespace bonsai {
namespace {

TEST(JobKindsTest, EveryKindOfTheProtoHasAnOutputKind) {
  const auto* oneof = v1::JobSpec::descriptor()->FindOneofByName("spec");
  ASSERT_NE(oneof, nullptr);
  for (int i = 0; i < oneof->field_count(); ++i) {
    const auto* field = oneof->field(i);
    v1::JobSpec spec;
    spec.GetReflection()->MutableMessage(&spec, field);
    EXPECT_EQ(JobKind(spec), field->name());
    EXPECT_NE(OutputKind(field->name()), "") << field->name() << " needs a row in kOutputKinds";
  }
}

TEST(JobKindsTest, AnUnknownKindGivesNothing) {
  EXPECT_EQ(JobKind(v1::JobSpec()), "");
  EXPECT_EQ(OutputKind("distil"), "");
  v1::JobSpec data;
  data.mutable_data()->add_sources()->set_format(v1::DataSpec::C4_JSON_GZ);
  EXPECT_EQ(OutputKind(data), "corpus");
  data.mutable_data()->mutable_sources(0)->set_format(v1::DataSpec::SEALED);
  EXPECT_EQ(OutputKind(data), "holdout");
  EXPECT_EQ(OutputKind(""), "");
}

TEST(JobKindsTest, OnlyABenchmarkNeedsADevice) {
  v1::JobSpec spec;
  spec.mutable_build()->set_target("duo-64m");
  EXPECT_EQ(DeviceTarget(spec), "");
  spec.mutable_benchmark()->set_target("duo-64m");
  EXPECT_EQ(DeviceTarget(spec), "duo-64m");
}

}  // namespace
}  // namespace bonsai
