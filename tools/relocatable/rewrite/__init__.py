"""What commands that edit files for people share: where files are, and how new bytes get there."""

from relocatable.rewrite.places import Change, Found, Place, place_of
from relocatable.rewrite.staged import Staged

__all__ = ["Change", "Found", "Place", "Staged", "place_of"]
