"""bonsai_fuzz_test: a test that feeds a parser hostile bytes."""

def bonsai_fuzz_test(name, srcs, deps, corpus = []):
    """A fuzz target, run as a test.

    Without further flags the small driver in this folder runs it for BONSAI_FUZZ_SECONDS (2): the corpus, then mutations
    of it from a fixed seed. With --config=fuzz (clang) libFuzzer runs it, guided by coverage, under ASan and UBSan;
    --test_arg=-max_total_time=N says for how many seconds.

    Args:
      name: of the test.
      srcs: the file that defines LLVMFuzzerTestOneInput.
      deps: what it calls.
      corpus: seed files.
    """
    seeds = ["$(rootpath %s)" % f for f in corpus]
    native.cc_test(
        name = name,
        srcs = srcs,
        args = select({
            # --test_arg=-max_total_time=N comes after these and wins.
            "//bazel:libfuzzer": ["-max_total_time=60", "-timeout=10", "-rss_limit_mb=2048"] +
                                 (["-seed_inputs=" + ",".join(seeds)] if seeds else []),
            "//conditions:default": seeds,
        }),
        data = corpus,
        linkopts = select({
            "//bazel:libfuzzer": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        tags = ["fuzz"],
        deps = deps + select({
            "//bazel:libfuzzer": [],
            "//conditions:default": ["//bazel:fuzz_driver"],
        }),
    )
