// bonsai-run-export: a model in the forms that other programs load.
#include "worker/surgery/export_runner.h"

int main(int argc, char** argv) { return bonsai::RunnerMain(argc, argv, bonsai::RunExport); }
