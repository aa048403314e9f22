"""A release read back into memory, verified."""

from __future__ import annotations

from dataclasses import dataclass, field

from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings
from training.affinity.model import AffinityModel
from training.affinity.model_files import load_affinity
from training.ranker.model import RankerModel, load_ranker
from training.release.attributes import ProductAttributes, load_attributes
from training.release.availability import Availability, load_availability
from training.release.build import AFFINITY_FOLDER
from training.release.campaign_coupons import CampaignCoupons, load_campaign_coupons
from training.release.contents import Contents, load_contents
from training.release.coupons import Coupons, load_coupons
from training.release.manifest import Manifest, verify
from training.release.products import ProductShelf, load_products
from training.release.segments import Segments, load_segments
from training.release.shelf import release_folder
from training.release.stores import Stores, load_stores
from training.release.together import Together, load_together


@dataclass(frozen=True, kw_only=True)
class LoadedRelease:
    """What a request needs of a release beside the member's online row."""

    manifest: Manifest
    products: ProductShelf
    affinity: AffinityModel
    ranker: RankerModel | None = None
    """None in a shop too small for one: the blend orders there."""
    attributes: ProductAttributes | None = None
    """Further attributes of the products; None in a release without."""
    together: Together | None = None
    """Products bought in the same orders; None in a release without."""
    availability: Availability | None = None
    """What may be sold where; None: everything everywhere."""
    segments: Segments | None = None
    """What members without purchases buy; None in a release without."""
    contents: Contents | None = None
    """Articles, posts and promotions; None in a release without."""
    coupons: Coupons | None = None
    """Coupons of running campaigns; None in a release without."""
    campaign_coupons: CampaignCoupons = field(default_factory=lambda: CampaignCoupons(()))
    """Coupons that members may have been given."""
    stores: Stores | None = None
    """Stores and the members of each; None in a release of before."""


def load_release(settings: Settings, release_id: ReleaseId) -> LoadedRelease:
    """The release, once every file was found as it was written. Raises ReleaseDamaged."""
    folder = release_folder(settings.paths, release_id)
    manifest = verify(folder)
    return LoadedRelease(
        manifest=manifest,
        products=load_products(folder),
        affinity=load_affinity(folder / AFFINITY_FOLDER),
        ranker=load_ranker(folder / AFFINITY_FOLDER),
        attributes=load_attributes(folder),
        together=load_together(folder),
        availability=load_availability(folder),
        segments=load_segments(folder),
        contents=load_contents(folder),
        coupons=load_coupons(folder),
        campaign_coupons=load_campaign_coupons(folder),
        stores=load_stores(folder),
    )
