#!/usr/bin/python3
"""Prints what was skipped and why, what failed, and last "N passed, N failed, N skipped", counted by test case.

Usage: count_tests.py DATA_FOLDER [NAME=passed|NAME=failed ...] BUILD_EVENTS.json ...

NAME=... is a check that ran outside Bazel. Reads the build event files that Bazel wrote, and the test.xml of each test that they name. A test without cases in its
XML (a script, a fuzz target) is one case. With the test data at hand a case that was skipped for want of data has
failed. Exit status 1 if anything failed or nothing ran.
"""
import json
import os
import sys
import urllib.parse
import xml.etree.ElementTree


def read_results(path):
    """Yields (label, status, path of test.xml or None) for the last attempt at each test of one run."""
    results = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            if "testResult" in event:
                label = event["id"]["testResult"]["label"]
                outputs = {o["name"]: o.get("uri", "") for o in event["testResult"].get("testActionOutput", [])}
                xml = urllib.parse.unquote(urllib.parse.urlparse(outputs.get("test.xml", "")).path) or None
                results.setdefault(label, []).append((event["testResult"]["status"], xml))
            elif event.get("completed", {}).get("success") is None and "targetCompleted" in event.get("id", {}):
                label = event["id"]["targetCompleted"]["label"]
                if "failureDetail" in event.get("completed", {}) and label not in results:
                    results.setdefault(label, []).append(("NOT BUILT", None))
    for label, attempts in results.items():
        for status, xml in attempts:
            yield label, status, xml


def cases_of(xml):
    """(name, 'passed' | 'failed' | 'skipped', reason) for each case in a test.xml."""
    try:
        root = xml and os.path.exists(xml) and xml_root(xml)
    except xml_error:
        root = None
    for case in root.iter("testcase") if root else ():
        name = "%s.%s" % (case.get("classname") or "", case.get("name") or "")
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            yield name, "failed", ""
        elif skipped is not None or case.get("result") == "skipped":
            yield name, "skipped", " ".join(((skipped.get("message") if skipped is not None else "") or "").split())
        elif case.get("status") != "notrun":
            yield name, "passed", ""


def xml_root(path):
    return xml.etree.ElementTree.parse(path).getroot()


xml_error = xml.etree.ElementTree.ParseError


def main(data_folder, event_files):
    passed, failed, skipped = 0, [], []
    for event_file in event_files:
        check, _, outcome = event_file.partition("=")
        if outcome in ("passed", "failed"):
            passed += outcome == "passed"
            failed += [check] if outcome == "failed" else []
            continue
        for label, status, xml_path in read_results(event_file):
            cases = list(cases_of(xml_path))
            bad = [c for c in cases if c[1] == "failed"]
            if status != "PASSED" and not bad:
                failed.append("%s: %s" % (label, status))
            failed += ["%s: %s" % (label, c[0]) for c in bad]
            for name, outcome, reason in cases:
                if outcome == "skipped":
                    skipped.append((label, name, reason))
                elif outcome == "passed":
                    passed += 1
            if status == "PASSED" and not cases:
                passed += 1
    for label, name, reason in skipped:
        print("skipped: %s %s: %s" % (label, name, reason or "no reason given"))
    if os.path.isdir(os.path.join(data_folder, "data")):
        wrongly = [s for s in skipped if "no data" in s[2]]
        failed += ["%s: %s skipped for want of data, which is at hand" % s[:2] for s in wrongly]
        skipped = [s for s in skipped if s not in wrongly]
    for line in failed:
        print("FAILED: " + line)
    print("%d passed, %d failed, %d skipped" % (passed, len(failed), len(skipped)))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
