"""Names: the record tree, the answers on the wire, and what broken packets do (nothing)."""

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest

from controller.rehearsal.dns.geography import distance_km, nearest, round_trip_seconds
from controller.rehearsal.dns.records import Answer, NoSuchName, RecordTree, Slice, record_tree, resolve
from controller.rehearsal.dns.resolver import HealthChecks, NameService
from controller.rehearsal.dns.server import LOCATION_OPTION, DnsServer, Zone
from controller.rehearsal.time.kernel import Kernel, VirtualClock

NAME = "shop.storefront.test."
CONTROLS = {
    "us-east-1": ["use1-a", "use1-b", "use1-c", "use1-d"],
    "us-west-2": ["usw2-a", "usw2-b", "usw2-c", "usw2-d"],
}
TREE = record_tree(NAME, CONTROLS)


def on(*off: str) -> Callable[[str], bool]:
    return lambda control: control not in off


def ask(tree: RecordTree, *off: str, location: str = "us-east-1", draw: float = 0.0) -> Answer:
    return resolve(tree, NAME, on(*off), location, draw)


# --- the tree -----------------------------------------------------------------------------------


def test_every_slice_goes_to_the_nearest_region() -> None:
    answers = [ask(TREE, location="us-west-2", draw=n / 4) for n in range(4)]
    assert [(each.slice, each.region) for each in answers] == [(name, "us-west-2") for name in "abcd"]
    assert answers[0] == Answer("us-west-2", "us-west-2.shop.storefront.test.", "a", 60)


@pytest.mark.parametrize(("location", "region"), [("us-east-2", "us-east-1"), ("us-west-1", "us-west-2")])
def test_latency_is_judged_from_where_the_resolver_is(location: str, region: str) -> None:
    assert ask(TREE, location=location).region == region


def test_one_control_off_moves_that_slice_and_no_other() -> None:
    regions = {each.slice: each.region for each in (ask(TREE, "use1-b", draw=n / 4) for n in range(4))}
    assert regions == {"a": "us-east-1", "b": "us-west-2", "c": "us-east-1", "d": "us-east-1"}


def test_a_slice_without_any_healthy_child_takes_no_traffic() -> None:
    slices = Counter(ask(TREE, "use1-b", "usw2-b", draw=n / 300).slice for n in range(300))
    assert slices == {"a": 100, "c": 100, "d": 100}


def test_all_unhealthy_is_treated_as_all_healthy() -> None:
    off = [control for controls in CONTROLS.values() for control in controls]
    assert [ask(TREE, *off, draw=n / 4).slice for n in range(4)] == list("abcd")
    assert ask(TREE, *off, location="us-west-2").region == "us-west-2"


def test_failover_takes_the_first_healthy_whatever_is_near() -> None:
    tree = record_tree(NAME, CONTROLS, routing="failover")
    assert ask(tree, location="us-west-2").region == "us-east-1"
    assert ask(tree, "use1-a", location="us-east-1").region == "us-west-2"
    off = [control for controls in CONTROLS.values() for control in controls]
    assert ask(tree, *off, location="us-west-2").region == "us-east-1"


def test_weights_share_the_draw_and_zero_counts_only_alone() -> None:
    a, b, c, _ = TREE.slices
    weighted = RecordTree(
        TREE.name,
        (
            Slice(a.name, a.targets, weight=3),
            Slice(b.name, b.targets, weight=1),
            Slice(c.name, c.targets, weight=0),
        ),
    )
    assert Counter(ask(weighted, draw=n / 100).slice for n in range(100)) == {"a": 75, "b": 25}
    off = ("use1-a", "usw2-a", "use1-b", "usw2-b")
    assert {ask(weighted, *off, draw=n / 10).slice for n in range(10)} == {"c"}


def test_three_regions_work_as_two_do() -> None:
    tree = record_tree(NAME, {**CONTROLS, "eu-west-1": ["euw1-a", "euw1-b", "euw1-c", "euw1-d"]})
    assert ask(tree, location="eu-central-1").region == "eu-west-1"
    assert ask(tree, "euw1-a", location="eu-central-1").region == "us-east-1"
    assert ask(tree, "euw1-a", "use1-a", location="eu-central-1").region == "us-west-2"


def test_names_are_compared_without_case_and_an_unknown_one_is_refused() -> None:
    assert resolve(TREE, "SHOP.storefront.TEST", on(), "us-east-1", 0.0).slice == "a"
    with pytest.raises(NoSuchName):
        resolve(TREE, "cart.storefront.test.", on(), "us-east-1", 0.0)


def test_regions_with_unequal_controls_make_no_tree() -> None:
    with pytest.raises(ValueError, match="shorter"):
        record_tree(NAME, {"us-east-1": ["a", "b"], "us-west-2": ["a"]})


