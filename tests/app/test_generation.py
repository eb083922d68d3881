from kdns.answering.by_client import ClassifyingResponder
from kdns.answering.plugin import Connections
from kdns.wire import codes
from kdns.wire.names import from_text
from tests.app.generations import generation
from tests.builders import TCP, UDP, Sender, ask, build_query, external, namespace, state_of


async def test_of_the_blocks_of_an_address_the_last_says_what_connections_may_do() -> None:
    text = (
        "a.test {\ntimeouts {\nread 1s\nidle 5s\n}\n}\n"
        "b.test c.test:54 {\ntimeouts {\nidle 6s\nmaxtcpqueries 7\n}\n}\n"
        "d.test {\nwhoami\n}\ne.test:55 {\nwhoami\n}\n"
    )
    async with generation(text, state_of()) as made:
        assert made.connections == {
            ("", 53): Connections(queries=7, read=1.0, idle=6.0),
            ("", 54): Connections(queries=7, idle=6.0),
            ("", 55): Connections(),
        }


async def test_clients_are_told_apart_at_the_addresses_where_that_matters() -> None:
    text = ". {\nwhoami\n}\na.test {\nlocal\n}\nb.test:54 {\nlocal\n}\n"
    async with generation(text, state_of()) as made:
        assert {port: type(each) is ClassifyingResponder for (_, port), each in made.responders.items()} == {
            53: True,
            54: False,
        }


async def test_an_alias_leads_no_client_past_the_rules_of_another_block() -> None:
    text = (
        "cluster.local {\nkubernetes cluster.local\n}\n"
        "closed.test {\nacl {\nblock net 192.0.2.0/24\n}\nhosts {\n10.0.0.1 x.closed.test\n}\n}\n"
    )
    state = state_of(namespace(), external("out", "x.closed.test"))
    async with generation(text, state) as made:
        [responder] = made.responders.values()
        for client, number in ((UDP, 1), (Sender(False, ("198.51.100.1", 5)), 2), (TCP, 1)):
            query = build_query("out.ns.svc.cluster.local.").to_wire()
            response = responder.respond(query, client)
            assert isinstance(response, bytes)
            assert int.from_bytes(response[6:8], "big") == number


async def test_a_block_gets_the_classes_and_the_adjusted_queries_that_its_plugins_want() -> None:
    async with generation(". {\nchaos V\nbufsize 600\n}\n", state_of()) as made:
        [responder] = made.responders.values()
        found = ask(responder, "version.bind.", "TXT", qclass="CH", edns=4096)
        assert (found.rcode(), found.payload) == (codes.NOERROR, 600)
        assert responder.blocks[from_text(".")].classes == {codes.CH}
