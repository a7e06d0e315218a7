"""A small Debian in a folder, for a test that installs a package.

It is made of the packages of this machine, without a network and in a few seconds: those that every
Debian has (Essential), and those that the package under test says it needs, with all that these need
in turn. Nothing else is in it, so a dependency that was forgotten is missing there.
"""

import os
import re
import shutil
import stat
import subprocess

# What takes long to copy, and nobody in there reads.
LEFT_OUT = ("/usr/share/doc/", "/usr/share/man/", "/usr/share/locale/", "/usr/share/info/",
            "/usr/share/lintian/", "/usr/share/bash-completion/")


class Packages:
    """What is installed on this machine, as dpkg knows it."""

    def __init__(self):
        fields = ("binary:Package", "Package", "Essential", "Pre-Depends", "Depends", "Provides",
                  "db:Status-Status")
        form = "\\t".join("${%s}" % field for field in fields) + "\\n"
        listing = subprocess.run(["dpkg-query", "-W", "-f", form], check=True, text=True,
                                 stdout=subprocess.PIPE).stdout
        self.by_name = {}  # also by what packages provide
        self.essential = []
        for line in listing.splitlines():
            full, name, essential, pre_depends, depends, provides, status = line.split("\t")
            if status != "installed":
                continue
            package = (full, name, split_groups(pre_depends) + split_groups(depends))
            self.by_name[name] = package
            for (provided,) in split_groups(provides):
                self.by_name.setdefault(provided, package)
            if essential == "yes":
                self.essential.append(name)

    def needed_for(self, depends):
        """The names of all packages that a root needs in which `depends` holds."""
        found = {}
        waiting = split_groups(depends) + [[name] for name in self.essential]
        while waiting:
            alternatives = waiting.pop()
            package = next((self.by_name[name] for name in alternatives if name in self.by_name), None)
            if package is None:
                raise RuntimeError("not installed on this machine: " + " or ".join(alternatives))
            if package[0] not in found:
                found[package[0]] = package[1]
                waiting += package[2]
        return found


def split_groups(relation):
    """'a (>= 1) | b, c:any' as [[a, b], [c]]."""
    groups = [[re.match(r"[^\s(:\[]+", name.strip()).group() for name in group.split("|")]
              for group in relation.split(",") if group.strip()]
    return groups


