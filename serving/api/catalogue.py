"""GET /v1/catalogue: the departments, categories, subcategories and brands that targets can name."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from serving.answers import GroupKind, ProductGroup
from serving.api.access import AudiencesKey, State
from serving.api.answering import failures, json_answer

router = APIRouter(tags=["products"])

MOST = 100

Within = Annotated[str | None, Query(max_length=200, description="only groups and products of this one")]


class GroupAnswer(BaseModel):
    """A department, category, subcategory or brand."""

    kind: GroupKind = Field(description="the key of `target` that takes the name")
    name: str
    products: int = Field(description="products in service, of those asked for")
    parent: str | None = Field(description="department of a category, category of a subcategory")


class CatalogueAnswer(BaseModel):
    """The groups found."""

    products: int = Field(description="products in service that are in every group asked for")
    items: list[GroupAnswer] = Field(description="those with words that begin so first, then the larger ones")
    next_cursor: str | None = Field(description="always null: ask for more by `limit`, or more words")


@router.get("/v1/catalogue", response_model=CatalogueAnswer, responses=failures())
def search_catalogue(
    state: State,
    _key: AudiencesKey,
    q: Annotated[str, Query(max_length=200, description="words in the name")] = "",
    department: Within = None,
    category: Within = None,
    subcategory: Within = None,
    brand: Within = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 20,
) -> Response:
    """Search departments, categories, subcategories and brands, and count what those asked for have in common."""
    asked: dict[GroupKind, str | None] = {
        "department": department,
        "category": category,
        "subcategory": subcategory,
        "brand": brand,
    }
    within = {kind: name for kind, name in asked.items() if name is not None}
    page = state.releases.engine.groups(q, within=within, limit=limit)
    return json_answer({"products": page.products, "items": [_group(each) for each in page.items], "next_cursor": None})


def _group(group: ProductGroup) -> dict[str, str | int | None]:
    return {"kind": group.kind, "name": group.name, "products": group.products, "parent": group.parent}