def test_distances() -> None:
    assert 3400 < distance_km("us-east-1", "us-west-2") < 3800
    assert distance_km("us-east-1", "us-west-2") == distance_km("us-west-2", "us-east-1")
    assert 0.03 < round_trip_seconds("us-east-1", "us-west-2") < 0.06
    assert nearest("mars-north-1", ["us-west-2", "us-east-1"]) == "us-west-2"
    assert nearest("mars-north-1", ["us-west-2", "mars-north-1"]) == "mars-north-1"


# --- routing control -> health check -> answer ----------------------------------------------------


def test_a_flipped_control_shows_within_ten_seconds_and_not_at_once() -> None:
    kernel = Kernel(VirtualClock(1000.0))
    off: set[str] = set()
    checks = HealthChecks(kernel, TREE, lambda control: control not in off)
    kernel.run(until=1005.0)
    off.add("use1-a")
    kernel.run(until=1009.0)
    assert checks.is_healthy("use1-a")
    kernel.run(until=1015.0)
    assert not checks.is_healthy("use1-a")
    off.clear()
    kernel.run(until=1025.0)
    assert checks.is_healthy("use1-a")


# --- on the wire ------------------------------------------------------------------------------------


@pytest.fixture
def off() -> set[str]:
    return set()


@pytest.fixture
def names(off: set[str]) -> NameService:
    random = Random(7)
    return NameService(tree=TREE, is_healthy=lambda control: control not in off, draw=random.random)


PORTS = {"us-east-1": 8001, "us-west-2": 8002}


@pytest.fixture
def server(names: NameService) -> Iterator[DnsServer]:
    server = DnsServer(Zone(zone="storefront.test.", names=names, ports=PORTS))
    server.start()
    yield server
    server.close()


def query(name: str, rdtype: str, location: str = "") -> dns.message.Message:
    if not location:
        return dns.message.make_query(name, rdtype)
    code = dns.edns.OptionType.make(LOCATION_OPTION)
    return dns.message.make_query(name, rdtype, options=[dns.edns.GenericOption(code, location.encode())])


def udp(server: DnsServer, message: dns.message.Message) -> dns.message.Message:
    return dns.query.udp(message, server.host, port=server.port, timeout=60)


def texts(message: dns.message.Message) -> list[str]:
    return [rrset.to_text() for rrset in message.answer]


def test_a_question_for_the_address_is_led_to_the_regional_name(server: DnsServer) -> None:
    answer = udp(server, query(NAME, "A"))
    assert texts(answer) == [
        "shop.storefront.test. 60 IN CNAME us-east-1.shop.storefront.test.",
        "us-east-1.shop.storefront.test. 60 IN A 127.0.0.1",
    ]
    assert answer.flags & dns.flags.AA
    assert not answer.flags & dns.flags.RA


@pytest.mark.parametrize("ask_by", [dns.query.udp, dns.query.tcp])
def test_srv_tells_name_and_port_over_both_transports(
    server: DnsServer, ask_by: Callable[..., object]
) -> None:
    answer = ask_by(
        query(f"_http._tcp.{NAME}", "SRV", "us-west-2"), server.host, port=server.port, timeout=60
    )
    assert isinstance(answer, dns.message.Message)
    assert texts(answer) == [
        "_http._tcp.shop.storefront.test. 60 IN SRV 0 0 8002 us-west-2.shop.storefront.test."
    ]
    assert [rrset.to_text() for rrset in answer.additional] == [
        "us-west-2.shop.storefront.test. 60 IN A 127.0.0.1"
    ]


def test_answers_follow_the_controls(server: DnsServer, off: set[str]) -> None:
    off.update(CONTROLS["us-east-1"])
    for _ in range(8):
        text = texts(udp(server, query(NAME, "TXT", "us-east-1")))[0]
        assert '"region=us-west-2"' in text


def test_regional_names_lead_to_themselves_whatever_is_off(server: DnsServer, off: set[str]) -> None:
    off.update(CONTROLS["us-east-1"])
    assert texts(udp(server, query("us-east-1.shop.storefront.test.", "A"))) == [
        "us-east-1.shop.storefront.test. 60 IN A 127.0.0.1"
    ]
    srv = udp(server, query("_http._tcp.us-east-1.shop.storefront.test.", "SRV"))
    assert " 8001 " in texts(srv)[0]


@pytest.mark.parametrize(
    ("name", "rdtype", "rcode"),
    [
        ("cart.storefront.test.", "A", dns.rcode.NXDOMAIN),
        ("_http._tcp.cart.storefront.test.", "SRV", dns.rcode.NXDOMAIN),
        ("_tcp.shop.storefront.test.", "SRV", dns.rcode.NOERROR),
        ("us-east-1.shop.storefront.test.", "AAAA", dns.rcode.NOERROR),
        ("storefront.test.", "A", dns.rcode.NOERROR),
        ("_http._tcp.shop.storefront.test.", "A", dns.rcode.NOERROR),
        ("example.com.", "A", dns.rcode.REFUSED),
        ("storefront.test.", "AXFR", dns.rcode.REFUSED),
    ],
)
def test_what_has_no_answer(server: DnsServer, name: str, rdtype: str, rcode: dns.rcode.Rcode) -> None:
    answer = udp(server, query(name, rdtype))
    assert (answer.rcode(), answer.answer) == (rcode, [])
    has_soa = [rrset.rdtype for rrset in answer.authority] == [dns.rdatatype.SOA]
    assert has_soa == (rcode != dns.rcode.REFUSED)


