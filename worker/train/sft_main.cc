#include "runner/runner.h"
#include "worker/train/sft.h"

int main(int argc, char** argv) { return bonsai::RunnerMain(argc, argv, bonsai::RunSft); }
