from __future__ import annotations


def test_search_pages_to_the_end_without_repeating(api):
    seen, cursor = [], ""
    while cursor is not None:
        page = api.send("GET", f"/v1/products?q=Product&limit=100{cursor and '&cursor=' + cursor}").json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"p{n}" for n in range(1, 301)]


def test_a_product_shows_its_fields(api):
    (item,) = api.send("GET", "/v1/products?q=p300").json()["items"]
    assert item == {
        "id": "p300",
        "type": "product",
        "name": "Product p300",
        "brand": "Brand",
        "category": "SOFT DRINKS",
        "price": 1.5,
        "score": None,
    }


def test_similar_products_come_best_first_and_on_one_page(api):
    body = api.send("GET", "/v1/products/p9/similar?count=2").json()
    assert [(item["id"], item["score"]) for item in body["items"]] == [("p1", 1.0), ("p2", 0.5)]
    assert body["next_cursor"] is None


def test_an_unknown_product_is_not_found(api):
    assert api.send("GET", "/v1/products/x/similar").status_code == 404
