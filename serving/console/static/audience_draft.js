// A new audience as the form holds it, and as the API is asked for it. No person stands in it: ids and conditions only.

const KEPT = "new-audience";
const MOST_CHIPS = 200;
const GROUPS = ["department", "category", "subcategory", "brand"];

/** What an empty form holds. */
export function emptyDraft() {
  return {
    kind: "goods", products: [], groups: {}, target_filter: "", list_id: "", kept_target: null, horizon: "",
    active_days: "", channel: "", tags: [], among: [], among_how: "and", kept_combine: null, stores: [],
    bought: null, bought_days: "", channels: "", filter: "", not_bought: "", not_contacted: "", without: [],
    cut: "size", size: "", buyers: "", chance: "", holdout: "", coupons: false, name: "",
  };
}

const given = (value) => value !== "" && value !== null && value !== undefined && !(Array.isArray(value) && !value.length);
const numbered = (value) => (given(value) && Number.isFinite(Number(value)) ? Number(value) : undefined);

/** An object without what is not given; undefined when nothing is left. */
function only(entries) {
  const kept = Object.entries(entries).filter(([, value]) => value !== undefined && given(value));
  return kept.length ? Object.fromEntries(kept) : undefined;
}

function target(draft) {
  switch (draft.kind) {
    case "list":
      return only({ list_id: draft.list_id });
    case "lapse":
      return { lapse: true };
    case "visit":
    case "coupon_redeemed":
      return { event: draft.kind };
    case "kept":
      return draft.kept_target ?? undefined;
    default:
      if (draft.products.length) return { product_ids: draft.products.map(({ id }) => id) };
      return only({ ...draft.groups, filter: draft.target_filter.trim() });
  }
}

function combination({ among, among_how, without, kept_combine }) {
  const leaf = ({ source, id }) => ({ [source]: id });
  const lists = without.filter(({ source }) => source === "list");
  const parts = lists.map((each) => ({ not: leaf(each) }));
  if (among.length === 1) parts.unshift(leaf(among[0]));
  else if (among.length) parts.unshift({ [among_how]: among.map(leaf) });
  if (kept_combine) parts.unshift(kept_combine);
  if (!parts.length) return undefined;
  return parts.length === 1 ? parts[0] : { and: parts };
}

function cut({ cut, size, buyers, chance }, firstSize) {
  if (cut === "buyers") return { expected_buyers: numbered(buyers) };
  if (cut === "chance") return { min_probability: numbered(chance) === undefined ? undefined : numbered(chance) / 100 };
  return cut === "size" ? { size: numbered(size) ?? firstSize } : {};
}

/** The body of POST /v1/audiences; null while it is not said what the audience is for. */
export function ruleOf(draft, { firstSize, activeDays }) {
  const what = target(draft);
  if (!what) return null;
  const shares = numbered(draft.holdout);
  const bought = draft.bought && { category: draft.bought.name, days: numbered(draft.bought_days) ?? activeDays };
  return only({
    target: what,
    horizon_days: numbered(draft.horizon),
    population: only({
      bought_within_days: numbered(draft.active_days),
      bought_category_within: bought ?? undefined,
      filter: draft.filter.trim(),
      tags: draft.tags.map(({ id }) => id),
      store_ids: draft.stores.map(({ id }) => id),
      channels: draft.channels.split(",").map((each) => each.trim()).filter(Boolean),
    }),
    ...cut(draft, firstSize),
    exclude: only({
      bought_within_days: numbered(draft.not_bought),
      contacted_within_days: numbered(draft.not_contacted),
      audience_ids: draft.without.filter(({ source }) => source === "audience").map(({ id }) => id),
    }),
    channel: draft.channel,
    combine: combination(draft),
    holdout: shares ? { share: Math.round(shares * 100) / 10_000 } : undefined,
    with_coupons: draft.coupons || undefined,
  });
}

/** The draft of a rule; what the form has no field for is kept as it is. `nameOf(source, id)`: what a thing is called. */
export function draftOf({ rule, name, products }, nameOf) {
  const draft = { ...emptyDraft(), name: name ?? "" };
  const { target: what = {}, population = {}, exclude = {} } = rule;
  if (what.product_ids?.length > MOST_CHIPS) Object.assign(draft, { kind: "kept", kept_target: what });
  else if (what.product_ids) draft.products = what.product_ids.map((id) => ({ id, name: products[id] ?? id }));
  else if (what.list_id) Object.assign(draft, { kind: "list", list_id: what.list_id });
  else if (what.lapse) draft.kind = "lapse";
  else if (["visit", "coupon_redeemed"].includes(what.event)) draft.kind = what.event;
  else if (what.launch || what.event) Object.assign(draft, { kind: "kept", kept_target: what });
  else {
    draft.groups = Object.fromEntries(GROUPS.filter((kind) => what[kind]).map((kind) => [kind, what[kind]]));
    draft.target_filter = what.filter ?? "";
  }
  const known = (source) => (id) => ({ source, id, name: nameOf(source, id) });
  Object.assign(draft, {
    horizon: rule.horizon_days ?? "",
    active_days: population.bought_within_days ?? "",
    bought: population.bought_category_within ? { name: population.bought_category_within.category } : null,
    bought_days: population.bought_category_within?.days ?? "",
    filter: population.filter ?? "",
    tags: (population.tags ?? []).map(known("tag")),
    stores: (population.store_ids ?? []).map(known("store")),
    channels: (population.channels ?? []).join(", "),
    not_bought: exclude.bought_within_days ?? "",
    not_contacted: exclude.contacted_within_days ?? "",
    without: (exclude.audience_ids ?? []).map(known("audience")),
    channel: rule.channel ?? "",
    holdout: rule.holdout?.share ? Math.round(rule.holdout.share * 10_000) / 100 : "",
    coupons: rule.with_coupons ?? false,
  });
  if (rule.size) Object.assign(draft, { cut: "size", size: rule.size });
  else if (rule.expected_buyers) Object.assign(draft, { cut: "buyers", buyers: rule.expected_buyers });
  else if (rule.min_probability != null) Object.assign(draft, { cut: "chance", chance: rule.min_probability * 100 });
  else if (given(rule.target) && !rule.combine) draft.cut = "all";
  if (rule.combine) takeCombination(draft, rule.combine, known);
  return draft;
}

function takeCombination(draft, tree, known) {
  const leaf = (part) => (part.audience ? known("audience")(part.audience) : part.list ? known("list")(part.list) : null);
  const parts = tree.and ?? [tree];
  for (const part of parts) {
    const some = part.or?.map(leaf);
    if (leaf(part)) draft.among.push(leaf(part));
    else if (part.not?.list) draft.without.push(known("list")(part.not.list));
    else if (some?.every(Boolean) && parts.filter((each) => !each.not).length === 1) {
      Object.assign(draft, { among: some, among_how: "or" });
    } else return Object.assign(draft, { among: [], without: draft.without.filter(({ source }) => source === "audience"), kept_combine: tree });
  }
  return draft;
}

/** Keeps the draft for as long as the tab is open, by where the page was entered. */
export function keep(draft) {
  sessionStorage.setItem(KEPT, JSON.stringify({ entered: location.search, draft }));
}

/** The draft kept of this entry; null without one. */
export function kept() {
  try {
    const { entered, draft } = JSON.parse(sessionStorage.getItem(KEPT));
    return entered === location.search ? { ...emptyDraft(), ...draft } : null;
  } catch {
    return null;
  }
}

export function forget() {
  sessionStorage.removeItem(KEPT);
}
