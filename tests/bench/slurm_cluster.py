#!/usr/bin/python3
"""An installed Slurm as a cluster of its own in a folder: munged, slurmctld and several slurmd on this machine.

For the benchmarks, which run Bonsai beside it. Nothing is installed and nothing outside the folder is touched; Debian 12
has all of it in `slurmctld slurmd slurm-client munge slurm-wlm-basic-plugins`. Must run as root (slurmd insists).

Usage: slurm_cluster.py [--nodes N] [--cpus N] [--slurmctld PATH] ...      starts one, prints its version, its flags
                                                                         and how to talk to it; ends on SIGINT, SIGTERM
"""
import argparse
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

START_SECONDS = 30

# As few limits and as little logging as Slurm allows; its guide for high throughput (high_throughput.shtml) is followed.
CONFIG = """
ClusterName=bench
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=10
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
SlurmctldDebug=error
SlurmdDebug=error
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters={scheduler}
PriorityType=priority/basic
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmdParameters=config_overrides
SlurmctldTimeout=30
SlurmdTimeout={slurmd_timeout}
InactiveLimit=0
KillWait=5
MinJobAge=10
MaxJobCount=100000
MaxArraySize=20001
ReturnToService=2
MessageTimeout=30
NodeName=n[1-{nodes}] NodeHostname=localhost NodeAddr=127.0.0.1 Port=[{first}-{last}] CPUs={cpus} RealMemory=100000 State=UNKNOWN
PartitionName=low Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=high Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=2 PreemptMode=OFF
"""

# The high-throughput guide's answers to many short jobs: think at once, and look at many of them at a time.
SCHEDULER = "batch_sched_delay=0,sched_min_interval=0,partition_job_depth=20000,default_queue_depth=20000,bf_interval=1"


