"""Builders of small real inputs (ELF files, packages) and runners, shared by the tests."""
