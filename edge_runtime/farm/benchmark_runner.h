// kind benchmark: runs a bundle on a device of its target, without network, and reports what it measured and
// what it could not: report.binpb and report.json (v1.BenchmarkReport).
//
// Run by bonsai-run-benchmark.
#ifndef BONSAI_EDGE_RUNTIME_FARM_BENCHMARK_RUNNER_H_
#define BONSAI_EDGE_RUNTIME_FARM_BENCHMARK_RUNNER_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "edge_runtime/farm/device_transport.h"
#include "runner/runner.h"

namespace bonsai {

// Speed and memory under an emulator are the emulator's: they are not reported. Output that differs from the
// reference is a result, in the report, and no error. Errors: InvalidArgument (the spec), FailedPrecondition
// (no device; a bundle for another target; no way to take the network away; the program fails on the device),
// DataLoss (a broken bundle or output), DeadlineExceeded.
absl::Status RunBenchmark(RunnerContext& context);

// The same over another way to the device; `machine` is the bundle's.
using OpenTransport = std::function<absl::StatusOr<std::unique_ptr<DeviceTransport>>(uint16_t machine)>;
absl::Status RunBenchmarkOver(RunnerContext& context, const OpenTransport& open);

}  // namespace bonsai

#endif  // BONSAI_EDGE_RUNTIME_FARM_BENCHMARK_RUNNER_H_
