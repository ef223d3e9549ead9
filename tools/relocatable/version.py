"""The version of rules_relocatable, for commands; a test compares it to MODULE.bazel."""

VERSION = "0.1.0"
