"""The public rules and providers of rules_relocatable.

`py_embed_library` is not among them but in its own file, so that only who uses it loads rules_cc.
"""

load("//rules:deb_control.bzl", _deb_control = "deb_control")
load("//rules:deb_extract.bzl", _deb_extract = "deb_extract")
load("//rules:dist_layers.bzl", _dist_layers = "dist_layers")
load("//rules:dist_listing_test.bzl", _dist_listing_test = "dist_listing_test")
load("//rules:file_tree.bzl", _file_tree = "file_tree")
load("//rules:providers.bzl", _DebControlInfo = "DebControlInfo", _LicenseTextsInfo = "LicenseTextsInfo", _PyRuntimeBundleInfo = "PyRuntimeBundleInfo", _PyStdlibInfo = "PyStdlibInfo", _RelocatableDistInfo = "RelocatableDistInfo", _TargetFactsInfo = "TargetFactsInfo", _TreeInfo = "TreeInfo")
load("//rules:py_bundle_toolchain.bzl", _py_bundle_toolchain = "py_bundle_toolchain")
load("//rules:py_runtime_bundle.bzl", _py_runtime_bundle = "py_runtime_bundle")
load("//rules:py_runtime_tree.bzl", _py_runtime_tree = "py_runtime_tree")
load("//rules:py_shared_modules.bzl", _py_shared_modules = "py_shared_modules")
load("//rules:python_standalone_extract.bzl", _python_standalone_extract = "python_standalone_extract")
load("//rules:relocatable_dist_test.bzl", _relocatable_dist_test = "relocatable_dist_test")
load("//rules:stdlib_trim.bzl", _stdlib_trim = "stdlib_trim")
load("//rules:universal_dist.bzl", _universal_dist = "universal_dist")
load("//rules/private:install.bzl", _relocatable_dist = "relocatable_dist_with_install")

deb_control = _deb_control
deb_extract = _deb_extract
dist_layers = _dist_layers
dist_listing_test = _dist_listing_test
file_tree = _file_tree
py_bundle_toolchain = _py_bundle_toolchain
py_runtime_bundle = _py_runtime_bundle
py_runtime_tree = _py_runtime_tree
py_shared_modules = _py_shared_modules
python_standalone_extract = _python_standalone_extract
relocatable_dist = _relocatable_dist
relocatable_dist_test = _relocatable_dist_test
stdlib_trim = _stdlib_trim
universal_dist = _universal_dist

DebControlInfo = _DebControlInfo
LicenseTextsInfo = _LicenseTextsInfo
PyRuntimeBundleInfo = _PyRuntimeBundleInfo
PyStdlibInfo = _PyStdlibInfo
RelocatableDistInfo = _RelocatableDistInfo
TargetFactsInfo = _TargetFactsInfo
TreeInfo = _TreeInfo
