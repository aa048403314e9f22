from __future__ import annotations

import pytest

from serving.console.local_address import local_address


@pytest.mark.parametrize("address", ["/console", "/console/audiences?limit=3", "/console/members/a%2Fb#bundles"])
def test_an_address_of_the_console_is_led_on_to(address):
    assert local_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "", "/", "/v1/audiences", "/consolex", "https://elsewhere.example/console", "//elsewhere.example/console",
        "/console//elsewhere.example", "\\\\elsewhere.example", "/console\\..\\x", "/console/../v1", "javascript:1",
        "/console/\r\nSet-Cookie: a=b", "/console/\tx",
    ],
)  # fmt: skip
def test_any_other_address_leads_to_the_first_page(address):
    assert local_address(address) == "/console"
