"""Starts a service by hand, as systemd would: what its unit file says, read from the root that it is in.

Of the hardening, what can be done without systemd is done: the user and the rights, the limits, the file
system that cannot be written to but for the service's folders, and memory that is never both written
and run.
"""

import collections
import ctypes
import os
import pwd
import resource
import shlex
import signal
import socket
import subprocess
import time
import traceback

MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC = 1, 32, 4096, 16384
CLONE_NEWNS = 0x20000
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_MDWE = 24, 38, 65
PATIENCE_S = 30

libc = ctypes.CDLL(None, use_errno=True)


def read_unit(path):
    """Section and name to the list of values, in the order of the file."""
    values = collections.defaultdict(list)
    section = ""
    with open(path) as lines:
        for line in lines:
            line = line.strip()
            if line.startswith("["):
                section = line.strip("[]")
            elif line and line[0] not in "#;":
                name, value = line.split("=", 1)
                values[section, name].append(value)
    return values


def mount(source, target, flags):
    if libc.mount(source.encode(), target.encode(), None, ctypes.c_ulong(flags), None) != 0:
        raise OSError(ctypes.get_errno(), "mount " + target)


class Service:
    """Runs from start() to stop(), in a DebianRoot."""

    FOLDERS = (("RuntimeDirectory", "/run"), ("StateDirectory", "/var/lib"), ("LogsDirectory", "/var/log"))

    def __init__(self, root, unit_path):
        self.root = root
        self.unit = read_unit(root.inside(unit_path))
        self.process = None
        self.notifications = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.output = open(root.inside("/run/output"), "a+")

    def value(self, name, default=None):
        values = self.unit["Service", name]
        return values[-1] if values else default

    def folders(self):
        return [os.path.join(parent, self.value(name)) for name, parent in self.FOLDERS if self.value(name)]

    def account(self):
        with open(self.root.inside("/etc/passwd")) as lines:
            for line in lines:
                fields = line.rstrip("\n").split(":")
                if fields[0] == self.value("User"):
                    return int(fields[2]), int(fields[3])
        raise RuntimeError("no such user: " + self.value("User"))

    def start(self):
        uid, gid = self.account()
        for name, parent in self.FOLDERS:
            if not self.value(name):
                continue
            folder = self.root.inside(os.path.join(parent, self.value(name)))
            os.makedirs(folder, exist_ok=True)
            os.chmod(folder, int(self.value(name + "Mode", "0755"), 8))
            os.chown(folder, uid, gid)
        self.notifications.settimeout(0.1)
        name = self.root.inside("/run/notify")
        if os.path.exists(name):
            os.unlink(name)
        self.notifications.bind(name)
        os.chmod(name, 0o777)
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
                       "NOTIFY_SOCKET": "/run/notify"}
        for word in shlex.split(" ".join(self.unit["Service", "Environment"])):
            environment.update([word.split("=", 1)])
        try:
            self.process = subprocess.Popen(shlex.split(self.value("ExecStart")), env=environment,
                                            stdin=subprocess.DEVNULL, stdout=self.output,
                                            stderr=self.output, preexec_fn=lambda: self._prepare(uid, gid))
        except subprocess.SubprocessError:
            raise AssertionError("cannot be started:\n" + self.text()) from None

    def _prepare(self, uid, gid):
        """In the child, before the program."""
        try:
            self._become(uid, gid)
        except Exception:  # of which nobody else would hear
            traceback.print_exc()
            raise

    def _become(self, uid, gid):
        # In a container even root may not go beyond what it was given.
        limit = min(int(self.value("LimitNOFILE")), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        if self.value("ProtectSystem") == "strict":
            self._protect_file_system()
        os.chroot(self.root.path)
        os.chdir("/")
        os.umask(int(self.value("UMask"), 8))
        if self.value("CapabilityBoundingSet") == "":
            for capability in range(64):
                libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        if self.value("NoNewPrivileges") == "yes":
            libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if self.value("MemoryDenyWriteExecute") == "yes":
            libc.prctl(PR_SET_MDWE, 1, 0, 0, 0)  # kernels before 6.3 do not know it

    def _protect_file_system(self):
        if libc.unshare(CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        mount(self.root.path, self.root.path, MS_BIND | MS_REC)
        for folder in self.folders():
            mount(self.root.inside(folder), self.root.inside(folder), MS_BIND)
        mount(self.root.path, self.root.path, MS_BIND | MS_REMOUNT | MS_RDONLY)

    def next_message(self):
        """What the service tells next; fails where it ends without telling anything."""
        end = time.monotonic() + PATIENCE_S
        has_ended = False
        while time.monotonic() < end and not has_ended:
            has_ended = self.process.poll() is not None
            try:
                return self.notifications.recv(4096).decode()
            except socket.timeout:
                pass
        raise AssertionError("the service says nothing:\n" + self.text())

    def text(self):
        """What would be in the journal."""
        with open(self.root.inside("/run/output")) as text:
            return text.read()

    def reload(self):
        """With what is in the root, which has no more programs than a small Debian has."""
        line = self.value("ExecReload").replace("$MAINPID", str(self.process.pid))
        subprocess.run(["chroot", self.root.path, *shlex.split(line)], check=True)

    def stop(self):
        """As `systemctl stop`. Returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def end(self):
        """After a test, whatever has happened."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE_S)
        self.output.close()
        self.notifications.close()
