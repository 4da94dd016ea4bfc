"""Holds the tables of src/guide/conformance.md against what was measured.

    python3 tests/peers/page.py check      (fails if the page says otherwise)
    python3 tests/peers/page.py write      (writes what was measured into the page)

The methods of the SDKs come from the reports of `.ci/peers` in target/peers, the recordings from
target/tmp/recordings.json, which the test `conformance` writes. Without it, or without a report, the
columns stay as they are.
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "src/guide/conformance.md"
REPORTS = ["python-1.7.1", "python-2.16.1", "node"]
RECORDED = ["operations", "replayed", "equal", "as_go", "listed"]
NONE = "–"
# Where Node has another name or place for an area, and for the methods of it.
NODE = {"magicLink": "magiclink", "enchantedLink": "enchantedlink", "accessKey": "client"}


def area(method):
    """The area of a method, by the name that Python has for it."""
    parts = method.removeprefix("client.").split(".")
    if parts[0] in ("management", "mgmt"):
        name = re.sub("([A-Z])", r"_\1", parts[1]).lower()
        return f"mgmt.{'flow' if name == 'theme' else name}"
    return NODE.get(parts[0], parts[0] if len(parts) > 1 else "client")


def load(path):
    return json.loads(path.read_text()) if path.exists() else None


def cells(areas):
    """The cells of each row, in the order of the columns; None for those of which nothing is known."""
    recorded = load(ROOT / "target/tmp/recordings.json")
    columns = []
    for name in RECORDED:
        column = recorded and Counter()
        for of, figures in (recorded or {}).items():
            column[of if of in areas else "others"] += figures[name]
        columns.append(column)
    for name in REPORTS:
        report = load(ROOT / f"target/peers/{name}.json")
        if report is None:
            columns.append(None)
            continue
        group = lambda methods: Counter(of if of in areas else "others" for of in map(area, methods))
        run, missing = group(report["run"]), group(report["missing"])
        every = run + missing
        column = {of: f"{run[of]} of {every[of]}" for of in every}
        column["total"] = f"{sum(run.values())} of {sum(every.values())}"
        columns.append(column)
    return columns


def main():
    text = PAGE.read_text()
    before, table, after = re.split("(?<=<!-- areas -->\n\n)|(?=\n<!-- end of areas -->)", text)
    head, rule, *rows = table.strip().split("\n")
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    columns = cells({row[0].strip("`*") for row in rows})
    for row in rows:
        of = row[0].strip("`*")
        for at, column in enumerate(columns, 1):
            if column is not None:
                row[at] = str(column.get(of, NONE))
    table = "\n".join([head, rule, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"
    new = before + table + after
    if sys.argv[1] == "write":
        PAGE.write_text(new)
    elif new != text:
        sys.exit(f"{PAGE.relative_to(ROOT)} is not what was measured; python3 tests/peers/page.py write")


if __name__ == "__main__":
    main()
