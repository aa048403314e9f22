"""What is said of every audience made in a certain way, whatever came of it."""

from __future__ import annotations

from serving.audiences.remarks import Remark
from serving.audiences.rule import AudienceRule, Channel
from training.propensity.scored import ScoredMembers
from training.release.manifest import Manifest

OF_SELECTED = Remark(
    code="of_selected",
    en="expected buyers and revenue are those of the selected members; of the held out nothing is said",
    zh="预计购买人数和销售额只计入会收到信息的会员，不含留作对照的会员",
)
BY_ANALOGUES = Remark(
    code="by_analogues",
    en="the shop has too few launches to learn from: scored as one of the products like it sells",
    zh="本店以往新品太少，无法单独学习：按相似商品的销售情况估算",
)
SIMPLER_ZH = "本店历史数据不足以训练完整模型，购买可能性由较简单的方法估算"
CHANNELS_ZH: dict[Channel, str] = {"sms": "短信", "email": "邮件", "wechat": "微信"}


def notes_of(rule: AudienceRule, scored: ScoredMembers, release: Manifest) -> list[Remark]:
    """How the figures of an audience are to be read."""
    notes = []
    if rule.holdout.share:
        notes.append(OF_SELECTED)
    if scored.is_by_analogues:
        notes.append(BY_ANALOGUES)
    # What a launch is scored by stands above.
    fallbacks = [each for each in release.propensity.fallbacks if not each.startswith("launches")]
    notes += [Remark(code="simpler_model", en=each, zh=SIMPLER_ZH) for each in fallbacks]
    if rule.channel is not None:
        notes.append(_consent_read(rule.channel))
    return notes


def _consent_read(channel: Channel) -> Remark:
    return Remark(
        code="consent_now",
        en=f"consent for {channel} is read as it stands now, and again by every export",
        zh=f"{CHANNELS_ZH[channel]}授权以当前状态为准，每次导出时会再次核对",
    )
