#!/usr/bin/python3
"""A full disk: the job fails with one clear error, nothing half-written stays, and it goes on once there is room."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import cluster

HERE = pathlib.Path(__file__).resolve().parent


class FullDiskTest(unittest.TestCase):

    def test_says_so_and_goes_on_when_there_is_room(self):
        if not os.environ.get("BONSAI_SMALL_DISK"):
            self.skipTest("a small file system cannot be mounted here (no user namespaces)")
        disk = pathlib.Path(os.environ["BONSAI_SMALL_DISK"])
        with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as stories:
            cluster.generate_stories(stories)
            here = cluster.Cluster()
            storage = here.folder / "cluster" / "storage"
            storage.parent.mkdir()
            storage.symlink_to(disk / "storage")
            self.fill_and_recover(here, storage, disk, stories)

    def fill_and_recover(self, here, storage, disk, stories):
        with here:
            ballast = disk / "ballast"
            with open(ballast, "wb") as file:
                try:
                    while True:
                        file.write(b"\0" * 65536)
                        file.flush()
                except OSError:
                    pass
            pipeline = here.submit((HERE / "tiny.textproto").read_text(), data=stories, steps=20)
            job = here.wait_for_state(pipeline, "corpus", "FAILED")
            self.assertRegex(job["reason"].lower(), "disk|space")
            self.assertEqual(list((storage / "tmp").iterdir()), [])
            for blob in (storage / "blobs").glob("*/*"):
                digest = subprocess.run(["sha256sum", str(blob)], capture_output=True, text=True).stdout.split()[0]
                self.assertEqual(digest, blob.name)
            ballast.unlink()
            again = here.submit((HERE / "tiny.textproto").read_text(), data=stories, steps=20)
            here.wait_for_state(again, "corpus", "DONE")


def enter_small_disk():
    """Starts this program again in namespaces of its own, with an 8 MB file system for the cluster's storage."""
    folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
    script = 'mount -t tmpfs -o size=8m tmpfs "$1" && mkdir "$1/storage" && shift && exec "$@"'
    unshare = ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*unshare, "mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True).returncode != 0:
        return
    os.environ["BONSAI_SMALL_DISK"] = folder
    os.execvp("unshare", [*unshare, "sh", "-c", script, "sh", folder, sys.executable, *sys.argv])


if __name__ == "__main__":
    if not os.environ.get("BONSAI_SMALL_DISK"):
        enter_small_disk()
    cluster.main()
