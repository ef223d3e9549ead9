"""What commands that edit files for people share: where files are, and how new bytes get there."""

from relocatable.rewrite.command import command
from relocatable.rewrite.each import rewrite
from relocatable.rewrite.parser import Parser
from relocatable.rewrite.places import Change, Found, Place, place_of
from relocatable.rewrite.staged import Staged

__all__ = ["Change", "Found", "Parser", "Place", "Staged", "command", "place_of", "rewrite"]
