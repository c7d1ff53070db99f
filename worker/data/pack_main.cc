// bonsai-run-pack: see runner/runner.h and worker/data/pack_runner.h.
#include "runner/runner.h"
#include "worker/data/pack_runner.h"

int main(int argc, char** argv) { return bonsai::RunnerMain(argc, argv, bonsai::RunPack); }
