#!/usr/bin/python3
"""clang-tidy with .clang-tidy's checks over our C++ files, with the flags that Bazel compiles them with.

Usage: tests/style/tidy.py [FOLDER ...]      (default: every folder; a folder is a path below the repository's root)

Exit status 1 on any finding.
"""
import concurrent.futures
import json
import os
import subprocess
import sys

# What only gcc knows.
GCC_ONLY = ("-fno-canonical-system-headers", "-Wunused-but-set-parameter", "-Wno-free-nonheap-object", "-Wno-tsan",
            "-Wno-maybe-uninitialized")


def compile_commands(folders):
    """{source: flags} of the C++ files of this repository below the folders."""
    scope = " + ".join("//%s/..." % folder for folder in folders)
    subprocess.run(["bazel", "build", "--noshow_progress", *("//%s/..." % folder for folder in folders)], check=True)
    actions = json.loads(subprocess.run(
        ["bazel", "aquery", "--output=jsonproto", "--noshow_progress", 'mnemonic("CppCompile", %s)' % scope],
        check=True, capture_output=True, text=True).stdout).get("actions", [])
    commands = {}
    for action in actions:
        arguments = action["arguments"]
        source = arguments[arguments.index("-c") + 1]
        if os.path.exists(source) and not source.startswith("bazel-out/") and "cross" not in arguments[0]:
            flags = [a for a in arguments[1:] if a not in GCC_ONLY]
            at = flags.index("-c")
            commands.setdefault(source, flags[:at])
    return commands


def tidy(item):
    source, flags = item
    done = subprocess.run(["clang-tidy", "--quiet", source, "--", *flags, "-Wno-unknown-warning-option"],
                          capture_output=True, text=True)
    return source, done.returncode, done.stdout


def main(folders):
    os.chdir(subprocess.run(["git", "rev-parse", "--show-toplevel"], check=True, capture_output=True,
                            text=True).stdout.strip())
    folders = folders or ["client", "coordinator", "edge_runtime", "evaluator", "runner", "storage", "worker", "tests"]
    commands = compile_commands(folders)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for source, code, output in pool.map(tidy, sorted(commands.items())):
            if code != 0:
                failed += 1
                print(output, end="")
    print("tidy: %d files, %d with findings" % (len(commands), failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
