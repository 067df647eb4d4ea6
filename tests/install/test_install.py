"""What was built, as somebody else's program gets hold of it: test_install.py BUILD SCRATCH CC...

Installs into a folder of the test's own and compiles consumer.c against it; and once more as a
subproject. Prints TAP.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SAYS = re.compile(r"recur \d+\.\d+\.\d+ wrote, token 1 the last\n")
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]

PROJECT = """project('consumer', 'c', default_options: ['c_std=c17'])
executable('consumer', 'consumer.c', dependencies: dependency('recur', version: '>=0.1'))
"""


class Skip(Exception):
    """What the case needs is not there."""


def run(*command, **environment):
    """The command's output; a failure is an AssertionError that shows it."""
    result = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False,
        env={**os.environ, **environment},
    )
    if result.returncode:
        raise AssertionError(f"{command}:\n{result.stdout}{result.stderr}")
    return result.stdout


def expect(good, sentence):
    if not good:
        raise AssertionError(sentence)


class Installed:
    """The tree that `meson install` made, and a compiler that uses it."""

    def __init__(self, build, scratch, compiler):
        self.scratch, self.compiler, self.root = scratch, compiler, scratch / "root"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        run("meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", self.root)
        self.pc = next(self.root.rglob("recur.pc"), None)
        expect(self.pc, "recur.pc was not installed")
        self.lib = self.pc.parent.parent

    def flags(self, *arguments):
        """What pkg-config says, for the tree where it lies."""
        paths = {"PKG_CONFIG_PATH": str(self.pc.parent), "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}
        prefix = self.lib.parent
        while not (prefix / "include").is_dir():
            prefix = prefix.parent
        define = f"--define-variable=prefix={prefix}"
        return run("pkg-config", define, *arguments, "recur", **paths).split()

    def compile(self, compiler, name, flags):
        program = self.scratch / name
        run(*compiler, *STRICT, *self.flags("--cflags"), HERE / "consumer.c", "-o", program, *flags)
        return program

    def check_runs(self, program):
        said = run(program, LD_LIBRARY_PATH=str(self.lib))
        expect(SAYS.fullmatch(said), f"the program said {said!r}")


def files(installed):
    """Headers, both libraries, the command, the manual, completions for shells: what the tree has, and nothing else."""
    headers = sorted(path.name for path in (ROOT / "include/recur").iterdir())
    there = [path.relative_to(installed.root) for path in installed.root.rglob("*")]
    names = sorted(path.name for path in there if not (installed.root / path).is_dir())
    pages = {name.removesuffix(".3") for name in names if re.fullmatch(r"recur_\w+\.3", name)}
    names = [name for name in names if name.removesuffix(".3") not in pages]
    exported = re.findall(r"^recur_\w+$", (ROOT / "src/librecur.symbols").read_text(), re.MULTILINE)
    lack = [name for name in exported if name not in pages]
    expect(not lack, f"no manual page for {lack}")
    version = re.search(r'RECUR_VERSION "(.*)"', (ROOT / "include/recur/api.h").read_text())[1]
    library = ["librecur.a", "librecur.so", "librecur.so.0", f"librecur.so.{version}"]
    plugins = [f"librecur-{mpi}.so" for mpi in ("mpich", "openmpi")]  # of each MPI that was found
    library += [name for name in plugins if name in names]
    completions = ["_recur", "recur", "recur.fish"]
    wanted = sorted([*headers, *library, *completions, "recur", "recur.1", "recur.3", "recur.pc"])
    expect(names == wanted, f"there is {names}, expected {wanted}")


def soname(installed):
    """A program that is linked asks for librecur.so.0, and for nothing else that is new to it."""
    program = installed.compile(installed.compiler, "linked", installed.flags("--libs"))
    needed = re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", program))
    expect("librecur.so.0" in needed, f"the program needs {needed}")
    expect(not any("utf8proc" in name for name in needed), f"the program needs {needed}")


def shared(installed):
    """pkg-config, the shared library."""
    installed.check_runs(
        installed.compile(installed.compiler, "shared", installed.flags("--libs"))
    )


def static(installed):
    """pkg-config --static: a program that needs no library at run time."""
    try:
        flags = installed.flags("--static", "--libs")
        program = installed.compile(installed.compiler, "static", ["-static", *flags])
    except AssertionError as problem:
        missing = re.search(r"cannot find -l(?!recur)\S+", str(problem))
        if missing:
            raise Skip(missing[0]) from problem
        raise
    expect("NEEDED" not in run("readelf", "-d", program), "the program needs shared libraries")
    installed.check_runs(program)


def cplusplus(installed):
    """The same source as C++."""
    compiler = shutil.which("c++")
    if not compiler:
        raise Skip("no C++ compiler")
    flags = ["-x", "none", *installed.flags("--libs")]
    command = [compiler, "-std=c++17", "-x", "c++"]
    installed.check_runs(installed.compile(command, "cplusplus", flags))


def manual(installed):
    """The manual pages are ones."""
    if not shutil.which("man"):
        raise Skip("no man")
    for page in installed.root.rglob("recur.[13]*"):
        result = subprocess.run(
            ["man", "--warnings", "-l", "-Tutf8", page], capture_output=True, text=True,
            check=False, env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"},
        )
        expect(result.returncode == 0 and not result.stderr, f"{page}: {result.stderr}")
    pages = sorted(installed.root.rglob("recur_*.3"))
    if shutil.which("groff"):  # which is what man uses; all at once
        result = subprocess.run(["groff", "-man", "-ww", "-Tutf8", *pages], capture_output=True,
                                text=True, check=False)
        expect(result.returncode == 0 and not result.stderr, result.stderr)
    page = next(page for page in pages if page.name == "recur_model_load.3").read_text()
    for piece in ("recur_model_load \\- Reads a model", "#include <recur/model.h>",
                  "recur_model_load(const char *path", "Errors: FILE, MEMORY"):
        expect(piece in page, f"recur_model_load.3 lacks {piece}")


STEPS = """#!/bin/sh
echo "ninja: Entering directory"
echo "[0/1] Regenerating build files."
echo "The Meson build system"
for step in 1 2 3 4 5 6 7 8; do echo "[$step/8] Compiling $step"; done
echo "a warning"
exit $FAKE_STATUS
"""


def makefile(installed):
    """make, with a meson and a ninja that only tell what they were asked: where it installs to, and
    that it says what it does where there is no terminal."""
    fakes, build = installed.scratch / "fakes", installed.scratch / "made"
    log = installed.scratch / "asked"
    for folder in fakes, build / "meson-private":
        folder.mkdir(parents=True)
    (build / "build.ninja").touch()
    (build / "meson-private/recur.pc").write_text("prefix=/usr/local\n")
    for name, text in {"meson": f"#!/bin/sh\necho $* >>{log}\n", "ninja": STEPS}.items():
        (fakes / name).write_text(text)
        (fakes / name).chmod(0o755)
    path = f"{fakes}:{os.environ['PATH']}"

    def make(*arguments, status=0):
        log.write_text("")
        result = subprocess.run(
            ["make", "-s", "-C", ROOT, *arguments, f"BUILD={build}"], capture_output=True, text=True,
            check=False, env={**os.environ, "PATH": path, "FAKE_STATUS": str(status), "PREFIX": ""},
        )
        expect((result.returncode == 0) == (status == 0), f"make: {result}")
        return result.stdout, log.read_text().replace(str(build), "BUILD").split("\n")[:-1]

    install = "install -C BUILD --no-rebuild"
    steps = "".join(f"{build}: {step} of 8 steps\n" for step in (1, 2, 4, 6, 8)) + "a warning\n"
    said, asked = make()
    expect(said == steps and not asked, f"make said {said}, asked {asked}")
    expect(make(status=1)[0] == steps, "make failed in silence")
    for arguments, wanted in (
        (["DESTDIR=/d"], [f"{install} --destdir /d"]),
        (["DESTDIR=here"], [f"{install} --destdir {ROOT}/here"]),
        (["DESTDIR=/d", "PREFIX=/usr/local"], [f"{install} --destdir /d"]),
        (["DESTDIR=/d", "PREFIX=/p/"], ["configure BUILD --prefix /p", f"{install} --destdir /d"]),
        (["DESTDIR=/d", "PREFIX=~/p"], [f"configure BUILD --prefix {os.environ['HOME']}/p",
                                        f"{install} --destdir /d"]),
        (["DESTDIR=/d", "PREFIX=p"], [f"configure BUILD --prefix {ROOT}/p",
                                      f"{install} --destdir /d"]),
    ):
        asked = make("install", *arguments)[1]
        expect(asked == wanted, f"make install {arguments} asked {asked}, expected {wanted}")


def subproject(installed, kind):
    """Meson: dependency('recur') where this tree is a subproject."""
    folder = installed.scratch / "consumer"
    build = folder / "build"
    options = [f"-Drecur:default_library={kind}"]
    if not build.exists():
        (folder / "subprojects").mkdir(parents=True)
        (folder / "subprojects/recur").symlink_to(ROOT)
        (folder / "meson.build").write_text(PROJECT)
        shutil.copy(HERE / "consumer.c", folder)
        options += ["--force-fallback-for=recur", "-Drecur:werror=true", "-Doptimization=1"]
        if platform.machine() == "x86_64":
            options.append("-Drecur:isas=avx2")  # which kernels there are makes no difference here
        run("meson", "setup", build, folder, *options, CC=" ".join(installed.compiler))
    else:  # the kernels need not be compiled again
        run("meson", "configure", build, *options)
    run("ninja", "-C", build, "consumer")
    needed = run("readelf", "-d", build / "consumer")
    expect(("librecur.so.0" in needed) == (kind == "shared"), needed)
    said = run(build / "consumer")
    expect(SAYS.fullmatch(said), f"the program said {said!r}")
    made = sorted(path.name for path in (build / "subprojects/recur").iterdir())
    expect("tests" not in made and "examples" not in made, f"the subproject made {made}")


def subproject_shared(installed):
    """A subproject, its shared library."""
    subproject(installed, "shared")


def subproject_static(installed):
    """A subproject, its static library."""
    subproject(installed, "static")


def main():
    build, scratch, *compiler = sys.argv[1:]
    cases = [
        files, soname, shared, static, cplusplus, manual, makefile, subproject_shared,
        subproject_static,
    ]
    installed, failed = Installed(build, Path(scratch).resolve(), compiler), 0
    for number, case in enumerate(cases, 1):
        try:
            case(installed)
            print(f"ok {number} - {case.__name__}")
        except Skip as reason:
            print(f"ok {number} - {case.__name__} # SKIP {reason}")
        except AssertionError as problem:
            failed += 1
            print(f"not ok {number} - {case.__name__}")
            print("\n".join(f"# {line}" for line in str(problem).split("\n")))
    print(f"1..{len(cases)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
