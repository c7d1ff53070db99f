#!/usr/bin/python3
"""The rules of the house that a machine can check, over every file that git tracks.

Usage: check_style.py [--fix]     (--fix lets clang-format rewrite)

Prints one line a finding, and at last how many checks passed. Exit status 1 on any finding.
"""
import collections
import os
import re
import subprocess
import sys

CPP = (".cc", ".h", ".cu")
BANNED_NAME = re.compile(r"(?:^|[_-])(manager|helper|util|handler|common|misc)s?(?:[_.-]|$)", re.IGNORECASE)
BANNED_FOLDERS = {"common", "util", "base", "misc", "helpers"}
FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 70
# Longer today than the rule allows: a file or function may only shrink. Raise nothing here.
LONGER_FILES = {}
MACHINE_PATHS = re.compile(r"(?<![\w./-])/(work/(main|shared)|root/|farm/|tmp/bz)")
LOOSE_ENDS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def tracked_files():
    out = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True).stdout
    return [name for name in out.decode().split("\0") if name and os.path.isfile(name)]


def long_functions(text):
    """(line, length) of each C++ function definition longer than the limit, by brace matching at namespace level."""
    lines = text.split("\n")
    found, start, depth = [], None, 0
    for number, line in enumerate(lines, 1):
        # Google style: a definition's signature starts in column 0 (or 2 in a class) and its brace closes there.
        if start is None and re.match(r"^(  )?\S.*\{\s*$", line) and not re.match(
                r"^\s*(namespace|class|struct|enum|union|extern|const|constexpr|static const|//|\}|#|public|private)", line):
            indent = len(line) - len(line.lstrip())
            start, depth = number, indent
        elif start is not None and re.match(r"^%s\}" % (" " * depth), line):
            if number - start + 1 > FUNCTION_LINES_MAX:
                found.append((start, number - start + 1))
            start = None
    return found


def check_text(name, text, report):
    if MACHINE_PATHS.search(text):
        report("no machine paths", name, MACHINE_PATHS.search(text).group(0))
    loose = LOOSE_ENDS.search(text)
    if loose:
        report("no loose ends", name, loose.group(0))
    if text and not text.endswith("\n"):
        report("files end with a newline", name, "")


def check_cpp(name, text, report):
    lines = text.count("\n")
    if lines > LONGER_FILES.get(name, FILE_LINES_MAX) and not name.endswith("_test.cc"):
        report("files stay under %d lines" % FILE_LINES_MAX, name, "%d lines" % lines)
    for line, length in long_functions(text):
        if not name.endswith("_test.cc"):
            report("functions stay under %d lines" % FUNCTION_LINES_MAX, "%s:%d" % (name, line), "%d lines" % length)
    if name.endswith(".h"):
        guard = "BONSAI_" + re.sub(r"[^A-Za-z0-9]", "_", name).upper() + "_"
        if "#ifndef " + guard not in text:
            report("headers are guarded by their path", name, guard)
        if not text.startswith("//"):
            report("headers open with what they are", name, "")
    for include in re.findall(r'#include [<"](torch/|ATen/|c10/)', text):
        if not name.startswith("worker/train/"):
            report("libtorch stays in worker/train", name, include)


def check_format(names, report, fix):
    command = ["clang-format", "-i"] if fix else ["clang-format", "--dry-run", "--Werror"]
    for start in range(0, len(names), 40):
        result = subprocess.run(command + names[start:start + 40], capture_output=True, text=True)
        for path in sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", result.stderr, re.MULTILINE))):
            report("clang-format", path, "run tests/style/check_style.py --fix")


def main(fix):
    os.chdir(subprocess.run(["git", "rev-parse", "--show-toplevel"], check=True, capture_output=True,
                            text=True).stdout.strip())
    findings = collections.defaultdict(list)

    def report(rule, place, detail):
        findings[rule].append("%s %s" % (place, detail))

    names = tracked_files()
    for name in names:
        folders = name.split("/")[:-1]
        if BANNED_FOLDERS.intersection(folders):
            report("no folder is called common, util, base", name, "")
        if BANNED_NAME.search(os.path.basename(name)):
            report("files are named for what they are", name, "")
        with open(name, "rb") as file:
            data = file.read()
        if b"\0" in data:
            report("no binaries", name, "")
            continue
        text = data.decode("utf-8")
        if name != "tests/style/check_style.py":
            check_text(name, text, report)
        if name.endswith(CPP):
            check_cpp(name, text, report)
    check_format([n for n in names if n.endswith(CPP)], report, fix)
    for rule, places in sorted(findings.items()):
        for place in places:
            print("style: %s: %s" % (rule, place))
    print("style: %d files, %d findings" % (len(names), sum(map(len, findings.values()))))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main("--fix" in sys.argv[1:]))
