"""What rules_relocatable's tools are made of; useful without Bazel too.

Trees (`tree`, `provenance`) flow from packages (`ar`, `deb`) through edits (`elf`, `launcher`)
into archives (`archive`). Nothing here reads the environment, the clock or a global.
"""
