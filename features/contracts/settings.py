"""The types of settings.toml; unknown keys are refused and the environment overrides one key at a time."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from features.contracts.console_settings import ConsoleSettings
from features.contracts.destination_settings import DESTINATION_NAME, DestinationSettings
from features.contracts.errors import BadRequest, SettingsError
from features.contracts.event_settings import EventSettings
from features.contracts.identity_settings import IdentitySettings
from features.contracts.load_settings import LoadSettings
from features.contracts.paths import ShopPaths
from features.contracts.records_settings import RecordsSettings, ReportSettings
from features.contracts.scenario_settings import SCENARIO_NAME, ScenarioSettings
from features.contracts.settings_files import SETTINGS_FILE, settings_file, written_settings
from features.contracts.store_settings import StoreSettings
from features.contracts.tag_settings import TAG_NAME, TagSettings, refuse_undeclared

PREFIX = "FACES_"

ScenarioName = Annotated[str, StringConstraints(pattern=SCENARIO_NAME)]
DestinationName = Annotated[str, StringConstraints(pattern=DESTINATION_NAME)]
TagName = Annotated[str, StringConstraints(pattern=TAG_NAME)]


class Section(BaseModel):
    """A table of settings.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FeatureSettings(Section):
    """How features are computed."""

    week_anchor: datetime = Field(
        description="start of week 2, from which weekly snapshots fall 7 days apart; without a zone read in `timezone`"
    )
    not_goods_departments: tuple[str, ...] = Field(description="departments whose lines are no goods")
    not_goods_categories: tuple[str, ...] = Field(description="categories whose lines are no goods")
    not_goods_words: tuple[str, ...] = Field(description="subcategories with one of these words are no goods")


class AffinitySettings(Section):
    """Product affinity: which products a member likes."""

    min_buyers: int = Field(gt=0, description="members who must have bought a product for the catalogue")
    sold_within_days: int = Field(gt=0, description="days within which a product must have sold, for the catalogue")
    active_within_days: int = Field(gt=0, description="days within which a member must have bought, for evaluation")
    factors: int = Field(gt=0, description="length of a member's and a product's factor")
    regularization: float = Field(ge=0, description="regularization of ALS")
    iterations: int = Field(gt=0, description="iterations of ALS")
    alpha: float = Field(gt=0, description="weight of a bought pair in ALS")
    neighbours: int = Field(gt=0, description="neighbours kept for each product by item-item")
    candidates: int = Field(gt=0, le=300, description="products kept for each member")
    test_weeks: tuple[int, ...] = Field(description="later weeks on which a training is reported")


class RankerSettings(Section):
    """The learnt ranker: the order of a member's candidates."""

    train_weeks: tuple[int, ...] = Field(min_length=1, description="cut-offs that the ranker learns from")
    tune_week: int = Field(description="later cut-off on which its probabilities are fitted and settings were chosen")
    promotions: tuple[Literal["mailer", "display"], ...] = Field(
        description="promotions of the coming week that it reads, where the shop has them"
    )
    negative_share: float = Field(gt=0, le=1, description="share of the candidates not bought that it learns from")
    rounds: int = Field(gt=0, description="trees")
    learning_rate: float = Field(gt=0, description="learning rate of LightGBM")
    leaves: int = Field(gt=1, description="leaves of a tree")
    min_rows_in_leaf: int = Field(gt=0, description="least rows in a leaf")
    feature_share: float = Field(gt=0, le=1, description="share of the features that a tree may use")
    truncation: int = Field(gt=0, description="places of a list that LambdaRank learns from")
    compiled: bool = Field(description="evaluate compiled where that is possible; false: by LightGBM itself")