class Root:
    """A folder that programs take for the whole machine."""

    def __init__(self, path):
        self.path = path

    def inside(self, path):
        """Where a path of the root is for us."""
        return os.path.join(self.path, path.lstrip("/"))

    def run(self, *line):
        """Runs a program of the root, as its administrator, and with nothing to answer questions."""
        environment = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin", "LC_ALL": "C.UTF-8",
                       "DEBIAN_FRONTEND": "noninteractive"}
        return subprocess.run(["chroot", self.path, *line], env=environment, text=True, timeout=300,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def layer(self, path):
        """A root that is like this one and can be changed without changing it."""
        upper, work, whole = (os.path.join(path, name) for name in ("upper", "work", "root"))
        for folder in (upper, work, whole):
            os.makedirs(folder)
        subprocess.run(["mount", "-t", "overlay", "overlay", whole, "-o",
                        "lowerdir=%s,upperdir=%s,workdir=%s" % (self.path, upper, work)], check=True)
        layer = Root(whole)
        layer.mount_proc()
        return layer

    def mount_proc(self):
        subprocess.run(["mount", "-t", "proc", "proc", self.inside("/proc")], check=True)


class DebianRoot(Root):
    """`depends` is what a package's control file says."""

    def __init__(self, path, depends):
        super().__init__(path)
        os.makedirs(path)
        packages = Packages().needed_for(depends)
        self._copy_files(packages)
        self._copy_package_database(packages)
        self._finish()

    def add_program(self, program, library_folders):
        """A program that belongs to no package of the root, and the libraries that it needs."""
        shutil.copy2(program, self.inside("/usr/local/bin"))
        listing = subprocess.run(["ldd", program], check=True, text=True, stdout=subprocess.PIPE,
                                 env={**os.environ, "LD_LIBRARY_PATH": ":".join(library_folders)}).stdout
        for name, path in re.findall(r"(\S+) => (/\S+) \(0x", listing):
            if not os.path.exists(self.inside(os.path.realpath(path))):
                shutil.copy2(path, self.inside("/usr/local/lib/" + name))
        subprocess.run(["ldconfig", "-r", self.path], check=True)

    def _copy_files(self, packages):
        # /bin and its like are links on a Debian of today, which packages still name as folders.
        for name in os.listdir("/"):
            if os.path.islink("/" + name):
                os.symlink(os.readlink("/" + name), self.inside(name))
        paths = set()
        for full in packages:
            with open(list_file(full, "list")) as lines:
                paths.update(line.rstrip("\n") for line in lines)
        wanted = []
        for path in sorted(paths):
            if path == "/." or path.startswith(LEFT_OUT) or not os.path.lexists(path):
                continue
            if os.path.islink(path) and os.path.dirname(path) == "/":
                continue
            wanted.append("." + os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)))
        pack = subprocess.Popen(["tar", "-C", "/", "--no-recursion", "-cf", "-", "-T", "-"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        unpack = subprocess.Popen(["tar", "-C", self.path, "-xpf", "-", "--keep-directory-symlink"],
                                  stdin=pack.stdout)
        pack.stdout.close()
        pack.stdin.write("\n".join(dict.fromkeys(wanted)).encode())
        pack.stdin.close()
        if pack.wait() != 0 or unpack.wait() != 0:
            raise RuntimeError("the packages of this machine could not be copied")

    def _copy_package_database(self, packages):
        database = self.inside("/var/lib/dpkg")
        for folder in ("info", "updates", "triggers", "alternatives"):
            os.makedirs(os.path.join(database, folder), exist_ok=True)
        shutil.copy2("/var/lib/dpkg/info/format", os.path.join(database, "info"))
        for full in packages:
            for ending in ("list", "md5sums", "conffiles", "preinst", "postinst", "prerm", "postrm"):
                source = list_file(full, ending)
                if os.path.exists(source):
                    shutil.copy2(source, os.path.join(database, "info"))
        with open(os.path.join(database, "status"), "w") as status:
            subprocess.run(["dpkg-query", "-s", *packages], check=True, stdout=status)
        open(os.path.join(database, "available"), "w").close()

    def _finish(self):
        """What the scripts of those packages would have done."""
        for name in ("passwd", "group"):
            shutil.copy2(self.inside("/usr/share/base-passwd/%s.master" % name), self.inside("/etc/" + name))
        for name in ("shadow", "gshadow"):
            os.close(os.open(self.inside("/etc/" + name), os.O_CREAT | os.O_WRONLY, 0o640))
        shutil.copy2(self.inside("/usr/share/libc-bin/nsswitch.conf"), self.inside("/etc/nsswitch.conf"))
        for folder, mode in (("tmp", 0o1777), ("run", 0o755), ("proc", 0o555), ("dev", 0o755), ("etc/alternatives", 0o755)):
            os.makedirs(self.inside(folder), exist_ok=True)
            os.chmod(self.inside(folder), mode)
        for folder in ("bin", "lib"):
            os.makedirs(self.inside("/usr/local/" + folder), exist_ok=True)
        for name in os.listdir("/etc/alternatives"):
            link = "/etc/alternatives/" + name
            if os.path.islink(link) and os.path.lexists(self.inside(os.readlink(link))):
                os.symlink(os.readlink(link), self.inside(link))
                # The way to it, as /usr/bin/awk, belongs to no package.
                for folder in ("/usr/bin/", "/usr/sbin/"):
                    if os.path.islink(folder + name) and os.readlink(folder + name) == link:
                        os.symlink(link, self.inside(folder + name))
        for name, number in (("null", 3), ("zero", 5), ("random", 8), ("urandom", 9)):
            device = self.inside("/dev/" + name)
            os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, number))
            os.chmod(device, 0o666)
        subprocess.run(["ldconfig", "-r", self.path], check=True)
        self.mount_proc()


def list_file(full_name, ending):
    """A file of dpkg's about an installed package, whose name has the architecture in it or not."""
    short_name = full_name.split(":")[0]
    for name in (full_name, short_name, short_name + ":" + architecture()):
        path = "/var/lib/dpkg/info/%s.%s" % (name, ending)
        if os.path.exists(path):
            return path
    return path


def architecture():
    if not hasattr(architecture, "name"):
        architecture.name = subprocess.run(["dpkg", "--print-architecture"], check=True, text=True,
                                           stdout=subprocess.PIPE).stdout.strip()
    return architecture.name
