from __future__ import annotations

from literal_people import person, sha256, write_people

PAGE = "/console/lists"
NUMBERS = {"numbers": ["(555) 555-0101", "+1 555 555 0101", "12", "AB" * 32]}


def test_without_a_list_the_page_says_what_to_do(signed_in):
    text = signed_in("marketer").get(PAGE).text
    assert "There is no list yet." in text


def test_lists_show_what_of_them_is_known_and_what_they_are_for(api, settings, signed_in):
    write_people(settings, [person("m1"), person("m2")], products=["p1"])
    body = {"name": "Club & friends", "kind": "member_id", "ids": ["m1", "m2", "x", "m1", ""]}
    members = api.send("POST", "/v1/lists", json=body).json()["id"]
    products = api.send("POST", "/v1/lists", json={"name": "P", "kind": "product_id", "ids": ["p1"]}).json()["id"]
    text = signed_in("marketer").get(PAGE).text
    assert "Club &amp; friends" in text
    assert f"/console/audiences/new?list={members}" in text
    assert f"/console/audiences/new?products={products}" in text
    for said in ("<dt>lines given</dt><dd>5</dd>", "<dt>known</dt><dd>2</dd>", "<dt>no id at all</dt><dd>1</dd>"):
        assert said in text


def test_phone_numbers_become_the_hashes_of_their_normal_form(signed_in):
    browser = signed_in("marketer")
    answer = browser.send("POST", f"{PAGE}/phones", json=NUMBERS, headers={"X-CSRF-Token": browser.token})
    normal = sha256("+15555550101")
    assert answer.json() == {"hashes": [normal, normal, "-", "ab" * 32]}


def test_lists_are_for_those_who_may_build_audiences_and_only_through_their_own_pages(signed_in):
    marketer, associate = signed_in("marketer"), signed_in("associate")
    assert marketer.send("POST", f"{PAGE}/phones", json=NUMBERS).status_code == 403
    headers = {"X-CSRF-Token": associate.token}
    assert associate.send("POST", f"{PAGE}/phones", json=NUMBERS, headers=headers).status_code == 403
    assert associate.get(PAGE).status_code == 403
