#!/usr/bin/python3
"""A cluster with certificates and tokens, by real programs: with them everything works, without them nothing does."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import cluster

HERE = pathlib.Path(__file__).resolve().parent

# One job that every cluster can run.
PIPELINE = """
name: "one"
jobs { name: "corpus" data { sources { dataset: "bonsai-stories" format: C4_JSON_GZ paths: "${data}/c4/*.json.gz" } } }
"""


class SecureClusterTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.stories = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        cluster.generate_stories(cls.stories.name, 0.05)
        cls.here = cluster.Cluster(flags=["--secure"])
        cls.here.start()
        cls.credentials = cls.here.folder / "cluster" / "credentials"
        cls.address = (cls.here.folder / "cluster" / "address").read_text().strip()

    @classmethod
    def tearDownClass(cls):
        cls.here.stop()
        cls.stories.cleanup()

    def copy(self):
        """A folder of credentials to spoil."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.here.folder))
        shutil.copytree(self.credentials, folder, dirs_exist_ok=True)
        return folder

    def cert(self, folder, *arguments):
        done = subprocess.run([self.here.bonsai, "--credentials", str(folder), "cert", *arguments],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def bonsai(self, *arguments, folder=None, address=None):
        """Calls the cluster by its address, as from another machine."""
        credentials = ["--credentials", str(folder)] if folder else []
        return subprocess.run([self.here.bonsai, "--coordinator", address or self.address, *credentials, *arguments],
                              capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)

    def assert_gets_nothing(self, done, says):
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, says)

    def token(self, folder, name, *arguments):
        """A folder with a token of its own, which the coordinator knows."""
        (folder / "token").write_text(self.cert(self.credentials, "token", name, *arguments))
        return folder

    def test_a_job_runs_and_its_output_comes_back(self):
        pipeline = self.here.submit(PIPELINE, data=self.stories.name)
        self.here.wait_for_state(pipeline, "corpus", "DONE")
        out = self.here.folder / "corpus"
        done = self.bonsai("pull", pipeline + "/corpus", "--out", str(out), folder=self.credentials)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(list(out.iterdir()))
        self.assertIn("corpus", self.bonsai("jobs", folder=self.credentials).stdout)

    def test_the_environment_names_the_files_too(self):
        names = {"CA": "ca.pem", "CERT": "client.pem", "KEY": "client-key.pem", "TOKEN_FILE": "token"}
        environment = {**os.environ, **{"BONSAI_" + k: str(self.credentials / v) for k, v in names.items()}}
        done = subprocess.run([self.here.bonsai, "--coordinator", self.address, "workers"], env=environment,
                              capture_output=True, text=True)
        self.assertIn("worker-1", done.stdout, done.stderr)

    def test_nothing_without_credentials(self):
        for verb in ("jobs", "workers", "artifacts", "leaderboard"):
            self.assert_gets_nothing(self.bonsai(verb), "wants a certificate and a token.*--credentials")

    def test_nothing_with_another_authoritys_certificate(self):
        folder = self.copy()
        for name in ("ca", "client"):
            (folder / (name + ".pem")).unlink()
            (folder / (name + "-key.pem")).unlink()
        self.cert(folder, "init")
        self.cert(folder, "client")
        self.assert_gets_nothing(self.bonsai("jobs", folder=folder), "an authority that this side does not know")
        shutil.copy(self.credentials / "ca.pem", folder / "ca.pem")
        self.assert_gets_nothing(self.bonsai("jobs", folder=folder), "refuses this side's certificate")

    def test_nothing_under_another_name(self):
        port = self.address.rsplit(":", 1)[1]
        folder = self.copy()
        for name in ("server.pem", "server-key.pem"):
            (folder / name).unlink()
        self.cert(folder, "server", "--host", "elsewhere.example.org")
        self.start_another(folder, lambda address: self.assert_gets_nothing(
            self.bonsai("jobs", folder=folder, address=address), "elsewhere.example.org, not for 127.0.0.1"))
        self.assertEqual(self.bonsai("jobs", folder=folder, address="localhost:" + port).returncode, 0)

    def start_another(self, folder, check):
        """Runs a coordinator of its own with the credentials of a folder while check(address) runs."""
        state = tempfile.mkdtemp(dir=self.here.folder)
        config = (self.here.folder / "cluster/config/coordinator.textproto").read_text()
        config = config.replace(str(self.credentials), str(folder))
        config = re.sub(r'(state_dir|storage_dir): "[^"]*"', r'\1: "%s/\1"' % state, config)
        config = re.sub(r'(listen|metrics)_address: "[^"]*"', r'\1_address: "127.0.0.1:0"', config)
        path = pathlib.Path(state) / "coordinator.textproto"
        path.write_text(config)
        program = cluster.install_tree() / "bin" / "bonsai-coordinator"
        process = subprocess.Popen([program, "--config=" + str(path)], stderr=subprocess.DEVNULL)
        try:
            address = pathlib.Path(state) / "state_dir" / "address"
            cluster.wait_for(address.exists, "another coordinator")
            check(address.read_text().strip())
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)

    def test_nothing_with_a_wrong_or_an_expired_token(self):
        folder = self.copy()
        (folder / "token").write_text("bonsai-" + "0" * 64)
        self.assert_gets_nothing(self.bonsai("jobs", folder=folder), "does not know this token")
        self.token(folder, "late", "--role", "admin", "--days", "1")
        cluster.wait_for(lambda: self.bonsai("jobs", folder=folder).returncode == 0, "the list to be read again")
        tokens = self.credentials / "tokens.textproto"
        text = tokens.read_text()
        tokens.write_text(re.sub(r'(name: "late"[^}]*expires_unix_ms: )\d+', r"\g<1>1000", text))
        cluster.wait_for(lambda: self.bonsai("jobs", folder=folder).returncode == 1, "the token to expire")
        self.assert_gets_nothing(self.bonsai("jobs", folder=folder), "the token of late expired at 1970")

    def test_a_tenant_sees_and_stops_its_own_jobs_only(self):
        red = self.token(self.copy(), "ann", "--role", "submit", "--tenant", "red")
        blue = self.token(self.copy(), "bob", "--role", "submit", "--tenant", "blue")
        path = self.here.folder / "own.textproto"
        path.write_text(PIPELINE)
        cluster.wait_for(lambda: self.bonsai("jobs", folder=blue).returncode == 0, "the token")
        pipeline = self.bonsai("submit", str(path), "--set", "data=" + self.stories.name, folder=red).stdout.strip()
        job = pipeline + "/corpus"
        self.here.wait_for_state(pipeline, "corpus", "DONE")
        self.assertIn(job, self.bonsai("jobs", folder=red).stdout)
        self.assertNotIn(job, self.bonsai("jobs", folder=blue).stdout)
        out = str(self.here.folder / "stolen")
        for command in (["cancel", pipeline], ["logs", job], ["artifacts", "show", job], ["watch", pipeline],
                        ["pull", job, "--out", out]):
            self.assert_gets_nothing(self.bonsai(*command, folder=blue), "there is no")
        self.assertEqual(self.bonsai("artifacts", "show", job, folder=red).returncode, 0)

    def test_a_worker_gets_nothing_to_do_without_its_token(self):
        folder = self.copy()
        (folder / "worker-1.token").write_text("bonsai-" + "1" * 64)
        config = (self.here.folder / "cluster/config/worker-1.textproto").read_text()
        config = config.replace(str(self.credentials), str(folder)).replace("worker-1\"", "stranger\"", 1)
        config = re.sub(r'work_dir: "[^"]*"', 'work_dir: "%s/work"' % folder, config)
        path = folder / "worker.textproto"
        path.write_text(config)
        log = folder / "log"
        program = cluster.install_tree() / "bin" / "bonsai-worker"
        with open(log, "wb") as out:
            worker = subprocess.Popen([program, "--config=" + str(path)], stderr=out)
        try:
            cluster.wait_for(lambda: "does not know this token" in log.read_text(), "the worker to be refused")
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(timeout=60)
        self.assertNotIn("stranger", self.bonsai("workers", folder=self.credentials).stdout)


if __name__ == "__main__":
    cluster.main()
