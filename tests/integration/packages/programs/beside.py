"""A module beside the program, which Bazel lets it import by its bare name."""

NAME = "beside"
