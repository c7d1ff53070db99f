// bonsai-run-tokenizer: see runner/runner.h and worker/data/tokenizer_runner.h.
#include "runner/runner.h"
#include "worker/data/tokenizer_runner.h"

int main(int argc, char** argv) { return bonsai::RunnerMain(argc, argv, bonsai::RunTokenizer); }
