"""What `tunnel completion` prints, asked by the shells themselves: each is told
keys on a terminal, and a function in the place of the program says what the
line was when it was run."""

import os
import pty
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import TUNNEL, WRAP

SCRIPTS = {}


def setUpModule():
    for shell in ("bash", "zsh", "fish"):
        argv = [*WRAP, TUNNEL, "completion", shell]
        SCRIPTS[shell] = subprocess.run(argv, check=True, capture_output=True, text=True).stdout


class Shell:
    """One on a terminal of its own, in a folder of its own."""

    def __init__(self, argv, env=None):
        self.folder = tempfile.mkdtemp(prefix="tunnel-shell-")
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execvpe(argv[0], argv, {"PATH": os.environ["PATH"], "TERM": "dumb", "PS1": "",
                                       "HOME": self.folder, **(env or {})})
        self.pid = pid
        self.read = ""

    def wait_for(self, text):
        """What came before the text."""
        while text not in self.read:
            try:
                self.read += os.read(self.terminal, 65536).decode(errors="replace")
            except OSError as error:
                raise AssertionError(f"no '{text}' in '{self.read}'") from error
        before, self.read = self.read.split(text, 1)
        return before

    def type(self, keys):
        os.write(self.terminal, keys.encode())

    def line(self, keys):
        """The arguments that the program gets of what is typed."""
        self.type(keys + "\n")
        self.wait_for("<<")
        return self.wait_for(">>").split("|")[:-1]

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.pid, 0)
        shutil.rmtree(self.folder)


