"""The scripts that `make` calls, where they decide something."""

import os
import shutil
import subprocess
import tempfile
import unittest

from harness import NODE, ROOT

INSTALL_DEPS = os.path.join(ROOT, "scripts", "install-deps.sh")
TOOLS = "sh dirname sed grep tr env cat".split()
BUILD = "cc cmake ninja pkg-config curl".split()

# Writes down what it is asked, knows the packages of $KNOWN once there are
# lists, and fails $FAILURES times to install them.
APT = """#!/bin/sh
cd "$FAKE"
case "$0 $*" in
*apt-cache*) [ -e lists ] && grep -qwxe "$2" known && echo '  Candidate: 1.0' || echo '  Candidate: (none)' ;;
*indextargets*) cat lists 2>/dev/null ;;
*update*) echo update >>log; echo list >lists ;;
*--assume-no*)
    echo '0 upgraded, 841 newly installed, 0 to remove and 3 not upgraded.'
    echo 'Need to get 1,024 kB/430 MB of archives.'
    echo 'After this operation, 1,806 MB of additional disk space will be used.'
    exit 1 ;;
*install*)
    echo "install ${*##*recommends }" >>log
    [ -s failures ] || exit 0
    : >failures
    exit 100 ;;
esac
"""


class Systems(unittest.TestCase):
    """What one system's is stands in its folder, and the others have it, too."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tunnel-systems-")
        self.addCleanup(shutil.rmtree, self.folder)

    def check(self, **files):
        """Its breaches, in a tree with these; a _ in a name is a /."""
        for name, text in files.items():
            path = os.path.join(self.folder, name.replace("_", "/") + ".c")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        done = subprocess.run([os.path.join(ROOT, "scripts", "check_systems.py"), self.folder],
                              capture_output=True, text=True)
        lines = done.stdout.splitlines()
        self.assertEqual(done.returncode, 0 if "files ask for none" in lines[-1] else 1)
        return lines if done.returncode else []

    def test_conditions(self):
        """an #if that asks for the system, or for what only one has, is named"""
        for condition in ("#ifdef __linux__", "#if defined(__APPLE__)", "# ifndef MSG_NOSIGNAL",
                          "#if A || \\\n    defined __FreeBSD__", "#if __has_include(<x.h>)",
                          "#if 0\n#elif defined __GLIBC__"):
            [breach] = self.check(net_a=f"int a;\n{condition}\n#endif\n")
            self.assertIn("net/a.c:", breach)

    def test_others(self):
        """one that asks for a library or the processor is not, nor one in a system's folder"""
        self.assertEqual(self.check(net_a="#ifdef TUNNEL_QRENCODE\n#elif defined(__x86_64__)\n#endif\n",
                                    net_linux_b="#ifdef __GLIBC__\n#endif\n", net_bsd_b=""), [])

    def test_counterparts(self):
        """what Linux has a file for, others have: in bsd/, or each in its own"""
        self.assertEqual(len(self.check(net_a="", net_linux_b="")), 1)
        self.assertEqual(len(self.check(net_darwin_b="")), 1)
        self.assertEqual(self.check(net_freebsd_b=""), [])


