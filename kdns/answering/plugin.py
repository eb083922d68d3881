"""The contract of a plugin: one class for one word of the Corefile.

A plugin answers (a Response of its own), transforms (changes that of the rest), observes, or only lends the
process something: pages, an address to listen on, a task. It says what it wants as values; `app` builds it.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

from kdns.answering.chain import Rest
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome
from kdns.cluster.events import Tag
from kdns.cluster.state import ClusterState
from kdns.cluster.wish import ClusterWish
from kdns.corefile.values import Directive, ServerBlock
from kdns.measures import Family, Histogram
from kdns.wire.names import Name
from kdns.wire.rrsets import RRset

Address = tuple[str, int]
"""A host ("" is every address) and a port."""


def server_label(address: Address) -> str:
    """Return the address as metrics have it, in Go's form: dns://:53, dns://[::1]:53."""
    host, port = address
    return f"dns://[{host}]:{port}" if ":" in host else f"dns://{host}:{port}"


PLAIN_TEXT = "text/plain; charset=utf-8"


class Page(NamedTuple):
    """What a page says over HTTP: status, content type, body."""

    status: int
    content_type: str
    body: bytes


OK = Page(200, PLAIN_TEXT, b"OK")

Pages = Mapping[str, Callable[[], Page]]
"""Path → what is said there at the moment."""


class Connections(NamedTuple):
    """What connections to an address may do: how many `queries` they bring (-1 is any number), and seconds:
    to `read` a message, to `write` a response, to be `idle`. None: what is usual."""

    queries: int | None = None
    read: float | None = None
    write: float | None = None
    idle: float | None = None


class Exchange(NamedTuple):
    """A query that was answered, for those who observe.

    `received` is the query's length in octets, `sent` the whole response, None if there was none; `seconds`
    is how long the answer took.
    """

    query: Query
    client: Address
    is_stream: bool
    received: int
    sent: bytes | None
    seconds: float


class WholeZone(NamedTuple):
    """A zone that can be handed over as a whole: `rrsets` yields all of it, the SOA first, as it is when the
    first of them is asked for. Whoever has it under one `serial` finds a higher one once it has changed."""

    serial: int
    rrsets: Callable[[], Iterator[RRset]]


class Cluster(Protocol):
    """A cluster whose objects are kept in step for as long as a plugin wishes to see it."""

    @property
    def state(self) -> ClusterState: ...

    def forbidden(self) -> frozenset[str]:
        """Return the kinds of objects that may not be read."""
        ...


class Process(Protocol):
    """The process that plugins run in. What they may ask of it outlives their Corefile."""

    def unready(self) -> Sequence[str]:
        """Return the names of the plugins that are not ready, those of all server blocks."""
        ...

    def metrics(self) -> Page:
        """Return everything that can be measured, as Prometheus reads it."""
        ...

    async def reload(self) -> None:
        """Read the Corefile again, and take it over if it says something new. Raises nothing."""
        ...

    def abort(self, reason: str) -> None:
        """End the process, which must not go on like this, with an error."""
        ...


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a plugin is set up: its server block, and what the process lends it.

    `listen` are the block's addresses, `own_addresses` those of them that others can reach, as text.
    `plugins` gives all of the block's in the order of the chain, once they are set up.
    `forget` drops the answers that carry one of these tags. Setting up may start nothing: `kdns check` does
    it, too.
    """

    block: ServerBlock
    process: Process
    cluster: Callable[[ClusterWish], Cluster]
    forget: Callable[[frozenset[Tag]], None]
    listen: tuple[Address, ...] = ()
    own_addresses: tuple[str, ...] = ()
    plugins: "Callable[[], Sequence[Plugin]]" = tuple


class Plugin:
    """A word of the Corefile. One object serves all zones of a server block.

    A subclass has a `name` and overrides what it needs. Only a plugin from another package has a place of its
    own choice: right `before` another one in the order of the chain.
    """

    name: ClassVar[str]
    before: ClassVar[str] = "kubernetes"

    hosts: tuple[str, ...] = ()
    """The addresses that the block is to listen on; none = every address."""

    connections = Connections()
    """What connections to the block's addresses may do; of several blocks there, the last counts."""

    classes: frozenset[int] = frozenset()
    """The classes beside IN whose queries the block is to get."""

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Plugin":
        """Return the plugin that these directives of one server block ask for: at least one, all of its name.

        Raises CorefileError for what is not understood; files may be read, nothing may be started.
        """
        raise NotImplementedError

    def respond(self, query: Query, rest: Rest) -> Outcome:
        """Answer `query`, or return what `rest` gives for it, changed or not. Raises nothing.

        Called for what is not remembered from before: a Response says when to ask again.
        """
        return rest(query)

    def client_class(self, address: str) -> Hashable:
        """Return what of a client's address the answers depend on: they are remembered for all of one class.

        A plugin that overrides it finds the address in `Query.client`. It should give few different values.
        """
        return None

    def adjust(self, query: Query) -> Query:
        """Change a query before anything else of the block looks at it, all but what it asks.

        Overriding it costs the block its shortest way to an answer.
        """
        return query

    def whole_zones(self) -> "Mapping[Name, WholeZone | None]":
        """Return the zones that `transfer` may hand over, by folded origin; None = it is not there yet."""
        return {}

    def metadata(self, query: Query, client: str) -> Mapping[str, str]:
        """Return what is known here about a query from this address, by labels as "plugin/what"."""
        return {}

    def observe(self, exchange: Exchange) -> None:
        """See every exchange of the block; overriding it costs the block its shortest way to an answer."""

    def forget(self, tags: frozenset[Tag]) -> None:
        """Drop what is kept here of responses that carry one of these tags."""

    async def run(self) -> None:
        """Do what has to be done beside answering, until cancelled: the Corefile is replaced, or all ends.

        Begun when the block is being served.
        """

    async def close(self) -> None:
        """Give back what is held, once no query comes any more. Those under way may take five seconds."""

    async def linger(self) -> None:
        """Hold up the end of the process, while queries are still answered."""

    def is_ready(self) -> bool:
        """Tell whether the process should get queries as far as this plugin can see."""
        return True

    def pages(self) -> Mapping[Address, Pages]:
        """Return the pages to serve over HTTP, by the address to serve them on."""
        return {}

    def measure(self) -> Iterable[Family | Histogram]:
        """Return what there is to know about it; families of one name are put together."""
        return ()
