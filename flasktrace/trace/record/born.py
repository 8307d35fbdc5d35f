"""When this process began to record: a request of a later one came after a restart."""

import os
from datetime import UTC, datetime


class Birth:
    """The moment, taken anew in each child of a fork."""

    def __init__(self) -> None:
        self.take()

    def take(self) -> None:
        """Take the present moment, and the number of the process."""
        self.pid = os.getpid()
        self.at = datetime.now(UTC).isoformat(timespec="microseconds")


BIRTH = Birth()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=BIRTH.take)
