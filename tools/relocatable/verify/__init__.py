"""Proves that a finished tree keeps the contract of a dist, from nothing but its bytes."""

from relocatable.verify.contract import Promise, Report
from relocatable.verify.whole import verify

__all__ = ["Promise", "Report", "verify"]
