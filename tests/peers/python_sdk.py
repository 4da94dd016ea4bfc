"""Runs the official Python SDK, unmodified, against the emulator, and checks what it gets back.

    python tests/peers/python_sdk.py EMULATOR REPORT [SCENARIO...]

EMULATOR is the program, and REPORT a file for the figures, or `-`. Every scenario gets an emulator of its
own: the SDK cannot share the clock that some of them advance. A public method counts as run when it returned inside a scenario whose checks all held; what
does not run stands in `not_run.txt`, with its reason. The exit status is 0 when all of this holds.
"""

import inspect
import json
import os
import sys
import traceback
from fnmatch import fnmatch
from pathlib import Path

from python_harness import SCENARIOS, VERSION, Emulator, Run

import python_auth  # noqa: F401, they add their scenarios
import python_apps  # noqa: F401
import python_company  # noqa: F401
import python_errors  # noqa: F401
import python_mgmt  # noqa: F401
import python_newer  # noqa: F401
import python_relations  # noqa: F401
import python_users  # noqa: F401

HERE = Path(__file__).parent


def main():
    program, report, *only = sys.argv[1:]
    ran, failed, tried = set(), 0, 0
    for scenario in SCENARIOS:
        if only and scenario.__name__ not in only:
            continue
        tried += 1
        emulator = Emulator(program, scenario.options)
        os.environ["DESCOPE_BASE_URI"] = emulator.base
        try:
            run = Run(emulator)
            every = all_methods(run.client)
            scenario(run)
            ran |= run.called
        except Exception as error:
            failed += 1
            here = [at for at in traceback.extract_tb(error.__traceback__) if str(HERE) in at.filename]
            at = [frame for frame in here if frame.name == scenario.__name__] or here
            print(f"FAILED {scenario.__name__}, line {at[-1].lineno}: {type(error).__name__}: {str(error)[:300]}")
        finally:
            emulator.process.kill()
            emulator.process.wait()
    run, missing = sorted(ran & every), sorted(every - ran)
    print(f"descope {VERSION} for Python: {len(run)} of {len(every)} methods run, {tried - failed} of {tried} scenarios hold")
    if only:
        sys.exit(bool(failed))
    wrong = unexplained(f"python-{VERSION}", missing)
    print("\n".join(wrong), end="\n" if wrong else "")
    if report != "-":
        figures = {"version": VERSION, "run": run, "missing": missing, "scenarios": tried}
        Path(report).write_text(json.dumps(figures, indent=1))
    sys.exit(bool(failed or wrong))


def unexplained(sdk, missing):
    """Methods that do not run and have no reason, and reasons of methods that do."""
    lines = (HERE / "not_run.txt").read_text().splitlines()
    lines = [line.split(" ", 2) for line in lines if line and not line.startswith("#")]
    patterns = [pattern for of, pattern, _ in lines if fnmatch(sdk, of)]
    listed = lambda method: any(fnmatch(method, pattern) for pattern in patterns)
    wrong = [f"{method} does not run, and not_run.txt does not say why" for method in missing if not listed(method)]
    stale = [pattern for pattern in patterns if not any(fnmatch(method, pattern) for method in missing)]
    return wrong + [f"{pattern} is in not_run.txt, but runs" for pattern in stale]


def all_methods(client):
    """The public methods of the client and of its areas."""
    found = set()

    def walk(area, path):
        for name in dir(type(area)):
            if name.startswith("_"):
                continue
            if isinstance(inspect.getattr_static(type(area), name), property):
                if path in ("client", "client.mgmt"):
                    walk(getattr(area, name), f"{path}.{name}")
            elif callable(getattr(type(area), name)):
                found.add(f"{path}.{name}")

    walk(client, "client")
    return found


if __name__ == "__main__":
    main()
