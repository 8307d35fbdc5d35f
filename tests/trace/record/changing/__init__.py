"""Apps whose functions change things at random, with the truth of what each of them has done."""

from tests.trace.record.changing.app import make
from tests.trace.record.changing.truth import FRAMEWORK, Truth, merged

__all__ = ["FRAMEWORK", "Truth", "make", "merged"]