class Completion(unittest.TestCase):
    seconds = 120

    def start(self, argv, script, setup):
        if not shutil.which(argv[0]):
            self.skipTest(f"there is no {argv[0]}")
        shell = Shell(argv)
        self.addCleanup(shell.close)
        for name, text in (("script", script), ("a file", ""), ("setup", setup)):
            with open(os.path.join(shell.folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        os.mkdir(os.path.join(shell.folder, "folder"))
        shell.type(". ./setup\n")
        shell.wait_for("ready:")
        return shell

    def check_keys(self, shell, has_joined=False):
        """What all shells do with one tab. has_joined: puts = behind a flag."""
        for keys, argv in (
                ("tunnel prox\t--pi\tfir\t", ["proxy", "--pick=first"]),
                ("tunnel serve --preserve-h\t", ["serve", "--preserve-host"]),
                ("tunnel serve --log-form\tj\t", ["serve", "--log-format=json"]),
                ("tunnel proxy --link-file a\t", ["proxy", "--link-file", "a file"]),
                ("tunnel serve --state fo\t", ["serve", "--state", "folder/"]),
                ("tunnel revoke --st\tfo\t", ["revoke", "--state=folder/"]),
                ("tunnel run a\t", ["run", "a file"]),
                ("tunnel revoke ph\t", ["revoke", "phone"]),
                ("tunnel requests --device pa\t", ["requests", "--device", "pad"]),
                ("tunnel revoke --state elsewhere fa\t", ["revoke", "--state", "elsewhere", "far"]),
                ("tunnel requests --state elsewhere --device \t",
                 ["requests", "--state", "elsewhere", "--device", "far"]),
                ("tunnel revoke --state a:b\\ c\\'d fa\t", ["revoke", "--state", "a:b c'd", "far"]),
                ("tunnel revoke --state \"a:b c'd\" fa\t", ["revoke", "--state", "a:b c'd", "far"]),
                ("tunnel revoke --state 'a:b c'\\''d' fa\t", ["revoke", "--state", "a:b c'd", "far"]),
                ("tunnel serve --without sse,fi\t", ["serve", "--without", "sse,fields"]),
                ("tunnel proxy --without fo\t", ["proxy", "--without", "forwarded"]),
                ("tunnel proxy --stun n\t", ["proxy", "--stun", "none"]),
                ("tunnel proxy --control no\t", ["proxy", "--control", "none"]),
                ("tunnel serve --access-log a\t", ["serve", "--access-log", "a file"]),
                ("tunnel doctor --interface lo\t", ["doctor", "--interface", "lo"]),
                ("tunnel completion fi\t", ["completion", "fish"])):
            if not has_joined:
                argv = [part for word in argv for part in word.split("=")]
            with self.subTest(keys=keys):
                self.assertEqual(shell.line(keys), argv)

    def test_bash(self):
        """bash completes commands, options, values, files and folders"""
        shell = self.start(["bash", "--norc", "--noprofile", "-i"], SCRIPTS["bash"], r"""
            bind 'set enable-bracketed-paste off'
            bind '"\C-a": insert-completions'
            tunnel() {
                case "$*" in
                invites) printf 'NAME MADE\nphone now\n  from there\npad now\n' ;;
                'invites --state elsewhere' | "invites --state a:b c'd") printf 'NAME MADE\nfar now\n' ;;
                *) printf '<<'; printf '%s|' "$@"; printf '>>' ;;
                esac
            }
            . ./script; printf 'ready%s' :; """)
        self.check_keys(shell)
        for keys, words in (
                ("tunnel proxy --pick \x01", ["proxy", "--pick", "balanced", "first"]),
                ("tunnel proxy --without sse,f\x01",
                 ["proxy", "--without", "sse,fields", "sse,flow", "sse,forwarded"]),
                ("tunnel status --control no\x01", ["status", "--control", "no"]),
                ("tunnel serve --log-level=w\t", ["serve", "--log-level=warn"]),
                ("tunnel invites \x01", ["invites", "--help", "--json", "--state", "--version"]),
                ("tunnel completion b\x01", ["completion", "bash"]),
                ("tunnel run --c\x01", ["run", "--config"]),
                ("tunnel proxy --listen \x01", ["proxy", "--listen"])):
            with self.subTest(keys=keys):
                self.assertEqual(shell.line(keys), words)

    def test_zsh(self):
        """zsh does"""
        shell = self.start(["zsh", "-f", "-i"], SCRIPTS["zsh"], r"""
            autoload -Uz compinit; compinit -u -D; unset zle_bracketed_paste
            setopt no_auto_remove_slash
            tunnel() {
                case "$*" in
                invites) printf 'NAME MADE\nphone now\n  from there\npad now\n' ;;
                'invites --state elsewhere' | "invites --state a:b c'd") printf 'NAME MADE\nfar now\n' ;;
                *) printf '<<'; printf '%s|' "$@"; printf '>>' ;;
                esac
            }
            . ./script; printf 'ready%s' :; """)
        self.check_keys(shell, has_joined=True)

    def test_fish(self):
        """fish does, by its own command for that"""
        if not shutil.which("fish"):
            self.skipTest("there is no fish")
        folder = tempfile.mkdtemp(prefix="tunnel-shell-")
        self.addCleanup(shutil.rmtree, folder)
        os.mkdir(os.path.join(folder, "folder"))
        for line, wanted in (("tunnel prox", ["proxy"]), ("tunnel proxy --pi", ["--pick"]),
                             ("tunnel proxy --pick ", ["balanced", "first"]),
                             ("tunnel serve --state fo", ["folder/"]),
                             ("tunnel revoke p", ["pad", "phone"]),
                             ("tunnel revoke --state elsewhere ", ["far"]),
                             ("tunnel revoke --state=elsewhere ", ["far"]),
                             ("tunnel revoke --state a:b\\ c\\'d ", ["far"]),
                             ("tunnel revoke --state=\"a:b c'd\" ", ["far"]),
                             ("tunnel requests --device p", ["pad", "phone"]),
                             ("tunnel serve --without sse,fi", ["sse,fields"]),
                             ("tunnel serve --without b", ["bundle"]),
                             ("tunnel proxy --stun ", ["none"]),
                             ("tunnel proxy --control no", ["none"]),
                             ("tunnel proxy --interface lo", ["lo"]),
                             ("tunnel serve --pi", []), ("tunnel requests --fo", ["--follow"]),
                             ("tunnel completion ", ["bash", "fish", "zsh"])):
            with self.subTest(line=line):
                done = subprocess.run(["fish", "--no-config", "-c",
                                       'source (printf %s $argv[1] | psub); function tunnel; '
                                       'if string match -qr "^invites --state=(elsewhere|a:b c.d)\$" "$argv"; printf "NAME MADE\\nfar now\\n"; '
                                       'else; printf "NAME MADE\\nphone now\\n  from there\\npad now\\n"; end; end; '
                                       'complete -C $argv[2]',
                                       SCRIPTS["fish"], line], capture_output=True, text=True,
                                      cwd=folder, env={**os.environ, "HOME": folder}, check=False)
                words = [row.split("\t")[0] for row in done.stdout.splitlines()]
                self.assertEqual(words, wanted, done.stderr)

    def test_enumerated(self):
        """each option whose error tells all its values is completed by these"""
        count = 0
        for command in ("serve", "proxy", "run", "invite", "invites", "revoke", "status", "requests", "doctor"):
            described = subprocess.run([TUNNEL, command, "--help"], capture_output=True, text=True, check=True).stdout
            for flag in re.findall(r"(?m)^  (--[a-z-]+) [A-Z]", described):
                done = subprocess.run([TUNNEL, command, flag, "no such value", "--end"], capture_output=True, text=True,
                                      check=False, stdin=subprocess.DEVNULL)
                listed = re.search(r" must be (?:one or more of )?((?:[a-z]+, )*[a-z]+ (?:or|and) [a-z]+)(?:, between "
                                   r"commas)?$", done.stderr.strip())
                if not listed:
                    continue
                count += 1
                words = re.split(", | or | and ", listed[1])
                with self.subTest(command=command, flag=flag):
                    self.assertRegex(SCRIPTS["bash"], f"(?m)^    {command}:{flag}\\) _tunnel_[a-z]+ '{' '.join(words)}';")
                    self.assertRegex(SCRIPTS["zsh"], f"(?m)\\*{flag}=.*[( ]{' '.join(words)}\\b")
                    self.assertRegex(SCRIPTS["fish"], f"(?m)from {command}' -l {flag[2:]} .*[' ]{' '.join(words)}\\b")
        self.assertGreater(count, 9)

    def test_misuse(self):
        """another shell is named, with those that there are"""
        for argv, error in (
                (["csh"], "tunnel: argument 'csh' must be bash, zsh or fish\n"),
                ([], "tunnel: completion needs the name of a SHELL: bash, zsh or fish\n")):
            done = subprocess.run([TUNNEL, "completion", *argv], capture_output=True, text=True,
                                  check=False)
            self.assertEqual((done.returncode, done.stderr), (2, error))
