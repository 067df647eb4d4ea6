"""Hosts that are network namespaces of this machine, joined by a switch with a rate and a delay.

    def inside():
        with Hosts(3, rate=1e9, delay=0.001) as hosts:
            hosts.mpirun(["recur", "train", ...])

    sys.exit(alone(inside))

Each host has a name, an address (10.0.0.1 and up) and a link of its own to the switch, which takes no
more than `rate` bits/s each way (the kernel's token bucket, tbf) and holds each packet for `delay`
seconds (relay.py, since a kernel may lack netem). TCP's windows follow Reno, which every kernel allows in
a namespace: links drop nothing, so they grow as with cubic, Linux's default. Processors, memory and files are this machine's, so
hosts share its cores.

Everything is in namespaces that nobody else has, and each process in them dies with this one, however that
ends: alone() starts a copy of the program as the first process of a namespace, and the kernel kills all
others with the first. No process and no link remains; folders in /tmp do where it is killed. It takes root,
unshare, nsenter and setpriv (util-linux), ip and tc (iproute2).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
INSIDE = "RECUR_HOSTS_INSIDE"
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
# Bytes that a link may send at once, after a pause: 0.2 ms of its rate, at least two packets of the largest size. Where it is
# one, a link whose timer is late loses the time.
BURST_SECONDS, BURST_LEAST = 0.0002, 140000
QUEUE = 16 << 20  # bytes that wait at a link; no packet is dropped
NAMESPACES = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--uts", "--pid", "--mount-proc", "--fork",
              "--kill-child"]
# In place of ssh.
AGENT = """#!/bin/sh
# agent [OPTION ...] ADDRESS COMMAND ...: runs the command on the host that has the address.
while [ "${1#-}" != "$1" ]; do shift; done
host=${1##*.}
shift
command=$*
set -- PLACES
shift $((host - 1))
exec nsenter --net=/proc/$1/ns/net --uts=/proc/$1/ns/uts sh -c "$command"
"""


def lacks():
    """A sentence on why there can be no hosts here; empty where there can."""
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    for program in ("unshare", "nsenter", "setpriv", "ip", "tc"):
        if not shutil.which(program, path=PATH):
            return f"{program} is not installed (Debian: util-linux, iproute2)"
    # Sandboxes forbid it to root too.
    trial = [*NAMESPACES, "sh", "-c", "ip link add trial type veth peer name other && tc qdisc add dev trial root tbf "
             "rate 1gbit burst 70000 limit 1000000"]
    done = subprocess.run(trial, capture_output=True, text=True, check=False, env=dict(os.environ, PATH=PATH))
    return f"this system makes none: {done.stderr.strip()}" if done.returncode else ""


def alone(function):
    """Runs this program once more in namespaces of its own, where it comes here again and calls the
    function. Returns the exit status; outside, None is success as well."""
    if os.environ.get(INSIDE):
        os.environ["PATH"] = PATH
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return function()
    environment = dict(os.environ, PATH=PATH, **{INSIDE: "1"})
    return subprocess.run([*NAMESPACES, sys.executable, *sys.argv], check=False, env=environment).returncode


def address(host):
    """Of a host, counted from 0."""
    return f"10.0.0.{host + 1}"


class Hosts:
    def __init__(self, count, rate=None, delay=0.0):
        """So many hosts; the rate in bits/s (None: as fast as the processor copies), the delay in seconds
        from a host to another."""
        self.count, self.rate, self.delay = count, rate, delay
        self.holders = []
        self.folder = None
        self.relay = None

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        switch = self.hold("switch")
        if not self.delay:
            self.within(switch, "ip", "link", "add", "bridge", "type", "bridge")
            self.within(switch, "ip", "link", "set", "bridge", "up")
        for host in range(self.count):
            self.join(host, self.hold(f"host{host + 1}"), switch)
        if self.delay:
            self.start_relay(switch)
        self.write_agent()
        return self

    def __exit__(self, *_):
        if self.relay:
            self.relay.kill()
            self.relay.wait()
        for holder in self.holders:
            holder.stdin.close()  # the end of its namespaces
            holder.wait()
        self.folder.cleanup()

    def hold(self, name):
        """Starts a process that does nothing but have namespaces of this name."""
        windows = "echo reno > /proc/sys/net/ipv4/tcp_congestion_control"
        holder = subprocess.Popen(["unshare", "--net", "--uts", "sh", "-c", f"hostname {name} && {windows} && echo && exec cat"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.holders.append(holder)
        holder.stdout.readline()
        return holder.pid

    @staticmethod
    def into(holder):
        """What to put in front of a command that a holder's namespaces are to run."""
        return ["nsenter", f"--net=/proc/{holder}/ns/net", f"--uts=/proc/{holder}/ns/uts"]

    def within(self, holder, *command):
        subprocess.run([*self.into(holder), *command], check=True)

    def join(self, host, holder, switch):
        """Lays the link between a host and the switch."""
        port = f"port{host + 1}"
        subprocess.run(["ip", "link", "add", port, "netns", str(switch), "type", "veth", "peer", "name", "eth0",
                        "netns", str(holder)], check=True)
        self.within(holder, "ip", "address", "add", f"{address(host)}/24", "dev", "eth0")
        for place, device in ((holder, "lo"), (holder, "eth0"), (switch, port)):
            self.within(place, "ip", "link", "set", device, "up")
        if not self.delay:
            self.within(switch, "ip", "link", "set", port, "master", "bridge")
        if self.rate:
            burst = max(BURST_LEAST, int(self.rate / 8 * BURST_SECONDS))
            for place, device in ((holder, "eth0"), (switch, port)):
                self.within(place, "tc", "qdisc", "add", "dev", device, "root", "tbf", "rate", f"{self.rate:.0f}bit",
                            "burst", str(burst), "limit", str(QUEUE))

    def start_relay(self, switch):
        ports = [f"port{host + 1}" for host in range(self.count)]
        command = [sys.executable, str(HERE / "relay.py"), str(self.delay), *ports]
        self.relay = subprocess.Popen([*self.into(switch), *command], stdout=subprocess.PIPE)
        self.relay.stdout.readline()
        self.raise_relay()

    def raise_relay(self):
        """Where ranks run at real-time priority, the relay comes before them: else a packet waits until one of them leaves its
        core."""
        policy, priority = os.sched_getscheduler(0), os.sched_getparam(0).sched_priority
        if policy in (os.SCHED_RR, os.SCHED_FIFO) and priority < os.sched_get_priority_max(policy):
            os.sched_setscheduler(self.relay.pid, policy, os.sched_param(priority + 1))

    def write_agent(self):
        """What a launcher starts processes of other hosts with."""
        places = " ".join(str(holder.pid) for holder in self.holders[1:])
        agent = Path(self.folder.name, "agent")
        agent.write_text(AGENT.replace("PLACES", places), encoding="utf-8")
        agent.chmod(0o755)
        self.agent = str(agent)

    def sent(self, host):
        """How many bytes a host has sent over its link."""
        said = subprocess.run([*self.into(self.holders[1 + host].pid), "ip", "-s", "-j", "link", "show", "eth0"], check=True,
                              capture_output=True).stdout
        return json.loads(said)[0]["stats64"]["tx"]["bytes"]

    def mpirun(self, program, **how):
        """Runs the program once on each host, started by Open MPI on the first. Returns what subprocess.run
        returns. (MPICH 4.0 over UCX's TCP often hangs in MPI_Finalize with three hosts and more.)"""
        addresses = ",".join(address(host) for host in range(self.count))
        command = [*self.into(self.holders[1].pid), "mpirun.openmpi", "--allow-run-as-root", "--bind-to", "none"]
        command += ["--mca", "plm_rsh_agent", self.agent, "--mca", "oob_tcp_if_include", "eth0"]
        command += ["--mca", "pml", "ob1", "--mca", "btl", "self,tcp", "--mca", "btl_tcp_if_include", "eth0"]
        return subprocess.run([*command, "--host", addresses, *program], check=False, stdin=subprocess.DEVNULL, **how)
