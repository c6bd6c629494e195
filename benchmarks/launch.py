"""Run commands one after another and print what they took: launch.py COMMANDS LOG.

COMMANDS is a JSON list of commands, LOG takes all they say. Prints a JSON object: ``wall`` and
``cpu`` in seconds, ``peak`` in megabytes, and the exit ``status`` of the command that failed, or 0.

This is a process of its own, and a small one: resource usage is that of all children together, and
the memory of a child counts from that of its parent.
"""

import json
import resource
import subprocess
import sys
import time


def main(commands: list[list[str]], log_file: str) -> dict[str, float]:
    """Run the commands, up to the first that fails."""
    status = 0
    start = time.perf_counter()
    with open(log_file, "w") as log:
        for command in commands:
            status = subprocess.run(command, stdout=log, stderr=log, check=False).returncode
            if status:
                break
    wall = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return {
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": kilobytes / 1024,
        "status": status,
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]), sys.argv[2])))
