"""GET /v1/products: search, and products alike."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from features.contracts.errors import NotFound
from features.contracts.ids import ProductId
from serving.answers import ProductCard
from serving.api.access import RecommendKey, State
from serving.api.answering import failures, json_answer

router = APIRouter(tags=["products"])

MOST = 100


class ProductAnswer(BaseModel):
    """A product."""

    id: str
    type: str = Field("product")
    name: str
    brand: str | None
    category: str | None
    price: float | None = Field(description="in the shop's currency")
    score: float | None = Field(description="likeness, null in a search")


class ProductsAnswer(BaseModel):
    """A page of products."""

    items: list[ProductAnswer]
    next_cursor: str | None = Field(description="send it as `cursor` for the next page; null on the last one")


@router.get("/v1/products", response_model=ProductsAnswer, responses=failures())
def search_products(
    state: State,
    _key: RecommendKey,
    q: Annotated[str, Query(max_length=200, description="words in the name, brand or category")] = "",
    limit: Annotated[int, Query(ge=1, le=MOST)] = 20,
    cursor: Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before")] = None,
) -> Response:
    """Search the products in service."""
    page = state.releases.engine.search(q, limit=limit, cursor=cursor)
    return json_answer({"items": [_product(card) for card in page.items], "next_cursor": page.next_cursor})


@router.get("/v1/products/{product_id:path}/similar", response_model=ProductsAnswer, responses=failures(404))
def similar_products(
    state: State,
    _key: RecommendKey,
    product_id: Annotated[str, Path(max_length=200)],
    count: Annotated[int, Query(ge=1, le=MOST)] = 10,
) -> Response:
    """List the products most like one product, best first."""
    cards = state.releases.engine.similar(ProductId(product_id), count=count)
    if cards is None:
        raise NotFound("there is no such product in this release; find one with GET /v1/products?q=")
    return json_answer({"items": [_product(card) for card in cards], "next_cursor": None})


def _product(card: ProductCard) -> dict[str, Any]:
    return {
        "id": card.product_id,
        "type": "product",
        "name": card.name,
        "brand": card.brand,
        "category": card.category,
        "price": card.price,
        "score": card.score,
    }
