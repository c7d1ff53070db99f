#include "runner/runner.h"
#include "worker/train/pretrain.h"

int main(int argc, char** argv) { return bonsai::RunnerMain(argc, argv, bonsai::RunPretrain); }
