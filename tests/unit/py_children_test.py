"""What a launcher has set for a program holds for it, and not for the programs that it starts."""

import shutil
import subprocess
import sys
from pathlib import Path

from absl.testing import absltest

TOOL = Path(__file__).absolute().parents[2] / "tools/relocatable/python"

# As after a launcher that has set all three; the user had the second.
ENVIRONMENT = {
    "FOO": "bar",
    "RELOCATABLE_RESTORE_FOO": "",
    "OLD": "ours",
    "RELOCATABLE_RESTORE_OLD": "=the user's",
    "PYTHONHOME_OF_IT": "x",
    "RELOCATABLE_RESTORE_PYTHONHOME_OF_IT": "",
    "RELOCATABLE_KEPT": "FOO:OLD:NOT_SET",
    "RELOCATABLE_RESTORE_RELOCATABLE_KEPT": "",
    "PATH": "/usr/bin:/bin",
}

BEGIN = """
import _relocatable
import ctypes, multiprocessing, os, subprocess, sys
SHOW = ["sh", "-c", 'echo "$1: ${FOO-unset}, ${OLD-unset}$(env | grep RELOCATABLE)"', "sh"]
def waited(pid):
    os.waitpid(pid, 0)
def forked(function, *arguments):
    if pid := os.fork():
        waited(pid)
    else:
        function(*arguments)
sys.stdout.reconfigure(line_buffering=True)
"""


class ChildrenTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path)
        shutil.copy(TOOL / "startup.py", self.directory / "_relocatable.py")
        shutil.copy(TOOL / "children.py", self.directory / "_relocatable_children.py")

    def run_there(self, code: str, **environment: str) -> list[str]:
        """Runs code after the start-up; gives its lines."""
        (self.directory / "main.py").write_text(BEGIN + code)
        done = subprocess.run(
            [
                sys.executable,
                "-I",
                "-c",
                f"import sys; sys.path.insert(0, {str(self.directory)!r}); import main",
            ],
            env={**ENVIRONMENT, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout.splitlines()

    def test_the_program_itself(self) -> None:
        lines = self.run_there("""
libc = ctypes.CDLL(None)
libc.getenv.restype = ctypes.c_char_p
for name in "FOO", "OLD", "PYTHONHOME_OF_IT", "RELOCATABLE_KEPT":
    print(os.environ.get(name), libc.getenv(name.encode()))
forked(lambda: (print(os.environ["FOO"]), os._exit(0)))
""")
        self.assertEqual(lines, ["bar b'bar'", "ours b'ours'", "None None", "None None", "bar"])

    def test_programs_that_it_starts(self) -> None:
        ways = {
            "run": "subprocess.run([*SHOW, 'run'])",
            "copy": "subprocess.run([*SHOW, 'copy'], env=dict(os.environ))",
            "fork": "subprocess.run([*SHOW, 'fork'], preexec_fn=lambda: None)",
            "spawn": "subprocess.run([*SHOW, 'spawn'], executable='/bin/sh', close_fds=False)",
            "posix_spawn": "waited(os.posix_spawn('/bin/sh', [*SHOW, 'posix_spawn'], os.environ))",
            "posix_spawnp": "waited(os.posix_spawnp('sh', [*SHOW, 'posix_spawnp'], os.environb))",
            "spawnv": "os.spawnv(os.P_WAIT, '/bin/sh', [*SHOW, 'spawnv'])",
            "spawnlpe": "os.spawnlpe(os.P_WAIT, 'sh', *SHOW, 'spawnlpe', os.environ)",
            "execv": "forked(os.execv, '/bin/sh', [*SHOW, 'execv'])",
            "execvp": "forked(os.execvp, 'sh', [*SHOW, 'execvp'])",
            "execve": "forked(os.execve, '/bin/sh', [*SHOW, 'execve'], os.environ)",
            "system": "os.system('echo system: ${FOO-unset}, ${OLD-unset}`env | grep RELOCAT`')",
            "popen": "print(os.popen('echo popen: ${FOO-unset}, ${OLD-unset}').read(), end='')",
        }
        lines = self.run_there("\n".join(ways.values()))
        self.assertEqual(lines, [f"{way}: unset, the user's" for way in ways])

    def test_what_is_the_programs_own(self) -> None:
        lines = self.run_there("""
subprocess.run([*SHOW, 'in a copy'], env=dict(os.environ, FOO='mine'))
without = dict(os.environ)
del without['OLD']
subprocess.run([*SHOW, 'gone in a copy'], env=without)
subprocess.run([*SHOW, 'by hand'], env={'FOO': 'bar', 'PATH': os.defpath})
os.environ['FOO'] = 'mine'
subprocess.run([*SHOW, 'set'])
os.system("sh -c 'echo system: $FOO'")
del os.environ['FOO'], os.environ['OLD']
subprocess.run([*SHOW, 'removed'])
print([name for name in os.environ if name.startswith('RELOCATABLE')])
""")
        self.assertEqual(
            lines,
            [
                "in a copy: mine, the user's",
                "gone in a copy: unset, unset",
                "by hand: bar, unset",
                "set: mine, the user's",
                "system: mine",
                "removed: unset, unset",
                "[]",
            ],
        )

    def test_an_environment_that_is_put_back(self) -> None:
        """As tests do it: what stands there afterwards is the launcher's, as before."""
        lines = self.run_there("""
import unittest.mock
with unittest.mock.patch.dict(os.environ, {'FOO': 'mine', 'X': '1'}):
    subprocess.run([*SHOW, 'inside'])
subprocess.run([*SHOW, 'outside'])
""")
        self.assertEqual(lines, ["inside: mine, the user's", "outside: unset, the user's"])

    def test_multiprocessing(self) -> None:
        """Its children are this Python, which another launcher starts; here there is none."""
        lines = self.run_there("""
context = multiprocessing.get_context('spawn')
process = context.Process(target=os.system, args=('echo ${FOO-unset}, ${OLD-unset}',))
process.start()
process.join()
""")
        self.assertEqual(lines, ["unset, the user's"])

    def test_the_status_of_a_command(self) -> None:
        lines = self.run_there("""
import signal, threading
print(os.waitstatus_to_exitcode(os.system('exit 3')), os.system(b'kill -9 $$'))
before = signal.getsignal(signal.SIGINT), signal.pthread_sigmask(signal.SIG_BLOCK, [])
os.system('kill -INT $$; echo not reached')
os.system('kill -INT $PPID')
print(before == (signal.getsignal(signal.SIGINT), signal.pthread_sigmask(signal.SIG_BLOCK, [])))
thread = threading.Thread(target=lambda: print(os.system('exit 1')))
thread.start()
thread.join()
""")
        self.assertEqual(lines, ["3 9", "True", "256"])

    def test_what_the_functions_refuse(self) -> None:
        lines = self.run_there("""
for call in (
    lambda: os.execve('/bin/sh', ['sh'], 5),
    lambda: os.execve('/bin/sh', ['sh'], {'A': 1}),
    lambda: os.execve('/bin/sh', ['sh'], None),
    lambda: os.execv('/no/such', ['sh']),
    lambda: subprocess.run(['true'], env={1: '2'}),
    lambda: os.system(5),
):
    try:
        call()
    except (TypeError, FileNotFoundError) as error:
        print(type(error).__name__)
print(os.execve in os.supports_fd)
""")
        self.assertEqual(
            lines, [*["TypeError"] * 3, "FileNotFoundError", *["TypeError"] * 2, "True"]
        )

    def test_a_descriptor_stands_for_the_root(self) -> None:
        """It is for this process: who starts another has to close it."""
        lines = self.run_there(
            """
print(os.get_inheritable(int(os.environ['FOO'].split('/')[4])))
""",
            FOO="/proc/self/fd/2/lib/locale",
        )
        self.assertEqual(lines, ["False"])

    def test_nothing_is_kept(self) -> None:
        lines = self.run_there(
            """
print('_relocatable_children' in sys.modules, sorted(os.environ.keys() - {'LC_CTYPE'}))
""",
            RELOCATABLE_KEPT="",
        )
        self.assertEqual(lines, ["False ['OLD', 'PATH']"])


if __name__ == "__main__":
    absltest.main()
