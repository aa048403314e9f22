// A launch as its page holds it, and as the API is asked for it. No person stands in it.

const KEPT = "launch";

/** What an empty page holds. */
export function emptyDraft() {
  return {
    step: 1, category: "", subcategory: "", brand: "", price: "", own: "", analogues: [], unlike: [],
    channel: "", contacted: "", horizon: "", holdout: "", size: null, coupons: true, name: "", built: null,
  };
}

const numbered = (value) => (value === "" || !Number.isFinite(Number(value)) ? undefined : Number(value));

function given(entries) {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined && value !== ""));
}

/** The body of POST /v1/audiences; coupons are left to the build. */
export function ruleOf(draft, { firstSize }) {
  const share = numbered(draft.holdout);
  const contacted = numbered(draft.contacted);
  return given({
    target: {
      launch: given({
        category: draft.category,
        subcategory: draft.subcategory,
        brand: draft.brand,
        price: numbered(draft.price),
        is_private_label: draft.own === "" ? undefined : draft.own === "true",
        analogues: draft.analogues.length ? draft.analogues.map(({ id }) => id) : undefined,
        unlike: draft.unlike.length ? draft.unlike.map(({ id }) => id) : undefined,
      }),
    },
    size: draft.size ?? firstSize,
    horizon_days: numbered(draft.horizon),
    channel: draft.channel,
    exclude: contacted ? { contacted_within_days: contacted } : undefined,
    holdout: share ? { share: Math.round(share * 100) / 10_000 } : undefined,
  });
}

/** Keeps the draft for as long as the tab is open. */
export function keep(draft) {
  sessionStorage.setItem(KEPT, JSON.stringify(draft));
}

/** The draft kept, or an empty one. */
export function kept() {
  try {
    return { ...emptyDraft(), ...JSON.parse(sessionStorage.getItem(KEPT)) };
  } catch {
    return emptyDraft();
  }
}

export function forget() {
  sessionStorage.removeItem(KEPT);
}