class PropensitySettings(Section):
    """Purchase propensity: who buys any of a set of products within the horizon."""

    horizons: tuple[int, ...] = Field(min_length=1, description="horizons in days that an audience can be asked for")
    horizon_days: int = Field(gt=0, description="horizon of an audience that names none; one of the horizons")
    active_within_days: int = Field(gt=0, description="members with a purchase within these days are chosen from")
    min_buyers: int = Field(gt=0, description="buyers that a target needs to be reported on")
    train_weeks: tuple[int, ...] = Field(description="snapshots that the model learns from")
    validate_week: int = Field(description="snapshot that it is calibrated on and that settings were chosen on")
    test_week: int = Field(description="snapshot that is reported, never chosen on")
    targets: int = Field(gt=0, description="sets of products that it learns from, over all snapshots")
    targets_per_snapshot: int = Field(gt=0, description="sets drawn from them for each snapshot")
    rows_per_target: int = Field(gt=0, description="most buyers, and most others, drawn for a set of a snapshot")
    factors: int = Field(gt=0, description="length of a member's vector of taste")
    rounds: int = Field(gt=0, description="trees")
    learning_rate: float = Field(gt=0, description="learning rate of LightGBM")
    leaves: int = Field(gt=1, description="leaves of a tree")
    min_rows_in_leaf: int = Field(gt=0, description="least rows in a leaf")
    feature_share: float = Field(gt=0, le=1, description="share of the features that a tree may use")

    @field_validator("horizons")
    @classmethod
    def _whole_weeks(cls, horizons: tuple[int, ...]) -> tuple[int, ...]:
        # Purchases are remembered by weeks.
        wrong = [days for days in horizons if days <= 0 or days % 7]
        if wrong:
            raise ValueError(f"horizons are whole weeks in days; {wrong[0]} is none")
        return tuple(sorted(set(horizons)))

    @model_validator(mode="after")
    def _default_is_known(self) -> PropensitySettings:
        if self.horizon_days not in self.horizons:
            raise ValueError(f"horizon_days {self.horizon_days} is none of the horizons {list(self.horizons)}")
        return self


class LaunchSettings(Section):
    """Launches: who buys a product that has never been sold."""

    min_buyers: int = Field(gt=0, description="buyers in its first 28 days that make a new product a launch")
    least_launches: int = Field(ge=4, description="with fewer past launches than this there is no launch model")
    most_launches: int = Field(gt=0, description="newest launches that the model learns from")
    simulated: int = Field(ge=0, description="established products learnt from as if they were new")
    most_rows: int = Field(gt=0, description="members times launches at most; of more members a sample is learnt from")
    negative_share: float = Field(gt=0, le=1, description="share of the members who did not buy that is learnt from")
    rounds: int = Field(gt=0, description="trees")
    learning_rate: float = Field(gt=0, description="learning rate of LightGBM")
    leaves: int = Field(gt=1, description="leaves of a tree")
    min_rows_in_leaf: int = Field(gt=0, description="least rows in a leaf")
    feature_share: float = Field(gt=0, le=1, description="share of the features that each tree sees")


class CouponSettings(Section):
    """Coupon redemption: who answers a campaign, and with which coupon."""

    test_campaigns: int = Field(gt=0, description="newest campaigns that are reported, two fifths of all at most")
    validate_campaigns: int = Field(gt=0, description="campaigns before them on which the model is chosen")
    min_days_run: int = Field(gt=0, description="a campaign is learnt from once it has run for this many days")
    regularizations: tuple[float, ...] = Field(min_length=1, description="strengths (C) that the logistic model tries")
    rounds: int = Field(gt=0, description="trees of LightGBM")
    learning_rate: float = Field(gt=0, description="learning rate of LightGBM")
    leaves: int = Field(gt=1, description="leaves of a tree")
    min_rows_in_leaf: int = Field(gt=0, description="least rows in a leaf")
    max_per_member: int = Field(gt=0, le=200, description="coupons kept for each member in a release")


class ServingSettings(Section):
    """The service."""

    host: str = Field(description="address to bind")
    port: int = Field(gt=0, lt=65536, description="port to bind")
    default_count: int = Field(gt=0, description="items of a recommendation when the request names no count")
    max_count: int = Field(gt=0, description="most items of a recommendation")
    max_body_bytes: int = Field(gt=0, description="a larger body is refused with 413")
    log_queue_size: int = Field(gt=0, description="recommendations waiting to be logged; further ones are counted")
    log_flush_seconds: float = Field(gt=0, description="longest wait of a recommendation before it is logged")
    release_poll_seconds: float = Field(gt=0, description="how often the service looks for another release")
    keep_releases: int = Field(ge=2, description="releases kept for going back")
    audience_max_size: int = Field(gt=0, description="most members of an audience")
    keep_log_days: int = Field(gt=0, description="how long the log of recommendations and finished jobs are kept")


class AudienceSettings(Section):
    """Audiences: how they are asked for and kept."""

    dry_run_seconds: float = Field(
        ge=0, description="a dry run that takes longer than this is answered with 202 and a place to ask again"
    )
    keep_dry_run_hours: float = Field(gt=0, description="how long the figures of a dry run are kept")
    holdout_salt: str = Field(
        min_length=1, description="decides who is held out; another one chooses other members in every new audience"
    )
    nightly: tuple[dict[str, Any], ...] = Field(
        description="targets that `faces score` scores when none is named, each as in a request for an audience"
    )


