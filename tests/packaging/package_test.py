"""The Debian package: what is in it, and its life in a small Debian of its own.

The tests run in namespaces (mounts, network, processes), so that nothing of what they do reaches the
machine, no port can be taken, and all is gone when they end. Every test has a root of its own, which is
a layer over one in which the package was installed.

  package_test.py --packages build/packages --version 0.1.0 --tools build/tools [unittest's arguments]
"""

import argparse
import fcntl
import glob
import gzip
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from debian_root import DebianRoot, architecture  # noqa: E402
from unit_file import Service, read_unit  # noqa: E402

SKIPPED = 77  # for CTest
WORK = "/mnt"  # a file system in memory, in our own namespace
UNIT = "/lib/systemd/system/larder.service"
CONFIGURATION = "/etc/larder/larder.conf"
LOG = "/var/log/larder/larder.log"
PATIENCE_S = 30
SIOCSIFFLAGS, IFF_UP = 0x8914, 1

options = None


def run(*line, **arguments):
    arguments.setdefault("check", True)
    return subprocess.run(line, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, **arguments)


def eventually(condition):
    """Asks until it holds, or for long enough."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)  # between two questions
    return True


def read(path):
    with open(path) as text:
        return text.read()


def package():
    found = glob.glob(os.path.join(options.packages, "larder_%s_*.deb" % options.version))
    if len(found) != 1:
        raise RuntimeError("one package is expected in %s: %s" % (options.packages, found))
    return found[0]


def field(name):
    return run("dpkg-deb", "-f", package(), name).stdout.strip()


def repackaged(version, change=lambda folder: None):
    """The same package in another version, after a change of its files."""
    folder = os.path.join(WORK, "contents-" + version)
    result = os.path.join(WORK, "larder-%s.deb" % version)
    if os.path.exists(result):
        return result
    run("dpkg-deb", "-R", package(), folder)
    control = os.path.join(folder, "DEBIAN/control")
    text = re.sub(r"(?m)^Version: .*$", "Version: " + version, read(control))
    with open(control, "w") as file:
        file.write(text)
    change(folder)
    run("dpkg-deb", "-b", "-Zgzip", "-z1", folder, result)
    return result


def dpkg(root, *arguments):
    """dpkg in a root, which must succeed without asking anything; a package is brought in first."""
    line = []
    for argument in arguments:
        if argument.endswith(".deb"):
            shutil.copy2(argument, root.inside("/tmp"))
            argument = "/tmp/" + os.path.basename(argument)
        line.append(argument)
    done = root.run("dpkg", "--force-unsafe-io", *line)
    if done.returncode != 0:
        raise AssertionError(done.stdout)
    return done.stdout


class TheFile(unittest.TestCase):
    """The package as a file, and what it would install."""

    @classmethod
    def setUpClass(cls):
        cls.contents = os.path.join(WORK, "contents")
        if not os.path.exists(cls.contents):
            run("dpkg-deb", "-x", package(), cls.contents)

    def inside(self, path):
        return os.path.join(self.contents, path.lstrip("/"))

    def test_says_what_it_is(self):
        self.assertEqual(field("Package"), "larder")
        self.assertEqual(field("Version"), options.version)
        self.assertEqual(field("Architecture"), architecture())
        self.assertEqual(field("Section"), "database")
        self.assertEqual(field("Priority"), "optional")
        self.assertRegex(field("Maintainer"), r"^.+ <.+@.+>$")
        self.assertGreater(len(field("Description").splitlines()), 3)
        depends = [re.match(r"\S+", one).group() for one in field("Depends").split(", ")]
        for name in ("adduser", "libc6", "libuv1", "libssl3", "libjemalloc2"):
            self.assertIn(name, depends)
        self.assertEqual(run("dpkg-deb", "-I", package(), "conffiles").stdout.split(),
                         [CONFIGURATION, "/etc/logrotate.d/larder"])

    def test_has_these_files_and_no_others(self):
        listing = run("dpkg-deb", "-c", package()).stdout.splitlines()
        files = {}
        for line in listing:
            mode, owner, _, _, _, name = line.split(None, 5)
            self.assertEqual(owner, "root/root", line)
            if mode[0] == "d":
                self.assertEqual(mode, "drwxr-xr-x", line)
            else:
                files[name.lstrip(".")] = mode
        text = "-rw-r--r--"
        self.assertEqual(files, {
            "/usr/bin/larder-server": "-rwxr-xr-x",
            UNIT: text,
            CONFIGURATION: "-rw-r-----",
            "/etc/logrotate.d/larder": text,
            "/usr/share/man/man1/larder-server.1.gz": text,
            "/usr/share/man/man5/larder.conf.5.gz": text,
            "/usr/share/doc/larder/README.md": text,
            "/usr/share/doc/larder/redis.conf.example": text,
            "/usr/share/doc/larder/copyright": text,
            "/usr/share/doc/larder/changelog.gz": text,
        })

    def manual(self, path):
        with gzip.open(self.inside(path), "rt") as text:
            return text.read().replace("\\-", "-").replace("\\(dq", '"')

    def test_larder_conf_5_has_every_option(self):
        manual = self.manual("/usr/share/man/man5/larder.conf.5.gz")
        example = run(self.inside("/usr/bin/larder-server"), "--print-example-config").stdout
        lines = [line for line in example.splitlines() if line and line[0] != "#"]
        self.assertGreater(len(lines), 100)
        for line in lines:
            with self.subTest(line):
                plain = line.replace("~", "\\(ti").replace("^", "\\(ha")
                self.assertIn('\n.B "%s"\n' % plain, manual)

    def test_larder_server_1_has_every_flag(self):
        manual = self.manual("/usr/share/man/man1/larder-server.1.gz")
        help_text = run(self.inside("/usr/bin/larder-server"), "--help").stdout
        flags = set(re.findall(r"(?m)^ +(?:-\w, )?(--[a-z-]{3,})", help_text)) - {"--option"}
        self.assertLessEqual({"--help", "--version", "--check-config"}, flags)
        for flag in flags:
            self.assertIn(flag, manual)
        self.assertIn("Larder " + options.version, manual)

    @unittest.skipUnless(shutil.which("man") and shutil.which("groff"), "no man(1) here")
    def test_manual_pages_can_be_set(self):
        for page in glob.glob(self.inside("/usr/share/man/man?/*.gz")):
            done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", page], text=True, timeout=300,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env={"PATH": os.environ["PATH"], "MANWIDTH": "90", "LC_ALL": "C.UTF-8"})
            self.assertEqual((done.returncode, done.stderr), (0, ""), page)
            self.assertIn("NAME", done.stdout)

    def test_unit_is_hardened(self):
        unit = read_unit(self.inside(UNIT))
        self.assertEqual(unit["Service", "Type"], ["notify"])
        for name, value in (("NoNewPrivileges", "yes"), ("ProtectSystem", "strict"), ("PrivateTmp", "yes"),
                            ("ProtectHome", "yes"), ("MemoryDenyWriteExecute", "yes"),
                            ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX")):
            self.assertEqual(unit["Service", name], [value], name)
        self.assertIn("@system-service", unit["Service", "SystemCallFilter"])

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze here")
    def test_systemd_has_nothing_against_the_unit(self):
        # What the unit wants of the system is not in the package.
        for name in ("basic", "sysinit", "shutdown", "network", "multi-user"):
            target = self.inside("/lib/systemd/system/%s.target" % name)
            with open(target, "w") as file:
                file.write("[Unit]\nDescription=x\n")
            self.addCleanup(os.unlink, target)
        os.makedirs(self.inside("/bin"), exist_ok=True)
        shutil.copy2("/bin/sh", self.inside("/bin"))
        verified = run("systemd-analyze", "verify", "--man=no", "--root=" + self.contents, "larder.service",
                       check=False)
        self.assertEqual((verified.returncode, verified.stdout), (0, ""))
        # From 0, nothing to attack, to 10; a unit without any of it has 9.6.
        judged = run("systemd-analyze", "security", "--offline=yes", "--threshold=20",
                     "--root=" + self.contents, "larder.service", check=False)
        self.assertEqual(judged.returncode, 0, judged.stdout)


class Installed(unittest.TestCase):
    """In a root in which the package is installed."""

    shared_root = None
    count = 0

    @classmethod
    def setUpClass(cls):
        if Installed.shared_root is None:
            root = DebianRoot(os.path.join(WORK, "root"), field("Depends"))
            root.add_program(options.logrotate, options.libraries)
            dpkg(root, "-i", package())
            Installed.shared_root = root

    def setUp(self):
        Installed.count += 1
        self.root = self.shared_root.layer(os.path.join(WORK, "layer%d" % self.count))
        self.services = []

    def tearDown(self):
        for service in self.services:
            service.end()

    def dpkg(self, *arguments):
        return dpkg(self.root, *arguments)

    def service(self):
        """The service, started and ready."""
        service = Service(self.root, UNIT)
        self.services.append(service)
        service.start()
        self.assertIn("READY=1", service.next_message().splitlines(), service.text())
        return service

    def ask(self, *words):
        return run("redis-cli", *words).stdout.strip()

    def ask_quietly(self, *words):
        """Also before there is a server."""
        return run("redis-cli", *words, check=False).stdout.strip()

    def about(self, path):
        """Owner, group and mode, with the names of the root."""
        return self.root.run("stat", "-c", "%U:%G %a", path).stdout.strip()

    def test_user_and_folders(self):
        entry = self.root.run("getent", "passwd", "larder").stdout.strip().split(":")
        self.assertEqual(entry[5:], ["/var/lib/larder", "/usr/sbin/nologin"])
        self.assertLess(int(entry[2]), 1000)
        self.assertEqual(self.about(CONFIGURATION), "root:larder 640")
        self.assertEqual(self.about("/var/lib/larder"), "larder:larder 750")
        self.assertEqual(self.about("/var/log/larder"), "larder:larder 750")
        self.assertEqual(self.about("/usr/bin/larder-server"), "root:root 755")
        checked = self.root.run("larder-server", "--check-config", CONFIGURATION)
        self.assertEqual(checked.stdout, CONFIGURATION + ": OK\n")
        # Where systemd will find it at the next start.
        self.assertTrue(os.path.islink(self.root.inside("/etc/systemd/system/multi-user.target.wants/larder.service")))
        self.assertEqual(self.root.run("dpkg", "--audit").stdout, "")
        self.assertEqual(self.root.run("dpkg", "--verify", "larder").stdout, "")

    def test_runs_as_the_unit_says(self):
        service = self.service()
        self.assertEqual(self.ask("PING"), "PONG")
        self.assertEqual(self.ask("SET", "greeting", "hello"), "OK")
        self.assertEqual(self.ask("GET", "greeting"), "hello")
        self.assertIn("process_supervised:systemd", self.ask("INFO", "server"))
        uid, gid = service.account()
        status = read("/proc/%d/status" % service.process.pid)
        self.assertRegex(status, r"(?m)^Uid:\s%d\s%d\s%d\s%d$" % ((uid,) * 4))
        self.assertRegex(status, r"(?m)^Gid:\s%d\s%d\s%d\s%d$" % ((gid,) * 4))
        self.assertRegex(status, r"(?m)^CapBnd:\s0+$")
        self.assertRegex(status, r"(?m)^NoNewPrivs:\s1$")
        self.assertEqual(self.ask("CONFIG", "GET", "maxclients").split(), ["maxclients", "10000"])
        self.assertEqual(self.ask("CONFIG", "GET", "dir").split(), ["dir", "/var/lib/larder"])
        self.assertEqual(self.about(LOG), "larder:larder 640")
        self.assertEqual(self.about("/run/larder/larder.pid"), "larder:larder 640")
        log = read(self.root.inside(LOG))
        self.assertIn("Ready to accept connections tcp", log)
        self.assertNotIn(" # ", "".join(line + "\n" for line in log.splitlines() if "WARNING" not in line))
        self.assertEqual(service.stop(), 0)
        self.assertFalse(os.path.exists(self.root.inside("/run/larder/larder.pid")))

    def test_tells_systemd_that_it_stops(self):
        service = self.service()
        service.process.terminate()
        self.assertEqual(service.next_message(), "STOPPING=1")
        self.assertEqual(service.process.wait(PATIENCE_S), 0)

    def test_started_by_root_it_becomes_its_user(self):
        folder = self.root.inside("/run/larder")
        server = subprocess.Popen(["chroot", self.root.path, "/usr/bin/larder-server", CONFIGURATION],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.addCleanup(server.wait, PATIENCE_S)
        self.addCleanup(server.terminate)
        self.assertTrue(eventually(lambda: self.ask_quietly("PING") == "PONG"))
        self.assertEqual(self.about(LOG), "larder:larder 644")
        uid = os.stat(self.root.inside(LOG)).st_uid
        self.assertEqual(os.stat("/proc/%d" % server.pid).st_uid, uid)
        # Nobody has made the folder of its pid file, and nothing more comes of it than a line in the log.
        self.assertFalse(os.path.exists(folder))

    def test_the_command_of_the_dockerfile(self):
        dockerfile = read(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../packaging/Dockerfile"))
        command = json.loads(re.search(r"ENTRYPOINT (\[.*?\])", dockerfile.replace("\\\n", ""), re.S).group(1))
        server = subprocess.Popen(["chroot", "--userspec=larder:larder", self.root.path, *command,
                                   "--requirepass", "secret"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait, PATIENCE_S)
        self.addCleanup(server.terminate)
        self.assertTrue(eventually(lambda: self.ask_quietly("PING").startswith("NOAUTH")))
        self.assertEqual(self.ask("-a", "secret", "--no-auth-warning", "CONFIG", "GET", "bind").split("\n"),
                         ["bind", "* -::*"])
        self.assertIn("Larder is starting", server.stdout.readline())
        health = re.search(r"CMD redis-cli PING \| (grep .*)", dockerfile).group(1)
        run("sh", "-c", "redis-cli PING | " + health)

    def test_logrotate_begins_a_new_log(self):
        service = self.service()
        before = read(self.root.inside(LOG))
        inode = os.stat(self.root.inside(LOG)).st_ino
        rotated = self.rotate()
        self.assertEqual((rotated.returncode, rotated.stdout), (0, ""))
        self.assertTrue(eventually(lambda: os.path.exists(self.root.inside(LOG))))
        self.assertEqual(read(self.root.inside(LOG + ".1")), before)
        self.assertNotEqual(os.stat(self.root.inside(LOG)).st_ino, inode)
        self.assertEqual(self.about(LOG), "larder:larder 640")
        self.assertEqual(self.ask("PING"), "PONG")
        service.stop()
        self.assertIn("bye bye", read(self.root.inside(LOG)))
        # Without a server, too.
        rotated = self.rotate()
        self.assertEqual((rotated.returncode, rotated.stdout), (0, ""))

    def rotate(self):
        return self.root.run("logrotate", "--state", "/run/rotated", "--force", "/etc/logrotate.d/larder")

    def test_reload_opens_the_log_again(self):
        service = self.service()
        os.rename(self.root.inside(LOG), self.root.inside(LOG + ".old"))
        service.reload()
        self.assertTrue(eventually(lambda: os.path.exists(self.root.inside(LOG))))

    def test_upgrade_keeps_configuration_and_data(self):
        with open(self.root.inside(CONFIGURATION), "a") as file:
            file.write("maxmemory 12mb\n")
        os.chmod(self.root.inside(CONFIGURATION), 0o600)
        os.chmod(self.root.inside("/var/lib/larder"), 0o700)
        data = self.root.inside("/var/lib/larder/data")
        open(data, "w").close()
        self.dpkg("-i", repackaged("99.1"))
        self.assertEqual(self.root.run("dpkg-query", "-W", "-f", "${Version}", "larder").stdout, "99.1")
        self.assertTrue(os.path.exists(data))
        self.assertIn("maxmemory 12mb", read(self.root.inside(CONFIGURATION)))
        self.assertEqual(self.about(CONFIGURATION), "root:larder 600")  # the administrator's mode
        self.assertEqual(self.about("/var/lib/larder"), "larder:larder 700")

    def test_upgrade_brings_a_new_configuration_to_those_who_have_not_changed_it(self):
        def change(folder):
            with open(folder + CONFIGURATION, "a") as file:
                file.write("timeout 99\n")
        newer = repackaged("99.2", change)
        self.dpkg("-i", newer)
        self.assertIn("timeout 99", read(self.root.inside(CONFIGURATION)))
        self.assertEqual(self.about(CONFIGURATION), "root:larder 640")
        self.service()
        self.assertEqual(self.ask("CONFIG", "GET", "timeout").split(), ["timeout", "99"])

    def test_remove_keeps_what_is_the_users_and_purge_keeps_nothing(self):
        self.service().stop()
        self.dpkg("--remove", "larder")
        self.assertFalse(os.path.exists(self.root.inside("/usr/bin/larder-server")))
        self.assertFalse(os.path.exists(self.root.inside(UNIT)))
        for path in (CONFIGURATION, "/var/lib/larder", LOG):
            self.assertTrue(os.path.exists(self.root.inside(path)), path)
        self.dpkg("-i", package())  # and back
        self.service().stop()
        self.dpkg("--purge", "larder")
        shutil.rmtree(self.root.inside("/run/larder"))  # systemd's, gone with the service
        left = run("find", self.root.path, "-xdev", "(", "-name", "*larder*", "-o", "-uid",
                   str(self.uid()), ")", "-not", "-path", "*/tmp/*").stdout
        self.assertEqual(left, "")
        self.assertNotEqual(self.root.run("dpkg-query", "-W", "larder").returncode, 0)

    def uid(self):
        return int(self.root.run("id", "-u", "larder").stdout)

    def test_purge_leaves_what_the_administrator_put_beside_the_configuration(self):
        key = self.root.inside("/etc/larder/server.key")
        open(key, "w").close()
        self.dpkg("--purge", "larder")
        self.assertTrue(os.path.exists(key))
        self.assertFalse(os.path.exists(self.root.inside(CONFIGURATION)))

    def test_where_systemd_runs_it_is_started_restarted_and_stopped(self):
        self.dpkg("--purge", "larder")
        calls = self.pretend_systemd()
        self.dpkg("-i", package())
        self.assertEqual(calls(), ["start larder.service"])
        self.dpkg("-i", repackaged("99.1"))
        self.assertEqual(calls(), ["restart larder.service"])
        self.dpkg("--remove", "larder")
        self.assertEqual(calls(), ["stop larder.service"])
        self.dpkg("--purge", "larder")
        self.assertEqual(calls(), [])

    def test_a_service_that_was_switched_off_stays_off(self):
        calls = self.pretend_systemd()
        os.unlink(self.root.inside("/etc/systemd/system/multi-user.target.wants/larder.service"))
        self.dpkg("-i", repackaged("99.1"))
        self.assertEqual(calls(), [])

    def pretend_systemd(self):
        """Makes the root look as if systemd ran there. What is returned tells, and forgets, what
        systemctl was asked to do."""
        os.makedirs(self.root.inside("/run/systemd/system"))
        systemctl, log = self.root.inside("/usr/bin/systemctl"), self.root.inside("/run/calls")
        with open(systemctl, "w") as file:
            file.write("""#!/bin/sh
