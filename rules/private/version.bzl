"""The version of rules_relocatable that goes into metadata; a test compares it to MODULE.bazel."""

VERSION = "0.1.0"