def test_other_opcodes_versions_and_classes_are_refused_by_name(server: DnsServer) -> None:
    notify = dns.message.make_query(NAME, "SOA")
    notify.set_opcode(dns.opcode.NOTIFY)
    assert udp(server, notify).rcode() == dns.rcode.NOTIMP
    chaos = dns.message.make_query("version.bind.", "TXT", dns.rdataclass.CH)
    assert udp(server, chaos).rcode() == dns.rcode.REFUSED
    future = dns.message.make_query(NAME, "A", use_edns=1)
    assert udp(server, future).rcode() == dns.rcode.BADVERS


@pytest.mark.parametrize("said", [b"mars", b"\xff\xfe", b"x" * 400, b"us-west-2\n", b""])
def test_a_location_that_is_none_counts_as_the_first_region(server: DnsServer, said: bytes) -> None:
    code = dns.edns.OptionType.make(LOCATION_OPTION)
    message = dns.message.make_query(NAME, "TXT", options=[dns.edns.GenericOption(code, said)])
    assert '"region=us-east-1"' in texts(udp(server, message))[0]


def zone_reply(names: NameService, wire: bytes) -> bytes | None:
    return Zone(zone="storefront.test.", names=names, ports=PORTS).reply(wire, tcp=False)


def test_what_cannot_be_read_is_format_error_with_its_id(names: NameService) -> None:
    good = query(NAME, "A").to_wire()
    for wire in (
        good[:-3],
        good + b"rest",
        good[:4] + b"\x00\x02" + good[6:],
        good[:4] + bytes(8),
    ):
        reply = zone_reply(names, wire)
        assert reply is not None
        assert (reply[:2], reply[2] & 0x80, reply[3]) == (wire[:2], 0x80, dns.rcode.FORMERR)


def test_runts_and_answers_are_met_with_silence(names: NameService) -> None:
    answer = zone_reply(names, query(NAME, "A").to_wire())
    assert answer is not None
    assert zone_reply(names, answer) is None
    assert zone_reply(names, b"") is None
    assert zone_reply(names, b"\x00" * 11) is None


def test_no_packet_breaks_it(names: NameService) -> None:
    random = Random(1)
    zone = Zone(zone="storefront.test.", names=names, ports=PORTS)
    seeds = [query(f"_http._tcp.{NAME}", "SRV", "us-west-2").to_wire(), query(NAME, "ANY").to_wire()]
    for _ in range(1500):
        wire = bytearray(random.choice(seeds))
        for _ in range(random.randrange(1, 6)):
            wire[random.randrange(2, len(wire))] = random.randrange(256)
        del wire[random.randrange(8, len(wire) + 40) :]
        for tcp in (True, False):
            reply = zone.reply(bytes(wire), tcp=tcp)
            assert reply is None or reply[:2] == wire[:2]


def test_it_lives_on_after_broken_packets_on_both_transports(
    server: DnsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for junk in (b"", b"\x00", b"\xff" * 600, bytes(12)):
            sender.sendto(junk, (server.host, server.port))
    for junk in (b"\x00", b"\xff\xff" + b"x" * 10, b"\x00\x05hello", b"\x00\x0c" + bytes(12)):
        with socket.create_connection((server.host, server.port), timeout=60) as sender:
            sender.sendall(junk)
    assert udp(server, query(NAME, "A")).answer
    assert dns.query.tcp(query(NAME, "A"), server.host, port=server.port, timeout=60).answer
    assert capsys.readouterr() == ("", "")


def test_an_answer_that_does_not_fit_is_cut_and_comes_whole_over_tcp(names: NameService) -> None:
    server = DnsServer(Zone(zone="storefront.test.", names=names, ports=PORTS, udp_limit=60))
    server.start()
    try:
        cut = udp(server, query(NAME, "A"))
        assert (bool(cut.flags & dns.flags.TC), cut.answer) == (True, [])
        whole, used_tcp = dns.query.udp_with_fallback(
            query(NAME, "A"), server.host, port=server.port, timeout=60
        )
        assert (used_tcp, len(whole.answer)) == (True, 2)
    finally:
        server.close()


def test_a_port_in_use_is_an_error_and_leaves_nothing_open(server: DnsServer, names: NameService) -> None:
    with pytest.raises(OSError, match="in use"):
        DnsServer(Zone(zone="storefront.test.", names=names, ports=PORTS), port=server.port)