def free_ports(count):
    """The first of `count` ports in a row that nobody has."""
    for first in range(20000, 32000, count + 1):
        sockets = []
        try:
            for port in range(first, first + count):
                sockets.append(socket.socket())
                sockets[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for each in sockets:
                each.close()
    raise RuntimeError("no %d free ports in a row" % count)


def wait_for(condition, what, seconds=START_SECONDS):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("waited %d s in vain for %s" % (seconds, what))
        time.sleep(0.02)


def read_bytes(path):
    """A file of /proc; nothing where its process has gone."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


class SlurmCluster:
    """Use as a context manager. `programs` is what find_programs() gives."""

    def __init__(self, programs, nodes=4, cpus=16, slurmd_timeout=10, scheduler=SCHEDULER, folder=None):
        self.programs = programs
        self.nodes = nodes
        self.cpus = cpus
        self.slurmd_timeout = slurmd_timeout
        self.scheduler = scheduler
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="slurm"))
        self.processes = []
        self.slurmds = {}  # node name -> process
        self.environment = dict(os.environ, SLURM_CONF=str(self.folder / "slurm.conf"))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        os.chmod(self.folder, 0o755)
        self.start_munged()
        first = free_ports(self.nodes + 1)
        (self.folder / "state").mkdir(exist_ok=True)
        (self.folder / "slurm.conf").write_text(CONFIG.format(
            host=socket.gethostname().split(".")[0], folder=self.folder, port=first + self.nodes, first=first,
            last=first + self.nodes - 1, nodes=self.nodes, cpus=self.cpus, slurmd_timeout=self.slurmd_timeout,
            scheduler=self.scheduler))
        self.start_slurmctld()
        for number in range(1, self.nodes + 1):
            self.start_slurmd("n%d" % number)
        self.wait_for_idle()

    def wait_for_idle(self, seconds=START_SECONDS):
        wait_for(lambda: self.run("sinfo", "-h", "-p", "low", "-t", "idle", "-o", "%D") == str(self.nodes),
                 "%d idle nodes; see %s" % (self.nodes, self.folder), seconds)

    def start_munged(self):
        munge = self.folder / "munge"
        munge.mkdir(exist_ok=True)
        os.chmod(munge, 0o711)
        (munge / "key").write_bytes(os.urandom(128))
        os.chmod(munge / "key", 0o600)
        self.spawn([self.programs["munged"], "--foreground", "--force", "--socket=%s/socket" % munge, "--key-file=%s/key" % munge,
                    "--pid-file=%s/pid" % munge, "--log-file=%s/log" % munge, "--seed-file=%s/seed" % munge])
        wait_for((munge / "socket").exists, "munged's socket")

    def start_slurmctld(self):
        self.slurmctld = self.spawn([self.programs["slurmctld"], "-D"])
        wait_for(lambda: "UP" in self.run("scontrol", "ping"), "slurmctld")

    def start_slurmd(self, node):
        self.slurmds[node] = self.spawn([self.programs["slurmd"], "-D", "-N", node])

    def spawn(self, command):
        log = open(self.folder / "stderr.log", "ab")
        process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def run(self, name, *arguments):
        done = subprocess.run([self.programs[name], *arguments], env=self.environment, capture_output=True, text=True,
                              timeout=120, stdin=subprocess.DEVNULL)
        return done.stdout.strip()

    def submit(self, *arguments):
        """sbatch; the new job's id."""
        return self.run("sbatch", "--parsable", *arguments)

    def pending_or_running(self):
        """How many jobs, and tasks of arrays, have not ended."""
        return len(self.run("squeue", "-h", "-r", "-o", "%i").split())

    def kill_node(self, node):
        """Ends all of a node at once, as a power failure does: its slurmd, and the steps that hang below slurmstepds."""
        victims = {self.slurmds[node].pid}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or ("SLURMD_NODENAME=%s" % node).encode() not in read_bytes(entry / "environ").split(b"\0"):
                continue
            pid = int(entry.name)
            while pid > 1 and pid != os.getpid():
                victims.add(pid)
                pid = int((read_bytes(pathlib.Path("/proc/%d/stat" % pid)).rsplit(b")", 1)[-1].split() or [0, 0])[1])
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.slurmds.pop(node).wait()

    def stop(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in reversed(self.processes):
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def version(self):
        return subprocess.run([self.programs["slurmctld"], "-V"], capture_output=True, text=True).stdout.strip()

    def flags(self):
        return "%d slurmd of %d CPUs; SchedulerParameters=%s SlurmdTimeout=%d select/cons_tres,CR_CPU proctrack/linuxproc " \
               "task/none no accounting" % (self.nodes, self.cpus, self.scheduler, self.slurmd_timeout)


PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo", "scancel", "scontrol")


def find_programs(given=None):
    """{name: path} of all that is needed, or a sentence that says what is missing."""
    found, path = {}, os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    for name in PROGRAMS:
        # Debian's emulator replaces the plain names; the real ones keep this suffix.
        found[name] = (given or {}).get(name) or shutil.which(name + "-wlm", path=path) or shutil.which(name, path=path)
    missing = [name for name in PROGRAMS if not (found[name] and os.access(found[name], os.X_OK))]
    if missing:
        return "no Slurm here: %s not found" % ", ".join(missing)
    if os.geteuid() != 0:
        return "slurmd must be started by root"
    return found


def add_arguments(parser):
    for name in PROGRAMS:
        parser.add_argument("--" + name, metavar="PATH", help="default: from PATH")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--cpus", type=int, default=16, help="of each node; need not exist")
    parser.add_argument("--slurmd_timeout", type=int, default=10)
    add_arguments(parser)
    arguments = parser.parse_args()
    programs = find_programs(vars(arguments))
    if isinstance(programs, str):
        sys.exit("slurm_cluster: " + programs)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with SlurmCluster(programs, arguments.nodes, arguments.cpus, arguments.slurmd_timeout) as cluster:
        print("%s\n%s\nexport SLURM_CONF=%s" % (cluster.version(), cluster.flags(), cluster.environment["SLURM_CONF"]), flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
