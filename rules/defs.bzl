"""The public rules and providers of rules_relocatable."""

load("//rules:deb_extract.bzl", _deb_extract = "deb_extract")
load("//rules:providers.bzl", _PyRuntimeBundleInfo = "PyRuntimeBundleInfo", _PyStdlibInfo = "PyStdlibInfo", _RelocatableDistInfo = "RelocatableDistInfo", _TargetFactsInfo = "TargetFactsInfo", _TreeInfo = "TreeInfo")
load("//rules:py_runtime_bundle.bzl", _py_runtime_bundle = "py_runtime_bundle")
load("//rules:relocatable_dist.bzl", _relocatable_dist = "relocatable_dist")
load("//rules:relocatable_dist_test.bzl", _relocatable_dist_test = "relocatable_dist_test")
load("//rules:stdlib_trim.bzl", _stdlib_trim = "stdlib_trim")

deb_extract = _deb_extract
py_runtime_bundle = _py_runtime_bundle
relocatable_dist = _relocatable_dist
relocatable_dist_test = _relocatable_dist_test
stdlib_trim = _stdlib_trim

PyRuntimeBundleInfo = _PyRuntimeBundleInfo
PyStdlibInfo = _PyStdlibInfo
RelocatableDistInfo = _RelocatableDistInfo
TargetFactsInfo = _TargetFactsInfo
TreeInfo = _TreeInfo
