from pathlib import Path

import pytest

from kdns.plugins._weights import WeightFile, WeightsError, read_weights
from kdns.wire.names import from_text
from kdns.wire.rrsets import address

FILE = """
# domain 1
w1,example.org
192.168.1.15   10
192.168.1.14   020

W2.example.org.
 # domain 3
 w3.example.org
 2001:db8::16 255
 ::ffff:192.168.2.14 1
 192.168.2.14 9
w1,example.org
192.168.1.13 3\r
b\xfccher.example.org
192.168.1.13 3
"""


def test_an_address_has_the_first_weight_below_its_domain() -> None:
    assert read_weights(FILE, "w") == {
        from_text("w1,example.org."): {
            address("192.168.1.15"): 10,
            address("192.168.1.14"): 20,
            address("192.168.1.13"): 3,
        },
        from_text("w2.example.org."): {},
        from_text("w3.example.org."): {address("2001:db8::16"): 255, address("192.168.2.14"): 1},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("w\n192.0.2.1", 'wrong domain name:"192.0.2.1" in weight file w. (Maybe a missing weight value?)'),
        ("192.0.2.1 1", "missing domain name in weight file w"),
        ("w\n192.0.2.300 1", 'wrong IP address:"192.0.2.300" in weight file w'),
        ("w\nfe80::1%eth0 1", 'wrong IP address:"fe80::1%eth0" in weight file w'),
        ("w\n192.0.2.1 0", 'wrong weight value:"0" in weight file w'),
        ("w\n192.0.2.1 256", 'wrong weight value:"256" in weight file w'),
        ("w\n192.0.2.1 +5", 'wrong weight value:"+5" in weight file w'),
        ("w\n192.0.2.1 5.0", 'wrong weight value:"5.0" in weight file w'),
        ("w\n 192.0.2.1 5 6 ", 'could not parse weight line:"192.0.2.1 5 6" in weight file w'),
    ],
)
def test_an_error_says_what_is_wrong_in_which_file(text: str, message: str) -> None:
    with pytest.raises(WeightsError) as caught:
        read_weights(text, "w")
    assert str(caught.value) == message


def test_what_is_wrong_is_said_once_and_the_old_weights_stay(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    path = tmp_path / "w"
    path.write_text("a\n192.0.2.1 2\n")
    file = WeightFile(str(path), 30.0)
    file.load()
    good = file.weights
    path.write_text("a b c\n")
    file.look()
    file.look()
    path.unlink()
    file.look()
    assert file.weights is good
    path.write_text("a\n192.0.2.1 3\n")
    file.look()
    assert file.weights == {from_text("a."): {address("192.0.2.1"): 3}}
    read, wrong, missing, read_again = caplog.messages
    assert read == read_again == f"Successfully reloaded weight file {path}"
    assert wrong.startswith("could not parse weight line")
    assert missing.startswith("weight file open error")
