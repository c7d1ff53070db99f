// One contract for every transport.
#include "edge_runtime/farm/device_transport.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "edge_runtime/farm/fake_device_transport.h"
#include "edge_runtime/farm/process_transport.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

constexpr char kScript[] = "#!/bin/sh\necho \"out $1\"\necho err >&2\nexit $2\n";

std::string NewFolder(const std::string& name) {
  const std::string folder = testing::TempDir() + "/" + name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

std::string WriteScript(const std::string& text) {
  const std::string path = testing::TempDir() + "/script_to_push";
  std::ofstream(path) << text;
  return path;
}

struct TransportCase {
  std::string name;
  std::function<std::unique_ptr<DeviceTransport>()> make;
};

class DeviceTransportContract : public testing::TestWithParam<TransportCase> {
 protected:
  // Skips the test where the kernel does not let a process leave the network.
  bool CanRun(const absl::Status& status) { return status.code() != absl::StatusCode::kFailedPrecondition; }
};

TEST_P(DeviceTransportContract, RunsWhatWasPushedAndGivesItsOutputAndExitCode) {
  auto transport = GetParam().make();
  auto path = transport->Push(WriteScript(kScript), "script");
  ASSERT_TRUE(path.ok()) << path.status();
  auto output = transport->Run({*path, "hello", "3"}, absl::Minutes(1));
  if (!CanRun(output.status())) GTEST_SKIP() << "skipped: " << output.status().message();
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(output->exit_code, 3);
  EXPECT_EQ(output->stdout_text, "out hello\n");
  EXPECT_EQ(output->stderr_text, "err\n");
}

TEST_P(DeviceTransportContract, ARemovedFileIsNotFound) {
  auto transport = GetParam().make();
  auto path = transport->Push(WriteScript(kScript), "script");
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_TRUE(transport->Remove("script").ok());
  EXPECT_EQ(transport->Remove("script").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(transport->Run({*path, "x", "0"}, absl::Minutes(1)).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(DeviceTransportContract, RefusesBadNamesAndMissingFiles) {
  auto transport = GetParam().make();
  for (const char* name : {"", ".", "..", "a/b", "../a"}) {
    EXPECT_EQ(transport->Push(WriteScript(kScript), name).status().code(), absl::StatusCode::kInvalidArgument)
        << name;
  }
  EXPECT_EQ(transport->Push("/no/such/file", "script").status().code(), absl::StatusCode::kNotFound);
}

// The scripted device answers as the script would.
std::unique_ptr<DeviceTransport> MakeFake() {
  auto fake = std::make_unique<FakeDeviceTransport>();
  fake->SetCommand("script", [](const std::vector<std::string>& arguments) {
    return DeviceOutput{std::stoi(arguments[1]), "out " + arguments[0] + "\n", "err\n"};
  });
  return fake;
}

std::unique_ptr<DeviceTransport> MakeLocal() {
  return MakeProcessTransport(NewFolder("local"), {}, [] { return false; });
}

// An emulator is a program in front of the command; a shell is one for scripts.
std::unique_ptr<DeviceTransport> MakeUnderEmulator() {
  return MakeProcessTransport(NewFolder("emulated"), {"/bin/sh"}, [] { return false; });
}

INSTANTIATE_TEST_SUITE_P(Transports, DeviceTransportContract,
                         testing::Values(TransportCase{"fake", MakeFake}, TransportCase{"local", MakeLocal},
                                         TransportCase{"emulator", MakeUnderEmulator}),
                         [](const auto& info) { return info.param.name; });

TEST(ProcessTransport, KillsWhatTakesTooLong) {
  auto transport = MakeLocal();
  auto path = transport->Push(WriteScript("#!/bin/sh\nsleep 1000\n"), "slow");
  const absl::Status status = transport->Run({*path}, absl::Milliseconds(200)).status();
  if (absl::IsFailedPrecondition(status)) GTEST_SKIP() << "skipped: " << status.message();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(ProcessTransport, AMissingEmulatorIsNamedWithItsPackage) {
  auto transport =
      MakeProcessTransport(NewFolder("missing"), {"/usr/bin/qemu-of-no-machine"}, [] { return false; });
  auto path = transport->Push(WriteScript(kScript), "script");
  const absl::Status status = transport->Run({*path}, absl::Minutes(1)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(OpenDeviceTransport, ChoosesByDeviceAndMachine) {
  v1::Device device;
  device.set_id("board");
  device.set_transport("qemu-user");
  const auto never = [] { return false; };
  EXPECT_TRUE(OpenDeviceTransport(device, "/tmp", EM_RISCV, never).ok());
  EXPECT_THAT(std::string(OpenDeviceTransport(device, "/tmp", 40, never).status().message()),
              HasSubstr("no emulator for machine 40"));
  device.set_transport("local");
  EXPECT_THAT(std::string(OpenDeviceTransport(device, "/tmp", 40, never).status().message()),
              HasSubstr("the bundle is for machine 40"));
  device.set_transport("pigeon");
  EXPECT_THAT(std::string(OpenDeviceTransport(device, "/tmp", EM_RISCV, never).status().message()),
              HasSubstr("transport \"pigeon\"; known are"));
}

}  // namespace
}  // namespace bonsai