class OnlineSettings(Section):
    """Where the online rows of releases are kept."""

    store: Literal["sqlite", "redis"] = Field(description="`sqlite`: a file below home; `redis`: a Redis server")
    redis: str = Field(pattern=r"^[^\s,@/]+:\d+$", description="host:port of the Redis server")
    redis_database: int = Field(ge=0, description="number of the database in that Redis server")
    redis_tls: bool = Field(description="speak TLS with the Redis server")
    timeout_seconds: float = Field(gt=0, description="longest wait of a request for the Redis server")


class Secrets(Section):
    """From the environment only."""

    redis_password: SecretStr = Field(default=SecretStr(""), description="password of the Redis server, if it asks one")
    records_password: SecretStr = Field(
        default=SecretStr(""), description="password of the PostgreSQL role, if the server asks one"
    )
    contact_key: SecretStr = Field(description="key of contact hashes and encryption; made on first use when empty")


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    home: Path = Field(description="folder of all state")
    shop: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$", description="which shop; stands in every path and record")
    clock: Literal["wall", "data"] = Field(description="`data`: as of the last moment in the data; `wall`: now")
    timezone: str = Field(description="zone of the shops: days, hours and weeks are counted in it")
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="currency of amounts without one")
    as_of: datetime | None = Field(default=None, description="answer as if it were this moment, whatever the clock")
    threads: int = Field(gt=0, description="threads of LightGBM, implicit and DuckDB")
    seed: int = Field(description="seed of everything random")
    load: LoadSettings
    identity: IdentitySettings
    features: FeatureSettings
    affinity: AffinitySettings
    ranker: RankerSettings
    propensity: PropensitySettings
    launches: LaunchSettings
    coupons: CouponSettings
    serving: ServingSettings
    audiences: AudienceSettings
    stores: StoreSettings
    online: OnlineSettings
    events: EventSettings
    records: RecordsSettings
    console: ConsoleSettings
    reports: ReportSettings
    tags: dict[TagName, TagSettings] = Field(default_factory=dict, description="kinds of members, by name")
    scenarios: dict[ScenarioName, ScenarioSettings] = Field(min_length=1, description="the places that are served")
    destinations: dict[DestinationName, DestinationSettings] = Field(description="who takes exported contacts")
    secrets: Secrets

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except ZoneInfoNotFoundError as error:
            raise ValueError(f"'{name}' is no zone of the tz database") from error
        return name

    @model_validator(mode="after")
    def _rules_name_tags_that_there_are(self) -> Settings:
        for name, scenario in self.scenarios.items():
            try:
                refuse_undeclared(self.tags, scenario.named_tags, where=f"scenarios.{name}")
            except BadRequest as error:
                raise ValueError(str(error)) from error
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def week_anchor(self) -> datetime:
        anchor = self.features.week_anchor
        return (anchor if anchor.tzinfo else anchor.replace(tzinfo=self.zone)).astimezone(UTC)

    @property
    def paths(self) -> ShopPaths:
        return ShopPaths(root=self.home.absolute() / self.shop)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, InitSettingsSource(settings_cls, written_settings())


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process; `overrides` are top-level keys, `Any` because their types are checked here.

    Raises SettingsError naming each wrong key.
    """
    file = settings_file()
    if not file.is_file():
        raise SettingsError(f"settings: no file at {file}; set {SETTINGS_FILE} to your settings.toml")
    _refuse_unknown_variables()
    try:
        return Settings(**overrides)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise SettingsError(f"settings: {wrong} (in {file} or a {PREFIX} variable)") from error
    except ValueError as error:
        raise SettingsError(f"settings: {file}: {error}") from error


_NAMED_TABLES: dict[str, type[BaseModel]] = {
    "tags": TagSettings,
    "scenarios": ScenarioSettings,
    "destinations": DestinationSettings,
}


def _refuse_unknown_variables() -> None:
    for name in os.environ:
        if not name.startswith(PREFIX) or name == SETTINGS_FILE:
            continue
        section, *rest = name.removeprefix(PREFIX).lower().split("__")
        field = Settings.model_fields.get(section)
        inner = getattr(field.annotation, "model_fields", {}) if field else {}
        if section in _NAMED_TABLES and len(rest) > 1:
            # the name of a scenario or destination is free, its keys are not
            rest, inner = rest[1:], _NAMED_TABLES[section].model_fields
        if field is None or (rest and rest[0] not in inner):
            raise SettingsError(f"settings: {name} is not a setting; see docs/settings.md")
