from __future__ import annotations

PAGE = "/console/launch"


def test_a_marketer_is_led_through_five_steps(signed_in_with_key):
    page = signed_in_with_key("audiences").get(PAGE)
    assert page.status_code == 200
    steps = [f'<button type="button" data-step="{step}">' for step in range(1, 6)]
    assert [page.text.count(step) for step in steps] == [1] * 5
    assert "Your account may not export" in page.text
    assert 'id="add-analogue"' not in page.text


def test_who_may_export_gets_the_file_there(signed_in):
    page = signed_in("marketer").get(PAGE).text
    assert 'action="/console/audiences/' not in page
    assert 'data-address="/console/audiences/"' in page
    assert '<input type="checkbox" name="columns" value="coupon_id" checked>' in page
    assert 'id="add-analogue"' in page


def test_an_associate_sees_no_launch(signed_in):
    assert signed_in("associate").get(PAGE).status_code == 403


def test_the_page_is_chinese_for_who_reads_chinese(signed_in_with_key):
    browser = signed_in_with_key("audiences")
    browser.language = "zh-CN"
    page = browser.get(PAGE).text
    assert "核对相似商品" in page
    assert "Check what it is like" not in page
