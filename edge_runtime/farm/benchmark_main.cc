// bonsai-run-benchmark: see runner/runner.h and edge_runtime/farm/benchmark_runner.h.
#include "edge_runtime/farm/benchmark_runner.h"
#include "runner/runner.h"

int main(int argc, char** argv) { return bonsai::RunnerMain(argc, argv, bonsai::RunBenchmark); }