class InstallDeps(unittest.TestCase):
    """A machine with next to nothing, and an apt-get that only pretends."""

    seconds = 60

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tunnel-scripts-")
        self.addCleanup(shutil.rmtree, self.folder)
        for tool in TOOLS:
            os.symlink(shutil.which(tool), os.path.join(self.folder, tool))
        self.program("id", "#!/bin/sh\necho 0\n")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def program(self, name, text="#!/bin/sh\n"):
        self.write(name, text)
        os.chmod(os.path.join(self.folder, name), 0o755)

    def have_apt(self, *known, lists=True):
        self.program("apt-get", APT)
        self.program("apt-cache", APT)
        self.write("known", "".join(f"{name}\n" for name in known))
        if lists:
            self.write("lists", "list\n")

    def have_build(self):
        for name in BUILD:
            self.program(name)

    def run_script(self, *groups):
        # /usr/sbin holds nothing that a group needs where it is a stranger's.
        env = {"PATH": self.folder, "FAKE": self.folder}
        done = subprocess.run([INSTALL_DEPS, *groups], env=env, capture_output=True, text=True)
        log = os.path.join(self.folder, "log")
        asked = open(log).read().splitlines() if os.path.exists(log) else []
        return done.returncode, done.stderr, asked

    def test_nothing(self):
        """all is there: not a word, and apt-get is left alone"""
        self.have_build()
        self.have_apt()
        self.assertEqual(self.run_script("build"), (0, "", []))

    def test_amount(self):
        """says how much it is before it installs"""
        self.have_build()
        os.remove(os.path.join(self.folder, "ninja"))
        self.have_apt("ninja-build")
        status, said, asked = self.run_script("build")
        self.assertEqual((status, asked), (0, ["install ninja-build"]))
        self.assertIn("841 packages, 430 MB to download, 1,806 MB on disk", said)

    def test_lists(self):
        """asks for package lists where there are none, and only there"""
        self.have_build()
        os.remove(os.path.join(self.folder, "cmake"))
        self.have_apt("cmake", lists=False)
        self.assertEqual(self.run_script("build")[::2], (0, ["update", "install cmake"]))

    def test_old_lists(self):
        """asks for new lists where what the old ones name is gone"""
        self.have_build()
        os.remove(os.path.join(self.folder, "cmake"))
        self.have_apt("cmake")
        self.write("failures", "one")
        asked = ["install cmake", "update", "install cmake"]
        self.assertEqual(self.run_script("build")[::2], (0, asked))

    def test_no_package_needed(self):
        """a release without a package that is needed: an end that names it"""
        self.have_build()
        os.remove(os.path.join(self.folder, "cmake"))
        self.have_apt("curl")
        status, said, asked = self.run_script("build")
        self.assertEqual((status, asked), (1, []))
        self.assertIn("no package of that name, and these are missing: cmake", said)

    def test_no_optional_package(self):
        """a processor that an optional library is not for: named, and no more"""
        self.have_build()
        self.program("cc", "#!/bin/sh\n! grep -q ipsec\n")
        self.have_apt("curl")
        status, said, asked = self.run_script("build")
        self.assertEqual((status, asked), (0, []))
        self.assertRegex(said, "missing: libipsec-mb-dev\n.*going on without")

    def test_no_package_for_some_tests(self):
        """a release without Chromium: named, and the rest is installed"""
        self.have_build()
        self.have_apt("coturn", "valgrind")
        status, said, asked = self.run_script("build", "test")
        self.assertEqual(status, 0, said)
        self.assertEqual([line.split()[0] for line in asked], ["install"])
        self.assertNotIn("chromium", asked[0])
        self.assertRegex(said, r"missing:.* chromium.*\n.*going on without")

    def test_no_apt(self):
        """without apt-get: goes on if all is there, else says what is missing"""
        self.have_build()
        self.assertEqual(self.run_script("build"), (0, "", []))
        os.remove(os.path.join(self.folder, "ninja"))
        status, said, _ = self.run_script("build")
        self.assertEqual(status, 1)
        self.assertIn("there is no apt-get here", said)
        self.assertRegex(said, "missing: ninja-build\n")

    def test_no_root(self):
        """without root and sudo: says what is missing"""
        self.have_build()
        os.remove(os.path.join(self.folder, "ninja"))
        self.have_apt("ninja-build")
        self.program("id", "#!/bin/sh\necho 1000\n")
        status, said, asked = self.run_script("build")
        self.assertEqual((status, asked), (1, []))
        self.assertRegex(said, "only root .* missing: ninja-build\n")

    def test_misuse(self):
        """quotes a group that is none"""
        status, said, _ = self.run_script("tets")
        self.assertEqual(status, 2)
        self.assertIn("(got 'tets')", said)


FLAKY = """
import os, unittest
class Flaky(unittest.TestCase):
    def test_it(self):
        with open(os.environ["TRIES"], "a") as file:
            file.write("x")
        self.assertGreater(os.path.getsize(os.environ["TRIES"]), int(os.environ["FAILURES"]))
"""


class SecondTry(unittest.TestCase):
    seconds = 60

    def run_flaky(self, failures, *args):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "test_flaky.py")
            with open(path, "w") as file:
                file.write(FLAKY)
            results = os.path.join(folder, "results")
            env = {**os.environ, "TRIES": os.path.join(folder, "tries"), "FAILURES": str(failures)}
            done = subprocess.run(
                [os.path.join(ROOT, "tests", "e2e", "run.py"), "--suite", "s",
                 "--results", results, *args, folder],
                env=env, capture_output=True,
            )  # fmt: skip
            kinds = [line.split("\t")[0] for line in open(results)]
            return done.returncode, kinds, os.path.getsize(env["TRIES"])

    def test_second_try(self):
        """a second try counts, and is named; there is no third"""
        self.assertEqual(self.run_flaky(0, "--second-try"), (0, ["pass"], 1))
        self.assertEqual(self.run_flaky(1, "--second-try"), (0, ["again", "pass"], 2))
        self.assertEqual(self.run_flaky(2, "--second-try"), (1, ["again", "fail"], 2))

    def test_only_where_asked(self):
        """a test of our own has one try"""
        self.assertEqual(self.run_flaky(1), (1, ["fail"], 1))


OLD_LLHTTP = """
Object.defineProperty(process, "versions", { value: { ...process.versions, llhttp: "6.1.0" } });
"""


@unittest.skipUnless(NODE, "there is no node")
class AgainstLlhttp(unittest.TestCase):
    seconds = 60

    def test_old(self):
        """an llhttp that is too old to compare with is named, and skipped"""
        with tempfile.NamedTemporaryFile("w", suffix=".cjs") as file:
            file.write(OLD_LLHTTP)
            file.flush()
            script = os.path.join(ROOT, "tests", "http", "against_llhttp.sh")
            env = {**os.environ, "NODE_OPTIONS": f"--require {file.name}"}
            done = subprocess.run([script, "/no/view", "/no/corpus"], env=env, text=True,
                                  capture_output=True)  # fmt: skip
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertRegex(done.stdout, r"^skipped: needs llhttp 8 or later .* has 6\.1\.0")


if __name__ == "__main__":
    unittest.main()
