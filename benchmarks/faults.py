# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Do faults to the node over DDS: mutated messages, bursts, stalls, failing backends, kill -9 and more.

    python benchmarks/faults.py               in full: 10,000 mutated messages, 500 lifecycle cycles; some minutes
    python benchmarks/faults.py --short       the cases of the test suite
    python benchmarks/faults.py --kills 200   only kill -9, so many times

The depth of the backend can be computed from the image, so that everything published can be judged. The result is a
Markdown table. The exit code is 1 if the node died, published something for a bad frame or something wrong, counts did
not add up, depth came back later than with the second good frame, or memory, threads or descriptors grew.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.fault_suite.rig import CaseResult  # noqa: E402
from benchmarks.fault_suite.suite import FULL, SHORT, killed_often, outcomes  # noqa: E402
from grin_ros.ros.operator.harness.environment import prepare_environment  # noqa: E402
from grin_ros.ros.operator.harness.process import HarnessError  # noqa: E402


def row(outcome: CaseResult) -> str:
    """Return one line of the table."""
    frames = "" if outcome.recovery_frames is None else str(outcome.recovery_frames)
    verdict = "; ".join(outcome.violations) or "ok"
    grown = "" if outcome.grown_mb is None else f"{outcome.grown_mb:+.1f}"
    cells = (outcome.case, outcome.sent, outcome.happened, frames, grown, verdict)
    return "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program. Return 1 if there is a violation or the node died."""
    parse = argparse.ArgumentParser(description="The node under fault, over real DDS.")
    parse.add_argument("--short", action="store_true", help="the size of the test suite")
    parse.add_argument("--seed", type=int, default=0, help="seed of what is sent (0)")
    parse.add_argument("--model", default="nano", help="model for the backend openvino on a full disk (nano)")
    parse.add_argument("--kills", type=int, help="only kill the node and start it again, so many times")
    options = parse.parse_args(argv)
    prepare_environment()
    start = time.monotonic()
    bad = cases = 0
    print("| case | what was sent | what happened | recovery (frames) | memory (MB) | verdict |", flush=True)
    print("|---|---|---|---:|---:|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            sizes = SHORT if options.short else FULL
            told = (
                killed_often(Path(folder), options.kills, options.seed)
                if options.kills
                else outcomes(Path(folder), sizes, options.seed, options.model)
            )
            for outcome in told:
                print(row(outcome), flush=True)
                cases += 1
                bad += bool(outcome.violations)
        except (HarnessError, AssertionError) as error:  # the node died, or did not answer
            print(f"faults: {error}", file=sys.stderr)
            return 1
    print(f"\n{cases} cases in {time.monotonic() - start:.0f} s, {bad} with a violation")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
