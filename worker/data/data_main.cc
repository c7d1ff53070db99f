// bonsai-run-data: see runner/runner.h and worker/data/data_runner.h.
#include "runner/runner.h"
#include "worker/data/data_runner.h"

int main(int argc, char** argv) { return bonsai::RunnerMain(argc, argv, bonsai::RunData); }
