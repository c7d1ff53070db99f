// bonsai-run-evaluate: scores a model.
#include "evaluator/evaluate_runner.h"

int main(int argc, char** argv) { return bonsai::RunnerMain(argc, argv, bonsai::RunEvaluate); }
