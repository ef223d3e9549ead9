"""Bills of materials of a dist: each file, the component that it is from, and how that is known.

`inventory` finds out what is in a tree; `spdx` and `cyclonedx` write it down. Neither reads a clock
or a random number: the same dist has the same documents, to the byte.
"""
