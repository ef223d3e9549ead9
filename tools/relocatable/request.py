"""What is asked of `relocate`."""

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from relocatable import launcher, policies
from relocatable.layout import DEFAULT, Layout
from relocatable.policies import Policies
from relocatable.target import Target
from relocatable.waivers import Waiver


class Strip(enum.Enum):
    """What programs and libraries lose before anything else is done to them."""

    NONE = "none"
    DEBUG = "debug"
    ALL = "all"


class Libc(enum.Enum):
    """Whose C library and loader programs run on."""

    BUNDLED = "bundled"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class Request:
    """What `relocate` makes of the layers.

    Attributes:
        label: who asks, for messages and provenance.
        target: the platform that it is for.
        launcher: the bytes of the platform's native launcher; None for scripts instead.
        launchers: path of a launcher to path of the program (in the layers) that it starts.
            Programs that are not named here get a launcher at their own path.
        environment: variables for all programs; `{root}` in a value is the dist's directory.
        inherited: names of those that the processes which a program starts see as well.
        python_environment: variables for the programs that load libpython, likewise; there the root
            is the runtime's.
        strip: what programs and libraries lose.
        libc: whose C library programs run on. The machine's is never taken from the libraries.
        policies: whose character sets, locales, name services and certificates programs find.
        layout: where the parts of the dist go.
        python_programs: path of a launcher to path of the main module that the runtime's
            interpreter runs, in the runtime.
        universal: whether files for several machines stay so, instead of being left with what is
            for the target's; of Mach-O files.
        waivers: which files for another machine are data, and stay as they are.
    """

    label: str
    target: Target
    launcher: bytes | None
    launchers: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    inherited: Collection[str] = ()
    python_environment: Mapping[str, str | None] = field(default_factory=dict)
    strip: Strip = Strip.NONE
    libc: Libc = Libc.BUNDLED
    policies: Policies = policies.DEFAULT
    layout: Layout = DEFAULT
    python_programs: Mapping[str, str] = field(default_factory=dict)
    universal: bool = False
    waivers: tuple[Waiver, ...] = ()

    @property
    def home_environment(self) -> dict[str, str | None]:
        """`python_environment` for where the runtime is in the dist."""
        return {
            name: None if value is None else _rooted(value, self.layout.runtime)
            for name, value in self.python_environment.items()
        }

    @property
    def host(self) -> frozenset[str]:
        """The sonames that are left to the machine."""
        system = self.target.system_libraries if self.libc is Libc.HOST else ()
        return frozenset(system)


def _rooted(value: str, directory: str) -> str:
    """A value in which roots are the runtime's, with the dist's."""
    if directory == ".":
        return value
    for root in (launcher.ROOT, launcher.ROOT_WITHOUT_COLON):
        value = value.replace(root, f"{root}/{directory}")
    return value