link=/etc/systemd/system/multi-user.target.wants/larder.service
case "$*" in
  *is-enabled*) [ -L "$link" ] || { echo disabled; exit 1; }; echo enabled ;;
  *preset*) mkdir -p "${link%/*}"; ln -s /lib/systemd/system/larder.service "$link" ;;
  *is-active*) [ -L "$link" ] ;;
  *) echo "$*" >>/run/calls ;;
esac
""")
        os.chmod(systemctl, 0o755)

        def calls():
            lines = read(log).splitlines() if os.path.exists(log) else []
            open(log, "w").close()
            lines = [re.sub(r"--\S+ ", "", line) for line in lines]
            return [line for line in lines if line != "daemon-reload" and not line.endswith("daemon-reload")]
        return calls


def enter_namespaces():
    """Starts this program again where it may mount and listen without anybody's noticing."""
    if os.geteuid() != 0:
        print("skipped: only root can install a package")
        sys.exit(SKIPPED)
    if not shutil.which("dpkg-query") or not os.path.exists("/var/lib/dpkg/info"):
        print("skipped: this is no Debian")
        sys.exit(SKIPPED)
    unshare = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    tried = subprocess.run(unshare + ["true"], stderr=subprocess.PIPE, text=True)
    if tried.returncode != 0:
        print("skipped: this machine gives root no namespaces: " + tried.stderr)
        sys.exit(SKIPPED)
    os.execvp("unshare", unshare + [sys.executable, "-B", *sys.argv, "--inside"])


def bring_up_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))


def main():
    global options
    parser = argparse.ArgumentParser()
    parser.add_argument("--packages", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--tools", required=True, help="where packaging/unpack-packages put logrotate")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options, others = parser.parse_known_args()
    if not options.inside:
        enter_namespaces()
    options.tools = os.path.abspath(options.tools)
    options.logrotate = os.path.join(options.tools, "usr/sbin/logrotate")
    options.libraries = glob.glob(os.path.join(options.tools, "usr/lib/*/"))
    if not os.path.exists(options.logrotate):
        sys.exit("no %s: `make test` brings it (make %s/unpacked)" % (options.logrotate, options.tools))
    run("mount", "-t", "tmpfs", "-o", "size=2g", "tmpfs", WORK)
    bring_up_loopback()
    unittest.main(argv=[sys.argv[0], *others], verbosity=2)


if __name__ == "__main__":
    main()
