// bonsai-run-submission: enters a model into a track.
#include "evaluator/submission_runner.h"

int main(int argc, char** argv) { return bonsai::RunnerMain(argc, argv, bonsai::RunSubmission); }
