// Generated from openapi.json by `make generate`.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
    readonly headers: Headers,
  ) {
    super(problem.message);
  }
}

export type Input<K extends keyof Operations> = Pick<
  Operations[K],
  { [P in "path" | "query" | "body"]: Operations[K][P] extends undefined ? never : P }["path" | "query" | "body"]
> & { headers?: Record<string, string>; signal?: AbortSignal };

/** The answer of an operation; `base` is the host, empty for that of the page. Raises `ApiError`. */
export async function request<K extends keyof Operations>(
  operation: K,
  input: Input<K>,
  base = "",
): Promise<Operations[K]["answer"]> {
  const [method, template] = (operation as string).split(" ") as [string, string];
  const parts = input as { path?: Record<string, unknown>; query?: Record<string, unknown>; body?: unknown };
  const path = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(parts.path?.[name])));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parts.query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null) query.append(name, String(one));
    }
  }
  const headers: Record<string, string> = { accept: "application/json", ...input.headers };
  // A kept answer is asked for again with its ETag: after an edit of one's own it is another one.
  const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-cache" };
  if (input.signal) init.signal = input.signal;
  if (parts.body !== undefined) {
    headers["content-type"] = "application/json";
    init.body = JSON.stringify(parts.body);
  }
  const text = query.toString();
  const response = await fetch(base + path + (text ? "?" + text : ""), init);
  if (!response.ok) throw new ApiError(response.status, await problemOf(response), response.headers);
  return (response.status === 204 ? undefined : await response.json()) as Operations[K]["answer"];
}

/** What failed; a proxy in between may answer without a problem of its own. */
async function problemOf(response: Response): Promise<Problem> {
  const requestId = response.headers.get("x-request-id") ?? "";
  const unknown: Problem = { error: "unknown", message: `The server answered ${response.status}.`, requestId };
  return response.json().then((body) => ({ ...unknown, ...(body as Problem) }), () => unknown);
}

/** A personal access token; the token itself is shown only when it is created. */
export type AccessTokenItem = {
  id: string;
  name: string;
  canWrite: boolean;
  createdAt: string;
  expiresAt: string;
};

export type AccessTokens = {
  tokens: AccessTokenItem[];
};

export type AccountItem = {
  id: string;
  displayName: string;
  email: string | null;
  lastLoginAt: string | null;
  createdAt: string;
};

/** The fields to change; `email` null removes the address, `acceptTerms` accepts the terms of use if it is true. */
export type AccountUpdate = {
  displayName?: string | null;
  email?: string | null;
  acceptTerms?: boolean | null;
};

/** The latest changes of battles, the newest first. */
export type Activity = {
  items: ActivityItem[];
};

/** A change of a battle. `status`: null for a battle that is deleted or merged. */
export type ActivityItem = {
  battleId: string;
  revision: number;
  madeAt: string;
  reason: "created" | "new_killmail" | "retroactive_attribution" | "recluster" | "merge" | "split" | "edit" | "value_changed" | "merged" | "deleted";
  status: string | null;
  systemId: string;
  systemName: string | null;
  totalKills: number;
  totalParticipants: number;
  totalIskDestroyed: string;
};

export type AdminAccount = {
  id: string;
  displayName: string;
  status: "active" | "blocked" | "deleted";
  isBlocked: boolean;
  blockedReason: string | null;
  isSuperAdmin: boolean;
  primaryCharacter: PrimaryItem | null;
  characterCount: number;
  roles: Record<string, RoleKey>;
  lastLoginAt: string | null;
  createdAt: string;
};

export type AdminAccounts = {
  accounts: AdminAccount[];
  total: number;
  limit: number;
  offset: number;
};

export type AllianceCount = {
  allianceId: string;
  allianceName: string | null;
  battleCount: number;
};

/** Corporations of an alliance; without an alliance both fields are null, and the group is the last one. */
export type AllianceGroup = {
  allianceId: string | null;
  allianceName: string | null;
  corporations: CorporationGroup[];
};

export type AllianceHit = {
  id: string;
  name: string;
  battleCount: number;
  match: NameMatch;
  type?: "alliance";
  ticker: string | null;
  lastSeenAt: string | null;
};

export type AllianceRole = "side" | "third-party" | "kill-stealer" | "unassigned";

export type AppliedFilters = {
  summary: string;
  filters: Record<string, unknown>;
};

export type Attacker = {
  characterId: string | null;
  characterName: string | null;
  corpId: string | null;
  corpName: string | null;
  allianceId: string | null;
  allianceName: string | null;
  factionId: string | null;
  factionName: string | null;
  shipTypeId: string | null;
  shipTypeName: string | null;
  weaponTypeId: string | null;
  weaponTypeName: string | null;
  damageDone: number;
  finalBlow: boolean;
};

/** Who may log in; with `requireMembership` and empty lists of allowed organisations only SuperAdmins may. */
export type AuthConfigItem = {
  requireMembership: boolean;
  allowedCorpIds: string[];
  allowedAllianceIds: string[];
  deniedCorpIds: string[];
  deniedAllianceIds: string[];
  updatedAt: string | null;
};

/** The fields to change; a list replaces the one before. */
export type AuthConfigUpdate = {
  requireMembership?: boolean | null;
  allowedCorpIds?: (string | number)[] | null;
  allowedAllianceIds?: (string | number)[] | null;
  deniedCorpIds?: (string | number)[] | null;
  deniedAllianceIds?: (string | number)[] | null;
};

/**
 * A battle with all its data. Only pilots on killmails are counted, so pilot numbers are lower bounds.
 *
 * `revision`, in quotes, is the `If-Match` of an edit. `editCount` counts the edits that are not undone.
 * doubts: what the suggestions and sides say of its shape. aliasIds: of battles that were merged into it.
 * posterDelayUntil: until then killmails may still arrive whose owners delay them.
 */
export type BattleBattleDetail = {
  id: string;
  name: string | null;
  systemId: string;
  systemName: string | null;
  constellationId: string | null;
  constellationName: string | null;
  regionId: string;
  regionName: string | null;
  securityType: SecurityType;
  securityStatus: number | null;
  systemClass: number | null;
  systemEffect: string | null;
  status: BattleStatus;
  tier: Tier;
  startTime: string;
  endTime: string;
  lastKillmailAt: string;
  duration: number;
  revision: number;
  totalKills: number;
  totalParticipants: number;
  totalIskDestroyed: string;
  computedIsk: ComputedIsk;
  iskParts: IskParts | null;
  zkillRelatedUrl: string;
  mainAlliances: MainAlliance[];
  sideCount: number;
  unassignedPilots: number;
  outcome: Outcome;
  spark: Spark;
  editCount: number;
  createdAt: string;
  posterDelayUntil: string;
  aliasIds: string[];
  systems: SystemItem[];
  rounds: RoundItem[];
  doubts: string[];
  sides: SideItem[];
  unassigned: PartyItem[];
  topKillers: TopKiller[];
  topLosers: TopLoser[];
  separateFights: boolean;
  linkReasons: LinkReason[];
  links: LinkItem[];
  suggestions: Suggestion[];
  killmails: BattleKillmailItem[];
  entities: Entities;
  participants: ParticipantItem[];
};

/** The killmails that a job added to one battle and removed from it. */
export type BattleChangeItem = {
  battleId: string;
  change: "created" | "updated" | "deleted" | "merged";
  added: string[];
  removed: string[];
  mergedInto: string | null;
};

/**
 * How many hits have each value; values without a hit are absent. size: by participants.
 *
 * Counted over the newest 10,000 hits at most. regions: the most frequent first.
 */
export type BattleFacets = {
  securityType: Record<string, number>;
  status: Record<string, number>;
  tier: Record<string, number>;
  size: Record<string, number>;
  regions: RegionCount[];
};

/** The attacker who destroyed the ship, by indexes into `entities`; null for what the killmail does not name. */
export type BattleFinalBlow = {
  character: number | null;
  corp: number | null;
  alliance: number | null;
  shipTypeId: string | null;
  shipTypeName: string | null;
};

/**
 * A battle in a list.
 *
 * tier, outcome, unassignedPilots, computedIsk, spark and editCount are null in battles of an older release.
 * editCount: edits that are made on it and not undone.
 * systems: with killmails, the one with the most first. sides: the four largest.
 */
export type BattleHit = {
  _matched: MatchedName[];
  _matchedTerms: string[];
  _relevanceScore: number;
  id: string;
  name: string | null;
  systemId: string;
  systemName: string | null;
  constellationId: string | null;
  constellationName: string | null;
  regionId: string;
  regionName: string | null;
  securityType: SecurityType;
  securityStatus: number | null;
  systemClass: number | null;
  status: BattleStatus;
  tier: Tier | null;
  startTime: string;
  endTime: string;
  lastKillmailAt: string;
  duration: number;
  revision: number;
  totalKills: number;
  totalParticipants: number;
  totalIskDestroyed: string;
  computedIsk: ComputedIsk | null;
  iskParts: IskParts | null;
  zkillRelatedUrl: string;
  mainAlliances: MainAlliance[];
  sideCount: number;
  unassignedPilots: number | null;
  outcome: Outcome | null;
  spark: Spark | null;
  editCount: number | null;
  systems: SystemName[];
  sides: HitSide[];
};

/** A battle in a list. systems: with killmails, the one with the most first. sides: the four largest. */
export type BattleItem = {
  id: string;
  name: string | null;
  systemId: string;
  systemName: string | null;
  constellationId: string | null;
  constellationName: string | null;
  regionId: string;
  regionName: string | null;
  securityType: SecurityType;
  securityStatus: number | null;
  systemClass: number | null;
  systemEffect: string | null;
  status: BattleStatus;
  tier: Tier;
  startTime: string;
  endTime: string;
  lastKillmailAt: string;
  duration: number;
  revision: number;
  totalKills: number;
  totalParticipants: number;
  totalIskDestroyed: string;
  computedIsk: ComputedIsk;
  iskParts: IskParts | null;
  zkillRelatedUrl: string;
  mainAlliances: MainAlliance[];
  sideCount: number;
  unassignedPilots: number;
  outcome: Outcome;
  spark: Spark;
  editCount: number;
  systems: SystemName[];
  sides: SideSummary[];
};

/** A job and a page of its changes; `total` counts all of them. */
export type BattleJobDetail = {
  jobId: string;
  status: "pending" | "running" | "completed" | "failed" | "cancelled";
  reason: "daily_verification" | "gap_detected" | "retention_cleanup" | "manual" | "backfill";
  dryRun: boolean;
  startTime: string;
  endTime: string;
  windowMinutes: number | null;
  gapMaxMinutes: number | null;
  minKills: number | null;
  progress: BattleProgress;
  changes: ChangeCounts;
  requestedBy: string;
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
  cancelledBy: string | null;
  error: string | null;
  items: BattleChangeItem[];
  total: number;
  limit: number;
  offset: number;
};

export type BattleJobItem = {
  jobId: string;
  status: "pending" | "running" | "completed" | "failed" | "cancelled";
  reason: "daily_verification" | "gap_detected" | "retention_cleanup" | "manual" | "backfill";
  dryRun: boolean;
  startTime: string;
  endTime: string;
  windowMinutes: number | null;
  gapMaxMinutes: number | null;
  minKills: number | null;
  progress: BattleProgress;
  changes: ChangeCounts;
  requestedBy: string;
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
  cancelledBy: string | null;
  error: string | null;
};

export type BattleJobs = {
  items: BattleJobItem[];
  total: number;
  limit: number;
  offset: number;
};

/**
 * A killmail of a battle. valueSource: null while the value is unknown; iskValue is 0 then.
 *
 * fittedValue: without cargo. droppedValue: what could be looted; the rest of iskValue was destroyed. Null while
 * unknown.
 * unpricedTypes: how many types of its items have no price, if the value is computed; killmail-api names them.
 *
 * victimTicker: of the alliance, else of the corporation. attackerCount: with NPCs. attackerAlliances, attackerCorps,
 * attackerCharacters: ascending indexes into `entities`. podOf: the killmail of the ship that a capsule was left from.
 * npc, solo, awox: lost to NPCs only, to a single pilot, to the own side.
 */
export type BattleKillmailItem = {
  killmailId: string;
  zkbUrl: string;
  timestamp: string;
  occurredAt: string;
  systemId: string;
  systemName: string | null;
  victimAllianceId: string | null;
  victimAllianceName: string | null;
  victimCorpId: string | null;
  victimCorpName: string | null;
  victimCharacterId: string | null;
  victimCharacterName: string | null;
  victimTicker: string | null;
  shipTypeId: string;
  shipTypeName: string | null;
  shipGroupId: string | null;
  shipGroupName: string | null;
  hullClass: HullClass | null;
  finalBlow: BattleFinalBlow | null;
  attackerCount: number;
  attackersBySide: SideShots[];
  attackerAlliances: number[];
  attackerCorps: number[];
  attackerCharacters: number[];
  npc: boolean;
  solo: boolean;
  awox: boolean;
  podOf: string | null;
  linkedBy: BestLink | null;
  iskValue: string;
  fittedValue: string | null;
  droppedValue: string | null;
  unpricedTypes: number;
  valueSource: ValueSource | null;
  valueConfidence: ValueConfidence | null;
  sideId: number | null;
};

/** One page. `entities` has the attackers of this page; `revision` is that of the battle. */
export type BattleKillmails = {
  items: BattleKillmailItem[];
  entities: Entities;
  revision: number;
  nextCursor: string | null;
  hasMore: boolean;
};

/** One page. `totalCount` is exact up to 10,000 and never larger. */
export type BattleList = {
  items: BattleItem[];
  nextCursor: string | null;
  hasMore: boolean;
  totalCount: number;
  appliedFilters: AppliedFilters;
};

export type BattleOrder = "relevance" | "startTime" | "totalIskDestroyed" | "totalKills" | "battleScore";

/** Killmails processed, of those in the range of the job. */
export type BattleProgress = {
  processed: number;
  total: number;
  percentage: number;
};

/** estimatedTotalHits: exact up to 10,000 and never larger. query: empty where none was sent. */
export type BattleSearchAnswer = {
  status: SearchStatus;
  processingTimeMs: number;
  query: string;
  hits: BattleHit[];
  estimatedTotalHits: number;
  limit: number;
  offset: number;
  facets: BattleFacets;
};

/** ids: battles, as of a list that is shown. Entities match when any participant was one of them. */
export type BattleSearchFilters = {
  ids?: string[];
  securityType?: SecurityType[];
  status?: BattleStatus[];
  tier?: Tier[];
  startTime?: TimeBounds;
  totalKills?: CountBounds;
  totalIskDestroyed?: IskBounds;
  totalParticipants?: CountBounds;
  duration?: CountBounds;
  allianceIds?: (string | number)[];
  corpIds?: (string | number)[];
  characterIds?: (string | number)[];
  systemIds?: (string | number)[];
  regionIds?: (string | number)[];
};

export type BattleSearchRequest = {
  query?: string | null;
  filters?: BattleSearchFilters;
  sort?: BattleSearchSort;
  page?: SearchPage;
};

/** relevance: by the match of the query; without a query by the start. */
export type BattleSearchSort = {
  by?: BattleOrder;
  order?: Direction;
};

export type BattleStatus = "open" | "closed" | "historical";

/** The strongest link of a killmail to another one of the battle. */
export type BestLink = {
  reason: string;
  score: number;
};

export type Block = {
  reason: string;
};

/** Cancels a job. */
export type CancelRequest = {
  author?: string;
};

/** What the web application needs when it starts. In the access mode `off` there are no accounts. */
export type Capabilities = {
  mode: "off" | "sso";
  account: Me | null;
  isSuperAdmin: boolean;
  canWrite: boolean;
  sessionExpiresAt: string | null;
  features: FeatureItem[];
  preferences: Preferences;
  flags: Flags;
};

/** Battles that the job changed (a dry run: would change), and killmails that it moved to another battle. */
export type ChangeCounts = {
  created: number;
  updated: number;
  deleted: number;
  merged: number;
  movedKillmails: number;
};

export type CharacterHit = {
  id: string;
  name: string;
  battleCount: number;
  match: NameMatch;
  type?: "character";
  corpId: string | null;
  corpName: string | null;
  allianceId: string | null;
  allianceName: string | null;
  lastSeenAt: string | null;
};

/** A linked character. tokenStatus is the health of its token: revoked means that it must log in again. */
export type CharacterItem = {
  id: string;
  eveCharacterId: string;
  eveCharacterName: string;
  portraitUrl: string;
  corpId: string;
  corpName: string;
  allianceId: string | null;
  allianceName: string | null;
  isPrimary: boolean;
  scopes: string[];
  tokenStatus: "valid" | "expiring" | "expired";
  tokenExpiresAt: string | null;
  lastVerifiedAt: string;
  createdAt: string;
};

export type Characters = {
  characters: CharacterItem[];
};

/** The clustering configuration. Changes apply to killmails that arrive later. */
export type ClusteringConfigItem = {
  windowMinutes: number;
  gapMaxMinutes: number;
  minKills: number;
  autoClustering: boolean;
  updatedAt: string;
  updatedBy: string | null;
};

/** A partial update of the clustering configuration; omitted fields stay. */
export type ClusteringConfigUpdate = {
  author?: string;
  windowMinutes?: number | null;
  gapMaxMinutes?: number | null;
  minKills?: number | null;
  autoClustering?: boolean | null;
};

/**
 * Clustering during the last 24 hours.
 *
 * `unprocessedKillmails` belong to no component yet, counted up to 100,000. `averageLagMinutes` is the time from a
 * kill until a revision of its battle contains it, null without such a revision.
 */
export type ClusteringStatisticsItem = {
  battlesCreated24h: number;
  unprocessedKillmails: number;
  averageLagMinutes: number | null;
  lastProcessedAt: string | null;
};

/**
 * How much of `totalIskDestroyed` is computed from market prices instead of zKillboard's, by its confidence.
 *
 * share: from 0 to 1. killsWithoutValue: killmails whose value is unknown; they add nothing.
 */
export type ComputedIsk = {
  total: string;
  high: string;
  medium: string;
  low: string;
  share: number;
  killsWithoutValue: number;
};

/**
 * What the killmail is worth by the market prices before its day. `total` is the sum of `dropped` and `destroyed`.
 *
 * hull: the ship alone. fitted: the hull and what was in its slots. droppable: what could have dropped. priceDay: the
 * last day of the market that counts. rules: their version. unpriced: up to 20 types, of `unpricedCount`.
 */
export type ComputedValue = {
  hull: string;
  fitted: string;
  dropped: string;
  destroyed: string;
  total: string;
  droppable: string;
  priceDay: string;
  rules: number;
  confidence: ValueConfidence;
  unpriced: UnpricedType[];
  unpricedCount: number;
};

/** A partial update of the active ruleset. */
export type ConfigChange = {
  ruleset: RulesetChange;
};

export type ConfigItem = {
  ruleset: RulesetItem;
  service?: Service;
};

export type CorporationCount = {
  corpId: string;
  corpName: string | null;
  battleCount: number;
};

export type CorporationGroup = {
  corpId: string;
  corpName: string;
  characters: CharacterItem[];
};

export type CorporationHit = {
  id: string;
  name: string;
  battleCount: number;
  match: NameMatch;
  type?: "corporation";
  ticker: string | null;
  allianceId: string | null;
  allianceName: string | null;
  lastSeenAt: string | null;
};

/** The pilots of a corporation on this side. */
export type CorporationItem = {
  corpId: string;
  corpName: string | null;
  ticker: string | null;
  pilots: number;
  lost: number;
};

/** Both ends are included. */
export type CountBounds = {
  min?: number | null;
  max?: number | null;
};

export type CreatedAccessToken = {
  id: string;
  name: string;
  canWrite: boolean;
  createdAt: string;
  expiresAt: string;
  token: string;
};

/** Accepted killmails. totalBattles is always null: battles belong to another context, see /api/stats/summary. */
export type DataStats = {
  oldestKillmail: string | null;
  newestKillmail: string | null;
  totalKillmails: number;
  totalBattles?: null;
};

/** expected: the day's number of killmails in the totals of the source. killmails: those processed. */
export type DayItem = {
  date: string;
  status: "pending" | "running" | "completed" | "failed" | "skipped" | "cancelled";
  expected: number | null;
  killmails: number;
  accepted: number;
  rejected: number;
  known: number;
  failed: number;
  attempts: number;
  error: string | null;
};

/**
 * Source of the killmails of a day.
 *
 * `r2z2`: history list and raw killmails of R2Z2; `everef`: daily archive of EVE Ref; `embedded`: ids and hashes in
 * the manifest itself; `objects`: objects of JSON lines that the manifest names.
 */
export type DaySource = "everef" | "r2z2" | "embedded" | "objects";

/**
 * Killmails of the live feed in the last 24 hours.
 *
 * fromStandby24h, fromBacklog24h: first received from the standby source, and from files that appeared while nobody
 * polled. backlogFiles: those that are not read yet. unprocessedCount: events in the outbox that are not
 * published yet, counted up to 100,000.
 */
export type DayStatistics = {
  received24h: number;
  accepted24h: number;
  rejected24h: number;
  duplicate24h: number;
  refused24h: number;
  fromStandby24h: number;
  fromBacklog24h: number;
  backlogFiles: number;
  acceptanceRate: number | null;
  unprocessedCount: number;
  rejectReasons: RejectReasons;
};

/** `confirm` is the name of the primary character. */
export type Deletion = {
  confirm: string;
};

export type Direction = "desc" | "asc";

export type DocumentCounts = {
  battles: number;
  killmails: number;
  characters: number;
  corporations: number;
  alliances: number;
  systems: number;
  shipTypes: number;
};

/** Several edits of one battle: all of them are stored, or none. */
export type EditBatch = {
  edits: (Merge | Split | Exclude | RemovePilot | PinInput | Rename)[];
};

/** The edits in the order of the request. */
export type EditBatchResult = {
  items: EditItem[];
};

/**
 * A manual edit. Each field from `groups` to `name` belongs to one kind and is null for the others.
 *
 * authorCharacterId, undoneByCharacterId: the characters of the logins; null where there are no logins.
 */
export type EditItem = {
  id: string;
  battleId: string;
  kind: "tag" | "split" | "exclude" | "scrub" | "pin" | "rename";
  state: EditState;
  killmailIds: string[];
  groups: string[][] | null;
  characterId: string | null;
  partyType: "alliance" | "corporation" | "faction" | "character" | null;
  partyId: string | null;
  sideId: number | null;
  name: string | null;
  author: string;
  authorCharacterId: string | null;
  note: string | null;
  madeAt: string;
  undoneAt: string | null;
  undoneBy: string | null;
  undoneByCharacterId: string | null;
  version: number;
};

/** An edit, or its undoing, is pending until battle-cluster has reclustered the battles. */
export type EditState = "pending" | "applied" | "undone";

export type Edits = {
  items: EditItem[];
  total: number;
  limit: number;
  offset: number;
};

export type EngineName = "postgres" | "typesense";

/** The status is `processing` while a name or the location is missing and expected. */
export type Enrichment = {
  status: EnrichmentStatus;
  fetchedAt: string;
  createdAt: string;
  updatedAt: string;
};

export type EnrichmentStatus = "processing" | "succeeded";

/** The attackers that killmails of the same answer name by index. */
export type Entities = {
  alliances: Organisation[];
  corporations: Organisation[];
  characters: NamedEntity[];
};

/** Hits by type, the best first; a type that was not asked for is empty. */
export type EntityAnswer = {
  alliances: AllianceHit[];
  corporations: CorporationHit[];
  characters: CharacterHit[];
  status: SearchStatus;
  processingTimeMs: number;
  query: string;
};

export type EntityHits = {
  alliances: AllianceHit[];
  corporations: CorporationHit[];
  characters: CharacterHit[];
};

/**
 * Hits by category. Categories that the caller may not see are empty.
 *
 * battles, killmails: null while the search engine does not answer.
 */
export type EverythingAnswer = {
  status: SearchStatus;
  processingTimeMs: number;
  query: string;
  battles: ShortBattleHit[] | null;
  killmails: KillmailHit[] | null;
  entities: EntityHits;
  systems: SystemHit[];
  ships: ShipHit[];
  totalResults: TotalResults;
};

/** Removes these killmails from all battles. */
export type Exclude = {
  author?: string;
  note?: string | null;
  kind: "exclude";
  killmailIds: (string | number)[];
};

/** Everything that is stored about an account, without tokens; owner hashes are by the id of the character. */
export type Export = {
  account: Me;
  preferences: Preferences;
  accessTokens: AccessTokenItem[];
  featureRoles: ProfileRole[];
  ownerHashes: Record<string, string>;
  createdAt: string;
};

export type ExportFormat = "json" | "csv";

/** A feature and the role of the caller in it; without a role both fields are null. */
export type FeatureItem = {
  key: string;
  name: string;
  description: string;
  role: RoleKey | null;
  rank: number;
};

export type FeatureName = {
  key: string;
  name: string;
};

export type FeatureRole = {
  feature: FeatureName;
  role: RoleName;
};

export type Flags = {
  imageHost: string;
  retentionMonths: number;
};

/** Of the battles that began in the period. A part is null where it could not be computed in time. */
export type GlobalStatistics = {
  period: Period;
  battles: PeriodTotals | null;
  topSystems: SystemCount[] | null;
  topAlliances: AllianceCount[] | null;
  activityTimeline: HourCount[] | null;
  generatedAt: string;
};

/** What one half of a split would be. */
export type HalfTotals = {
  killmailIds: string[];
  startTime: string;
  endTime: string;
  killmails: number;
  pilots: number;
  iskDestroyed: string;
};

/**
 * Health of live killmails.
 *
 * Unhealthy after a minute without a successful poll; while the standby is active degraded, and unhealthy after ten
 * minutes without a successful poll of the standby. backlogFiles: those that appeared while nobody polled and are not
 * read yet; files of the present are read beside them.
 */
export type Health = {
  status: "healthy" | "degraded" | "unhealthy";
  lastPoll: string | null;
  lastSuccess: string | null;
  lastKillmail: string | null;
  lastSequence: number | null;
  consecutiveFailures: number;
  openGaps: number;
  backlogFiles: number;
  source: LiveSource;
};

/** Characters of the matched text, from `start` up to `end`, which is not included. Counted in code points. */
export type Highlight = {
  start: number;
  end: number;
};

export type Historical = {
  totalJobs: number;
  runningJobs: number;
  completedJobs: number;
  failedJobs: number;
  totalKillmailsProcessed: number;
};

export type HitParty = {
  partyType: HitPartyType;
  partyId: string;
  partyName: string | null;
  ticker: string | null;
};

export type HitPartyType = "alliance" | "corporation" | "character" | "faction";

/** A side in a list. `topParty` has the most pilots; null where it is unknown, as are role and partyCount. */
export type HitSide = {
  sideId: number;
  role: SideRole | null;
  pilots: number;
  losses: number;
  iskLost: string;
  iskLostFitted: string | null;
  topParty: HitParty | null;
  partyCount: number | null;
};

/** Losses of another side, `sideId`, on which this one shot. */
export type HostilePair = {
  sideId: number;
  killmails: number;
  iskLost: string;
};

/** `hour` is its beginning; hours without a battle are left out. */
export type HourCount = {
  hour: string;
  battles: number;
  iskDestroyed: string;
};

/** The lost ship itself. */
export type Hull = {
  typeId: string;
  typeName: string | null;
  unitPrice: UnitPrice | null;
};

/** Largest first; then what is no warship. */
export type HullClass = "titan" | "supercarrier" | "force_auxiliary" | "dreadnought" | "carrier" | "capital_industrial" | "battleship" | "battlecruiser" | "cruiser" | "destroyer" | "frigate" | "industrial" | "mining" | "shuttle" | "capsule" | "structure" | "other";

/** currentRate: average killmails per minute since the start. */
export type IngestJobDetail = {
  jobId: string;
  status: "pending" | "running" | "paused" | "completed" | "failed" | "cancelled";
  startDate: string | null;
  endDate: string | null;
  source: DaySource;
  rulesetId: string | null;
  priority: Priority;
  reason: string;
  requestedBy: string;
  progress: IngestProgress;
  retryCount: number;
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
  error: string | null;
  currentDate: string | null;
  currentRate: number | null;
  estimatedCompletion: string | null;
  dateProgress: DayItem[];
};

/** startDate and endDate are null if the manifest is invalid; `error` is the reason. */
export type IngestJobItem = {
  jobId: string;
  status: "pending" | "running" | "paused" | "completed" | "failed" | "cancelled";
  startDate: string | null;
  endDate: string | null;
  source: DaySource;
  rulesetId: string | null;
  priority: Priority;
  reason: string;
  requestedBy: string;
  progress: IngestProgress;
  retryCount: number;
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
  error: string | null;
};

export type IngestJobs = {
  jobs: IngestJobItem[];
  total: number;
  limit: number;
  offset: number;
};

/**
 * knownKillmails: already stored before the job. failedKillmails: unreadable in every source.
 *
 * skippedDates: days that the source does not have, of the processed ones; their `error` names what is missing.
 *
 * percentComplete counts days; a running day counts by its killmails, if the source reports their number.
 */
export type IngestProgress = {
  totalDates: number;
  processedDates: number;
  failedDates: number;
  skippedDates: number;
  totalKillmails: number;
  processedKillmails: number;
  acceptedKillmails: number;
  rejectedKillmails: number;
  knownKillmails: number;
  failedKillmails: number;
  percentComplete: number;
};

/** Both ends are included. */
export type IskBounds = {
  min?: string | number | null;
  max?: string | number | null;
};

/**
 * Parts of `totalIskDestroyed`; null for a battle of an older release.
 *
 * fitted: hulls and what was in their slots, so the total without cargo; a killmail whose parts are unknown counts
 * with its whole value. dropped: what could be looted, at least. killsWithoutParts: of those with a value.
 * killsWithUnpriced: with items without a price, of which each unit counts a cent.
 */
export type IskParts = {
  fitted: string;
  dropped: string;
  killsWithoutParts: number;
  killsWithUnpriced: number;
};

/**
 * Units of a type at one place, with what they contain. flag: the place, as the game numbers it.
 *
 * value: of all its units, dropped and destroyed, without what they contain. Both are null while there are no prices.
 */
export type Item = {
  typeId: string;
  typeName: string | null;
  flag: number | null;
  slot: Slot;
  quantityDropped: number;
  quantityDestroyed: number;
  isBlueprintCopy: boolean;
  unitPrice: UnitPrice | null;
  value: string | null;
  items: Item[];
};

/**
 * The items of a killmail; a structure or pod may have had none.
 *
 * The prices of the hull and the values of all items add up to the computed value of the killmail. priceDay: the last
 * day of the market that counts. rules: the version of the rules of valuation.
 */
export type Items = {
  killmailId: string;
  hull: Hull | null;
  priceDay: string | null;
  rules: number | null;
  items: Item[];
};

export type JobCancelled = {
  status: "pending" | "running" | "paused" | "completed" | "failed" | "cancelled";
  cancelledAt: string | null;
};

/** Overrides of the clustering configuration for one job; omitted fields stay as configured. */
export type JobConfig = {
  windowMinutes?: number | null;
  gapMaxMinutes?: number | null;
  minKills?: number | null;
};

/** estimatedKillmails, estimatedDuration (seconds): null without data of earlier days. */
export type JobCreated = {
  jobId: string;
  status: "pending" | "running" | "paused" | "completed" | "failed" | "cancelled";
  startDate: string;
  endDate: string;
  totalDates: number;
  estimatedKillmails: number | null;
  estimatedDuration: number | null;
  createdAt: string;
  warnings: string[];
};

/**
 * Backfills the days from startDate to endDate, both inclusive. A repeated request is the same job.
 *
 * A different reason makes it a different job.
 */
export type JobRequest = {
  author?: string;
  startDate: string;
  endDate: string;
  rulesetId?: string | null;
  priority?: Priority;
  source?: "everef" | "r2z2";
  reason?: string;
};

export type JobRetried = {
  status: "pending" | "running" | "paused" | "completed" | "failed" | "cancelled";
  retryCount: number;
  lastProcessedDate: string | null;
  willResumeFrom: string | null;
};

export type JobStatus = {
  status: "pending" | "running" | "paused" | "completed" | "failed" | "cancelled";
};

/** One killmail with all its details. */
export type KillmailDetail = {
  killmailId: string;
  systemId: string;
  systemName: string;
  timestamp: string;
  securityType: SecurityType | null;
  securityStatus: number | null;
  systemClass: number | null;
  systemEffect: string | null;
  regionId: string | null;
  regionName: string | null;
  victimAllianceId: string | null;
  victimAllianceName: string | null;
  victimCorpId: string | null;
  victimCorpName: string | null;
  victimCharacterId: string | null;
  victimCharacterName: string | null;
  victimTicker: string | null;
  attackerAllianceIds: string[];
  attackerAllianceNames: string[];
  attackerCorpIds: string[];
  attackerCorpNames: string[];
  attackerCharacterIds: string[];
  attackerCharacterNames: string[];
  shipTypeId: string | null;
  shipTypeName: string | null;
  shipGroupId: string | null;
  shipGroupName: string | null;
  hullClass: HullClass | null;
  finalBlow: KillmailFinalBlow | null;
  npc: boolean;
  solo: boolean;
  awox: boolean;
  iskValue: string | null;
  valueSource: ValueSource | null;
  valueConfidence: ValueConfidence | null;
  zkbUrl: string;
  battleId: string | null;
  participantCount: number;
  zkbHash: string;
  constellationId: string | null;
  victimFactionId: string | null;
  victimFactionName: string | null;
  victimDamageTaken: number;
  zkbPoints: number;
  value: Value;
  attackers: Attacker[];
  enrichment: Enrichment;
};

/**
 * How many hits have each value; values without a hit are absent. Counted over the newest 10,000 hits at most.
 *
 * With a query they count the hits that it reads.
 */
export type KillmailFacets = {
  securityType: Record<string, number>;
  hullClass: Record<string, number>;
  regions: RegionCount[];
};

/** The attacker that destroyed the ship. ticker: of the alliance, else of the corporation; null while unknown. */
export type KillmailFinalBlow = {
  characterId: string | null;
  characterName: string | null;
  corpId: string | null;
  corpName: string | null;
  allianceId: string | null;
  allianceName: string | null;
  shipTypeId: string | null;
  shipTypeName: string | null;
  ticker: string | null;
};

/**
 * systemClass: of a wormhole; null elsewhere. iskValue: null while it is unknown. attackerCount: with NPCs.
 *
 * battleId: null outside of battles.
 */
export type KillmailHit = {
  _matched: MatchedName[];
  _matchedTerms: string[];
  _relevanceScore: number;
  killmailId: string;
  zkbUrl: string;
  timestamp: string;
  systemId: string;
  systemName: string;
  regionId: string;
  regionName: string | null;
  securityType: SecurityType;
  securityStatus: number | null;
  systemClass: number | null;
  shipTypeId: string | null;
  shipTypeName: string | null;
  shipGroupId: string | null;
  shipGroupName: string | null;
  hullClass: HullClass | null;
  victimCharacterId: string | null;
  victimCharacterName: string | null;
  victimCorpId: string | null;
  victimCorpName: string | null;
  victimAllianceId: string | null;
  victimAllianceName: string | null;
  attackerCount: number;
  iskValue: string | null;
  npc: boolean;
  solo: boolean;
  battleId: string | null;
};

export type KillmailOrder = "timestamp" | "iskValue";

export type KillmailRecent = {
  items: KillmailSummary[];
  count: number;
};

/** estimatedTotalHits: exact up to 10,000 and never larger. query: empty where none was sent. */
export type KillmailSearchAnswer = {
  status: SearchStatus;
  processingTimeMs: number;
  query: string;
  hits: KillmailHit[];
  estimatedTotalHits: number;
  limit: number;
  offset: number;
  facets: KillmailFacets;
};

/** Those of the victim, and those of at least one attacker; a query finds killmails by both. */
export type KillmailSearchFilters = {
  securityType?: SecurityType[];
  hullClass?: HullClass[];
  timestamp?: TimeBounds;
  iskValue?: IskBounds;
  attackerCount?: CountBounds;
  systemIds?: (string | number)[];
  regionIds?: (string | number)[];
  shipTypeIds?: (string | number)[];
  victimAllianceIds?: (string | number)[];
  victimCorpIds?: (string | number)[];
  victimCharacterIds?: (string | number)[];
  attackerAllianceIds?: (string | number)[];
  attackerCorpIds?: (string | number)[];
  attackerCharacterIds?: (string | number)[];
};

export type KillmailSearchRequest = {
  query?: string | null;
  filters?: KillmailSearchFilters;
  sort?: KillmailSearchSort;
  page?: SearchPage;
};

export type KillmailSearchSort = {
  by?: KillmailOrder;
  order?: Direction;
};

export type KillmailSort = "time" | "isk_destroyed";

/**
 * One killmail of a list.
 *
 * systemClass: of wormhole systems 1 to 6 and 12 to 18, others as the static data has it; null without one.
 * systemEffect: of the secondary sun of a wormhole system, as "Magnetar"; null without one.
 * iskValue: what is shown and summed, by zKillboard or computed, as `valueSource` states; both are null while it is
 * unknown. valueConfidence: of a computed value. victimTicker: of the alliance, else of the corporation; null while
 * it is unknown.
 */
export type KillmailSummary = {
  killmailId: string;
  systemId: string;
  systemName: string;
  timestamp: string;
  securityType: SecurityType | null;
  securityStatus: number | null;
  systemClass: number | null;
  systemEffect: string | null;
  regionId: string | null;
  regionName: string | null;
  victimAllianceId: string | null;
  victimAllianceName: string | null;
  victimCorpId: string | null;
  victimCorpName: string | null;
  victimCharacterId: string | null;
  victimCharacterName: string | null;
  victimTicker: string | null;
  attackerAllianceIds: string[];
  attackerAllianceNames: string[];
  attackerCorpIds: string[];
  attackerCorpNames: string[];
  attackerCharacterIds: string[];
  attackerCharacterNames: string[];
  shipTypeId: string | null;
  shipTypeName: string | null;
  shipGroupId: string | null;
  shipGroupName: string | null;
  hullClass: HullClass | null;
  finalBlow: KillmailFinalBlow | null;
  npc: boolean;
  solo: boolean;
  awox: boolean;
  iskValue: string | null;
  valueSource: ValueSource | null;
  valueConfidence: ValueConfidence | null;
  zkbUrl: string;
  battleId: string | null;
  participantCount: number;
};

/**
 * Why two killmails are in the same battle. `reason` is the name of a rule; new rules add names.
 *
 * deltaSeconds: between the two losses. quietLimitSeconds: the longest silence that the rule bridges; null for a merge
 * edit and in battles of an older release. sharedPilots: on both killmails. jumps: stargates between their systems,
 * 0 in one system; null where they are more than two, or unknown.
 */
export type LinkItem = {
  fromKillmailId: string;
  toKillmailId: string;
  reason: string;
  score: number;
  deltaSeconds: number;
  quietLimitSeconds: number | null;
  sharedPilots: number;
  jumps: number | null;
};

export type LinkReason = {
  reason: string;
  count: number;
};

export type LinkStart = {
  redirectUrl: string;
};

/**
 * Where live killmails come from: the feed, or its standby while the feed is silent or gives nothing usable.
 *
 * reason: of the last switch. unavailableKillmails: named by lists of the standby, without a killmail to be had.
 */
export type LiveSource = {
  active: "primary" | "standby";
  since: string;
  reason: string | null;
  standbyLastSuccess: string | null;
  switches24h: number;
  unavailableKillmails: number;
};

export type MainAlliance = {
  allianceId: string;
  allianceName: string | null;
  participantCount: number;
};

/** Best first. */
export type MatchKind = "exact" | "prefix" | "word_prefix" | "typo";

export type MatchedField = "name" | "ticker";

/** A name of the hit that the query may mean, and which of its characters match. */
export type MatchedName = {
  type: MatchedType;
  id: string;
  name: string;
  kind: MatchKind;
  highlights: Highlight[];
};

/** What a matched name belongs to. */
export type MatchedType = "battle" | "system" | "region" | "alliance" | "corporation" | "character" | "ship_type";

/** The account of the caller. */
export type Me = {
  id: string;
  displayName: string;
  email: string | null;
  isSuperAdmin: boolean;
  termsAcceptedAt: string | null;
  lastLoginAt: string | null;
  primaryCharacter: CharacterItem | null;
  characters: CharacterItem[];
  roles: RoleItem[];
};

/** Keeps these killmails or battles in one battle with this battle's first killmail. */
export type Merge = {
  author?: string;
  note?: string | null;
  kind: "tag";
  killmailIds?: (string | number)[];
  battleIds?: string[];
};

/** How a name fits the query: which field, how, with how many edits, and which of its characters. */
export type NameMatch = {
  field: MatchedField;
  kind: MatchKind;
  edits: number;
  highlights: Highlight[];
};

export type NamedEntity = {
  id: string;
  name: string | null;
};

/** A token reads what its account may read; with `canWrite` it also writes battle reports. */
export type NewAccessToken = {
  name: string;
  canWrite?: boolean;
  expiresInDays?: number;
};

/** A complete ruleset. If it is active, it replaces the active one. */
export type NewRuleset = {
  name: string;
  description?: string | null;
  minPilots?: number;
  trackedAllianceIds?: (string | number)[];
  trackedCorpIds?: (string | number)[];
  trackedCharacterIds?: (string | number)[];
  trackedSystemIds?: (string | number)[];
  trackedSecurityTypes?: SecurityType[];
  ignoreUnlisted?: boolean;
  excludeNpc?: boolean;
  isActive?: boolean;
  updatedBy?: string;
};

export type Operation = "entities" | "systems" | "ships" | "global" | "battles" | "killmails";

/** An alliance or corporation. */
export type Organisation = {
  id: string;
  name: string | null;
  ticker: string | null;
};

export type Outcome = {
  isDecisive: boolean;
  winningSide: number | null;
};

/** kept: the answer of an earlier search was sent again. failed: answered with 503. */
export type OutcomeCounts = {
  found: number;
  empty: number;
  kept: number;
  failed: number;
};

/** A pilot on the battle's killmails. `shipTypeId` is the most lost ship, else the one with the most kills. */
export type ParticipantItem = {
  characterId: string;
  characterName: string | null;
  allianceId: string | null;
  allianceName: string | null;
  allianceTicker: string | null;
  corpId: string | null;
  corpName: string | null;
  corpTicker: string | null;
  sideId: number | null;
  isVictim: boolean;
  kills: number;
  finalBlows: number;
  deaths: number;
  damageDone: number;
  damageReceived: number;
  iskDestroyed: string;
  iskLost: string;
  isAwoxer: boolean;
  firstSeenAt: string;
  lastSeenAt: string;
  shipTypeId: string | null;
  shipTypeName: string | null;
  shipsFlown: ShipFlown[];
  lossesDetail: PilotLossItem[];
};

export type ParticipantSort = "kills" | "deaths" | "isk_destroyed" | "isk_lost" | "damage_done" | "damage_received" | "final_blows" | "first_seen" | "name";

export type Participants = {
  items: ParticipantItem[];
  revision: number;
  total: number;
  limit: number;
  offset: number;
};

/**
 * Between the nodes `a` and `b`, which are indexes.
 *
 * hostileKillmails: losses of one on which the other shot, with their ISK. jointKillmails: on which both shot a third.
 */
export type PartyEdge = {
  a: number;
  b: number;
  hostileKillmails: number;
  hostileIsk: string;
  jointKillmails: number;
};

/** Of parties with several rows, because their pilots fought on several sides, the largest is the node. */
export type PartyGraph = {
  battleId: string;
  revision: number;
  nodes: PartyNode[];
  edges: PartyEdge[];
};

/**
 * A party on a side: its role, and the confidence of the side assignment (0 to 1).
 *
 * secondBestSideId: the side that it fits next best, null without one. losses = shipsLost + capsulesLost.
 * iskLostFitted: without cargo. firstSeenAt: null for a party of which no pilot is on a killmail.
 */
export type PartyItem = {
  partyType: "alliance" | "corporation" | "faction" | "character";
  partyId: string;
  partyName: string | null;
  ticker: string | null;
  role: "side" | "third-party" | "kill-stealer" | "unassigned";
  confidence: number;
  evidence: number;
  secondBestSideId: number | null;
  pilots: number;
  kills: number;
  losses: number;
  shipsLost: number;
  capsulesLost: number;
  iskDestroyed: string;
  iskLost: string;
  iskLostFitted: string | null;
  firstSeenAt: string | null;
  corporations: CorporationItem[];
  pinned: PinOutput | null;
};

export type PartyName = {
  partyType: "alliance" | "corporation" | "faction" | "character";
  partyId: string;
  partyName: string | null;
  ticker: string | null;
};

export type PartyNode = {
  partyType: "alliance" | "corporation" | "faction" | "character";
  partyId: string;
  partyName: string | null;
  ticker: string | null;
  sideId: number | null;
  role: "side" | "third-party" | "kill-stealer" | "unassigned";
  pilots: number;
  losses: number;
  iskLost: string;
};

export type Period = "24h" | "7d" | "30d";

export type PeriodTotals = {
  total: number;
  totalIskDestroyed: string;
  totalPilots: number;
  averageIskPerBattle: string;
  averagePilotsPerBattle: number;
};

export type Permission = {
  role: RoleKey;
  rank: number;
};

/** Roles by feature. */
export type Permissions = {
  isSuperAdmin: boolean;
  permissions: Record<string, Permission>;
};

/** A ship that the pilot lost, and the killmail of the capsule that left it. */
export type PilotLossItem = {
  killmailId: string;
  shipTypeId: string;
  iskValue: string;
  occurredAt: string;
  podKillmailId: string | null;
};

/** How many pilots of a side have been on a killmail by a time in seconds since the start of the battle. */
export type PilotsSeen = {
  relativeTime: number;
  sideId: number | null;
  pilots: number;
};

/** Assigns a party to a side, in every battle that contains one of its killmails of this battle. */
export type PinInput = {
  author?: string;
  note?: string | null;
  kind: "pin";
  partyType: "alliance" | "corporation" | "faction" | "character";
  partyId: string | number;
  sideId: number;
};

/** The edit that holds a party on its side. */
export type PinOutput = {
  editId: string;
  author: string;
};

/** How the web application looks to this account. `columns` are the visible columns by page. */
export type Preferences = {
  theme?: "dark" | "light" | "system";
  density?: "comfortable" | "compact";
  iskForm?: "short" | "full";
  columns?: Record<string, unknown>;
};

/**
 * Which rule gave the price of a type on a day, the first that gives one.
 *
 * worthless: a cent. fixed: by a list with reasons. build_cost: of the materials. market: the mean of a window of days
 * of The Forge. other_region: the same elsewhere. unpriced: none gave one, so that a unit counts a cent.
 */
export type PriceRule = "worthless" | "fixed" | "build_cost" | "market" | "other_region" | "unpriced";

export type PrimaryCharacter = {
  characterId: string;
};

export type PrimaryItem = {
  eveCharacterId: string;
  eveCharacterName: string;
  portraitUrl: string;
  corpName: string | null;
  allianceName: string | null;
};

export type Priority = "low" | "normal" | "high";

/** The body of every error. */
export type Problem = {
  error: string;
  message: string;
  requestId: string;
  retryAfter?: number;
};

export type Profile = {
  account: AccountItem;
  primaryCharacter: CharacterItem | null;
  charactersGrouped: AllianceGroup[];
  featureRoles: ProfileRole[];
  stats: ProfileStats;
};

export type ProfileRole = {
  featureKey: string;
  featureName: string;
  roleKey: RoleKey;
  roleRank: number;
  grantedAt: string;
};

export type ProfileStats = {
  totalCharacters: number;
  uniqueAlliances: number;
  uniqueCorporations: number;
};

/**
 * Live ingestion. ingestRate (per minute) and lastHourAccepted cover the last full hour.
 *
 * totalIngested and ingestRate count everything that was received, also killmails that came again and files that are
 * refused; the other fields count each killmail once.
 */
export type RealTime = {
  totalIngested: number;
  totalAccepted: number;
  totalRejected: number;
  acceptRate: number | null;
  ingestRate: number;
  lastHourAccepted: number;
};

/** A range of killmails to recluster, end exclusive. Battles keep their ids. */
export type ReclusterRequest = {
  author?: string;
  startTime: string;
  endTime: string;
  reason?: "daily_verification" | "gap_detected" | "retention_cleanup" | "manual" | "backfill";
  dryRun?: boolean;
  deleteExisting?: boolean;
  customConfig?: JobConfig;
};

/** The requested job. `affectedBattles` is null until the job is completed. */
export type ReclusterResponse = {
  success: boolean;
  message: string;
  jobId: string;
  status: "pending" | "running" | "completed" | "failed" | "cancelled";
  affectedKillmails: number;
  affectedBattles: number | null;
  changes: ChangeCounts;
};

export type RegionCount = {
  regionId: string;
  regionName: string | null;
  count: number;
};

/** documentsTotal: 0 until the job has begun. */
export type ReindexJobItem = {
  id: string;
  status: ReindexStatus;
  documentsTotal: number;
  documentsProcessed: number;
  percentage: number;
  requestedBy: string;
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
  cancelledBy: string | null;
};

export type ReindexJobs = {
  items: ReindexJobItem[];
  total: number;
  limit: number;
  offset: number;
};

/** Who asks for it. */
export type ReindexRequest = {
  author?: string;
};

export type ReindexStatus = "pending" | "running" | "completed" | "cancelled";

/** Rejected killmails by the first rule that failed. */
export type RejectReasons = {
  minPilots: number;
  system: number;
  security: number;
  entity: number;
  npc: number;
};

/** Removes a pilot from a killmail. */
export type RemovePilot = {
  author?: string;
  note?: string | null;
  kind: "scrub";
  killmailId: string | number;
  characterId: string | number;
};

/** Sets the name of the battle, or removes it with null. */
export type Rename = {
  author?: string;
  note?: string | null;
  kind: "rename";
  name: string | null;
};

export type RepublishJobItem = {
  jobId: string;
  status: "pending" | "running" | "completed" | "cancelled";
  startTime: string | null;
  endTime: string | null;
  progress: RepublishProgress;
  requestedBy: string;
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
  cancelledBy: string | null;
};

export type RepublishJobs = {
  items: RepublishJobItem[];
  total: number;
  limit: number;
  offset: number;
};

/** Battles republished, of those in the range when the job began, deleted ones included. */
export type RepublishProgress = {
  processed: number;
  total: number;
  percentage: number;
};

/** Republish the battles that start in a range, end exclusive; an omitted time leaves it open. */
export type RepublishRequest = {
  author?: string;
  startTime?: string | null;
  endTime?: string | null;
};

/** jobId: the id of the published event. estimatedDuration: average seconds of the ingestion context. */
export type RetentionAccepted = {
  jobId: string;
  status: "pending";
  cutoffDate: string;
  estimatedDuration: number | null;
};

export type RetentionPolicy = {
  windowMonths: number;
  cutoffDate: string;
  lastCleanup: string | null;
  nextCleanup: string;
};

export type RetentionStatus = {
  retentionPolicy: RetentionPolicy;
  dataStats: DataStats;
};

export type RevaluationJobItem = {
  jobId: string;
  status: "pending" | "running" | "completed" | "cancelled";
  firstDay: string;
  lastDay: string;
  progress: RevaluationProgress;
  requestedBy: string;
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
  cancelledBy: string | null;
};

export type RevaluationJobs = {
  items: RevaluationJobItem[];
  total: number;
  limit: number;
  offset: number;
};

/**
 * `changed` killmails got another value; those `without_prices` get theirs when the prices are loaded.
 *
 * current_day: all days before it are done. percentage: of the days.
 */
export type RevaluationProgress = {
  currentDay: string;
  percentage: number;
  killmails: number;
  changed: number;
  withoutPrices: number;
};

/** Compute the values of the killmails of these UTC days again, both included. */
export type RevaluationRequest = {
  author?: string;
  firstDay: string;
  lastDay: string;
};

/** The killmail, edit or reclustering job that created the revision. */
export type RevisionCause = {
  kind: "killmail" | "edit" | "recluster" | "value";
  id: string;
};

/** The totals minus those of the previous revision; for the first revision the totals. */
export type RevisionDelta = {
  totalKills: number;
  totalParticipants: number;
  totalIskDestroyed: string;
};

/** What differs between two revisions; ids are of killmails, totals those of the later less those of the former. */
export type RevisionDiff = {
  battleId: string;
  fromRevision: number;
  toRevision: number;
  added: string[];
  removed: string[];
  totalKills: number;
  totalParticipants: number;
  totalIskDestroyed: string;
  sides: number;
};

/** A revision of a battle: what changed, why, and the totals afterwards. */
export type RevisionItem = {
  revision: number;
  madeAt: string;
  reason: "created" | "new_killmail" | "retroactive_attribution" | "recluster" | "merge" | "split" | "edit" | "value_changed" | "merged" | "deleted";
  cause: RevisionCause;
  added: string[];
  removed: string[];
  absorbed: string[];
  sides: number;
  totalKills: number;
  totalParticipants: number;
  totalIskDestroyed: string;
  difference: RevisionDelta;
};

export type Revisions = {
  items: RevisionItem[];
  nextCursor: string | null;
  hasMore: boolean;
};

export type RoleAssignment = {
  featureKey: string;
  roleKey: RoleKey;
};

export type RoleItem = {
  feature: string;
  role: RoleKey;
  rank: number;
};

/** The roles of a feature, lowest first; a higher one includes those below it. */
export type RoleKey = "user" | "fc" | "director" | "admin";

export type RoleName = {
  key: RoleKey;
  rank: number;
};

export type Roles = {
  roles: FeatureRole[];
};

/** A stretch of losses; between two of them nothing was lost for more than ten minutes. */
export type RoundItem = {
  startTime: string;
  endTime: string;
  killmails: number;
};

/** A partial update; omitted fields stay. */
export type RulesetChange = {
  name?: string;
  description?: string | null;
  minPilots?: number;
  trackedAllianceIds?: (string | number)[];
  trackedCorpIds?: (string | number)[];
  trackedCharacterIds?: (string | number)[];
  trackedSystemIds?: (string | number)[];
  trackedSecurityTypes?: SecurityType[];
  ignoreUnlisted?: boolean;
  excludeNpc?: boolean;
  isActive?: boolean;
  updatedBy?: string;
};

/** names: ESI's names by id, as of saving. unverifiedIds: listed ids saved while ESI was unavailable. */
export type RulesetItem = {
  id: string;
  name: string;
  description: string | null;
  minPilots: number;
  trackedAllianceIds: string[];
  trackedCorpIds: string[];
  trackedCharacterIds: string[];
  trackedSystemIds: string[];
  trackedSecurityTypes: SecurityType[];
  ignoreUnlisted: boolean;
  excludeNpc: boolean;
  isActive: boolean;
  createdAt: string;
  updatedAt: string;
  updatedBy: string | null;
  names?: Record<string, string>;
  unverifiedIds: string[];
};

export type Rulesets = {
  rulesets: RulesetItem[];
  total: number;
  limit: number;
  offset: number;
};

/**
 * How searches of a kind ended, by the engine that answered. p50 to p99: milliseconds of the latest 1,000 of them.
 *
 * Those of names that PostgreSQL answers where Typesense is the engine are degraded.
 */
export type SearchFigureItem = {
  operation: Operation;
  engine: EngineName;
  counts: OutcomeCounts;
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
};

/** degraded: the engine does not answer, and names are found in the database. */
export type SearchHealth = {
  status: SearchStatus;
  engine: EngineName;
};

export type SearchPage = {
  limit?: number;
  offset?: number;
};

/**
 * waiting: changes that are not indexed yet. lagSeconds: for how long the oldest of them has waited.
 *
 * searches: of the instance that answers, since its start.
 */
export type SearchStats = {
  engine: EngineName;
  documents: DocumentCounts;
  waiting: number;
  lagSeconds: number;
  searches: SearchFigureItem[];
};

/** degraded: the search engine does not answer, and the database stands in for it. */
export type SearchStatus = "healthy" | "degraded";

export type SearchedEntityType = "alliance" | "corporation" | "character";

export type SecurityType = "highsec" | "lowsec" | "nullsec" | "wormhole" | "pochven";

/** pollIntervalMs is always null, because the feed sets the polling rate. */
export type Service = {
  pollIntervalMs?: number | null;
};

/**
 * A link to the public card of a battle.
 *
 * url: of the page, imageUrl: of the picture of 1200 x 630. createdBy, revokedBy: accounts, null for the owner of one
 * machine without logins. isActive: neither revoked nor expired.
 */
export type ShareItem = {
  id: string;
  battleId: string;
  token: string;
  url: string;
  imageUrl: string;
  createdBy: string | null;
  createdAt: string;
  expiresAt: string | null;
  revokedBy: string | null;
  revokedAt: string | null;
  isActive: boolean;
};

/** expiresInDays: null for a link without an end. */
export type ShareRequest = {
  expiresInDays?: number | null;
};

/** The newest first, at most 200. publicShares: what the links show: `off`, `card` or `report`. */
export type Shares = {
  items: ShareItem[];
  publicShares: string;
};

export type ShipAnswer = {
  status: SearchStatus;
  processingTimeMs: number;
  query: string;
  ships: ShipHit[];
};

export type ShipFlown = {
  shipTypeId: string;
  shipTypeName: string | null;
  shipGroupId: string | null;
  hullClass: HullClass | null;
  kills: number;
  losses: number;
};

/** hullClass: null while its group is unknown. */
export type ShipHit = {
  id: string;
  name: string;
  battleCount: number;
  match: NameMatch;
  groupId: string | null;
  groupName: string | null;
  hullClass: HullClass | null;
  lastSeenAt: string | null;
};

/** A battle in a few words. */
export type ShortBattleHit = {
  _matched: MatchedName[];
  _matchedTerms: string[];
  relevanceScore: number;
  id: string;
  name: string | null;
  systemId: string;
  systemName: string | null;
  regionName: string | null;
  securityType: SecurityType;
  startTime: string;
  totalKills: number;
  totalParticipants: number;
  totalIskDestroyed: string;
  mainAlliances: MainAlliance[];
};

export type SideAlliance = {
  allianceId: string;
  allianceName: string | null;
  pilots: number;
  iskDestroyed: string;
  iskLost: string;
};

/** hostilePairs: of the killmails in the same answer, the side with the most losses first. */
export type SideItem = {
  sideId: number;
  pilots: number;
  kills: number;
  losses: number;
  shipsDestroyed: number;
  shipsLost: number;
  capsulesLost: number;
  iskDestroyed: string;
  iskLost: string;
  iskLostFitted: string | null;
  iskEfficiency: number;
  damageDone: number;
  damageReceived: number;
  finalBlows: number;
  role: SideRole;
  alliances: SideAlliance[];
  topAlliances: SideAlliance[];
  parties: PartyItem[];
  ships: SideShip[];
  hostilePairs: HostilePair[];
};

/** What the parties of a side did in the battle. */
export type SideRole = "main" | "third_party" | "kill_stealer";

/** A type of ship on a side. seen: pilots who flew it. lost: killmails. */
export type SideShip = {
  shipTypeId: string;
  shipTypeName: string | null;
  shipGroupId: string | null;
  shipGroupName: string | null;
  hullClass: HullClass | null;
  seen: number;
  lost: number;
  iskLost: string;
};

/** The attackers of one side, without NPCs; `sideId` is null for those on no side. */
export type SideShots = {
  sideId: number | null;
  attackers: number;
  damage: number;
};

/** `isk`: whole ISK by bucket. Its last buckets are left out where nothing was lost in them. */
export type SideSpark = {
  sideId: number | null;
  isk: number[];
};

/**
 * A side in a list. iskLostFitted: without cargo, null in battles of an older release.
 *
 * `topParty` has the most pilots; null where only pilots without a party are on the side.
 */
export type SideSummary = {
  sideId: number;
  role: SideRole;
  pilots: number;
  losses: number;
  iskLost: string;
  iskLostFitted: string | null;
  topParty: PartyName | null;
  partyCount: number;
};

/** The kind of place of an item. */
export type Slot = "high" | "mid" | "low" | "rig" | "subsystem" | "service" | "fighter_tube" | "drone_bay" | "fighter_bay" | "implant" | "cargo" | "specialized_hold" | "fleet_hangar" | "ship_hangar" | "fuel" | "escape_bay" | "other";

export type SortBy = "start_time" | "isk_destroyed" | "kills" | "duration" | "participants";

export type SortOrder = "desc" | "asc";

/** Coarser names that clients may use instead of security types. */
export type SpaceType = "kspace" | "jspace" | "pochven";

/** Losses over time: at most 24 buckets of `bucketSeconds` from the start of the battle. */
export type Spark = {
  bucketSeconds: number;
  lost: SideSpark[];
};

/** Keeps these groups of killmails in different battles. `doubt`, from a suggestion, has no effect. */
export type Split = {
  author?: string;
  note?: string | null;
  kind: "split";
  groups: ((string | number)[])[];
  doubt?: "lull" | "bridge-kill" | "sub-fights" | null;
};

/** The halves of a suggested split. sharedPilots: pilots on killmails of both. */
export type SplitPreview = {
  battleId: string;
  revision: number;
  doubt: "lull" | "bridge-kill" | "sub-fights";
  halves: HalfTotals[];
  sharedPilots: number;
};

export type Statistics = {
  realTime: RealTime;
  historical: Historical;
};

/** Of everything that is stored. A list is null where it could not be computed in time. */
export type StatisticsSummary = {
  totalBattles: number | null;
  totalKillmails: number | null;
  uniqueAlliances: number | null;
  uniqueCorporations: number | null;
  topAlliances: AllianceCount[] | null;
  topCorporations: CorporationCount[] | null;
  generatedAt: string;
};

/** unverifiedIds: as in a ruleset. */
export type Success = {
  success?: boolean;
  unverifiedIds: string[];
};

/** A possible split; `doubt` and `groups` are valid as fields of an edit of the kind `split`. */
export type Suggestion = {
  doubt: "lull" | "bridge-kill" | "sub-fights";
  groups: string[][];
};

export type SystemAnswer = {
  status: SearchStatus;
  processingTimeMs: number;
  query: string;
  systems: SystemHit[];
};

export type SystemCount = {
  systemId: string;
  systemName: string | null;
  battleCount: number;
  iskDestroyed: string;
};

/** systemClass, systemEffect: of a wormhole; null elsewhere and while unknown. */
export type SystemHit = {
  id: string;
  name: string;
  battleCount: number;
  match: NameMatch;
  regionId: string | null;
  regionName: string | null;
  constellationId: string | null;
  constellationName: string | null;
  securityType: SecurityType | null;
  securityStatus: number | null;
  systemClass: number | null;
  systemEffect: string | null;
  lastBattleAt: string | null;
};

/** A system of the battle, with its first and last loss. */
export type SystemItem = {
  systemId: string;
  systemName: string | null;
  securityStatus: number | null;
  systemClass: number | null;
  systemEffect: string | null;
  killmails: number;
  firstAt: string;
  lastAt: string;
};

export type SystemName = {
  systemId: string;
  systemName: string | null;
};

/** Size classes of battles, smallest first. */
export type Tier = "single" | "small" | "skirmish" | "battle" | "major";

/** Both ends are included. */
export type TimeBounds = {
  after?: string | null;
  before?: string | null;
};

export type TimeRange = "last_hour" | "last_24h" | "last_7d" | "last_30d" | "custom";

/** The losses in order of time. `sideSeen` has an entry for each time at which a number changed. */
export type Timeline = {
  battleId: string;
  revision: number;
  timeline: TimelineEvent[];
  sideSeen: PilotsSeen[];
};

/** A loss. `relativeTime`: seconds since the start of the battle. `victimShip`: the name of the type. */
export type TimelineEvent = {
  timestamp: string;
  relativeTime: number;
  killmailId: string;
  systemId: string;
  victimName: string | null;
  victimShip: string | null;
  shipTypeId: string;
  hullClass: HullClass | null;
  victimSide: number | null;
  podOf: string | null;
  iskValue: string;
  zkbUrl: string;
};

export type TopKiller = {
  characterId: string;
  characterName: string | null;
  sideId: number | null;
  kills: number;
  iskDestroyed: string;
};

export type TopLoser = {
  characterId: string;
  characterName: string | null;
  sideId: number | null;
  deaths: number;
  iskLost: string;
};

/** How far back the search for the most valuable killmails goes. */
export type TopRange = "1h" | "24h" | "7d";

/** Of names at most 20 a type are counted, of battles 10,000. */
export type TotalResults = {
  battles: number;
  killmails: number;
  entities: number;
  systems: number;
  ships: number;
};

/** Undoes an edit. */
export type UndoRequest = {
  author?: string;
};

/**
 * What one unit counts in the computed value.
 *
 * records: days of the market behind the price, the fewest of the materials of a build cost; 0 where no market was
 * used. lastDay: the last of these days.
 */
export type UnitPrice = {
  isk: string;
  rule: PriceRule;
  records: number;
  lastDay: string | null;
};

/** An item type without a price; each unit of it counts a cent. */
export type UnpricedType = {
  typeId: string;
  typeName: string;
};

/** The value that is shown and summed, in parts, and the two that it is chosen from. */
export type Value = {
  source: ValueSource | null;
  total: string | null;
  fitted: string | null;
  dropped: string | null;
  destroyed: string | null;
  zkb: ZkbValue | null;
  computed: ComputedValue | null;
};

/** How much of a computed total has a sure price: 95 % or more, 80 % or more, less. */
export type ValueConfidence = "high" | "medium" | "low";

/** Where the value that is shown and summed comes from. */
export type ValueSource = "zkb" | "computed";

/** jobId: the id of the published event. estimatedDuration: average seconds, null without a completed one. */
export type VerificationAccepted = {
  jobId: string;
  status: "pending";
  verificationDate: string;
  estimatedDuration: number | null;
};

/** jobId: the job that backfills missing killmails. duration: seconds. */
export type VerificationItem = {
  date: string;
  status: "running" | "completed" | "failed";
  expected: number | null;
  found: number | null;
  missing: number | null;
  requeued: number | null;
  jobId: string | null;
  duration: number | null;
  error: string | null;
};

/** Compares the stored killmails of a day with the source's list. */
export type VerificationRequest = {
  date: string;
};

export type VerificationSummary = {
  totalDaysVerified: number;
  totalMissing: number;
  totalRequeued: number;
  averageMissingPerDay: number | null;
};

export type Verifications = {
  verifications: VerificationItem[];
  summary: VerificationSummary;
  total: number;
  limit: number;
  offset: number;
};

/** The ruleset as of `changedAt`. */
export type Version = {
  changedAt: string;
  ruleset: RulesetItem;
};

export type Versions = {
  versions: Version[];
  total: number;
  limit: number;
  offset: number;
};

/** All links of one killmail, the strongest first; `sharedPilots` has the first 20 of each. */
export type Why = {
  battleId: string;
  revision: number;
  killmailId: string;
  links: WhyLink[];
};

/**
 * A link to another killmail of the battle. deltaSeconds: from this killmail to the other; negative before it.
 *
 * quietLimitSeconds: the longest silence that the rule bridges, as in the detail of the battle; jumps likewise.
 */
export type WhyLink = {
  killmailId: string;
  reason: string;
  score: number;
  deltaSeconds: number;
  quietLimitSeconds: number | null;
  sameSystem: boolean;
  jumps: number | null;
  sharedPilotCount: number;
  sharedPilots: NamedEntity[];
};

/** What zKillboard estimates, whether or not it is used. */
export type ZkbValue = {
  total: string;
  fitted: string | null;
  dropped: string | null;
  destroyed: string | null;
};

export interface Operations {
  /** List the latest changes of battles, also of deleted ones. */
  "GET /api/activity/recent": {
    path: undefined;
    query: { limit?: number | string };
    body: undefined;
    answer: Activity;
  };
  /** List accounts, newest first. */
  "GET /api/admin/accounts": {
    path: undefined;
    query: { limit?: number | string; offset?: number | string; query?: string; status?: "active" | "blocked" | "deleted" };
    body: undefined;
    answer: AdminAccounts;
  };
  /** Block an account: its sessions, tokens and streams end within a second. */
  "POST /api/admin/accounts/{account_id}/block": {
    path: { account_id: string };
    query: undefined;
    body: Block;
    answer: undefined;
  };
  /** Give an account a role in a feature; it takes effect at once. */
  "PUT /api/admin/accounts/{account_id}/roles": {
    path: { account_id: string };
    query: undefined;
    body: RoleAssignment;
    answer: undefined;
  };
  /** Take the role in a feature from an account; it takes effect at once. */
  "DELETE /api/admin/accounts/{account_id}/roles/{feature_key}": {
    path: { account_id: string; feature_key: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Make an account a SuperAdmin. */
  "POST /api/admin/accounts/{account_id}/superadmin": {
    path: { account_id: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Take the rights of a SuperAdmin from an account; its roles stay. */
  "DELETE /api/admin/accounts/{account_id}/superadmin": {
    path: { account_id: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Let an account log in again. */
  "POST /api/admin/accounts/{account_id}/unblock": {
    path: { account_id: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Get the organisations that may log in, and those that may not. */
  "GET /api/admin/auth-config": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: AuthConfigItem;
  };
  /** Change the given fields. Accounts that are denied now lose their sessions and access tokens at once. */
  "PUT /api/admin/auth-config": {
    path: undefined;
    query: undefined;
    body: AuthConfigUpdate;
    answer: AuthConfigItem;
  };
  /** Recluster a range: 202 with the job. A dry run answers 200 with the changes if it ends within `Prefer: wait`. */
  "POST /api/admin/battles/recluster": {
    path: undefined;
    query: undefined;
    body: ReclusterRequest;
    answer: ReclusterResponse;
  };
  /** List jobs, newest first. */
  "GET /api/admin/battles/recluster/jobs": {
    path: undefined;
    query: { limit?: number | string; offset?: number | string };
    body: undefined;
    answer: BattleJobs;
  };
  /** Get the progress of a job and the battles that it changed (a dry run: would change). */
  "GET /api/admin/battles/recluster/jobs/{job_id}": {
    path: { job_id: string };
    query: { limit?: number | string; offset?: number | string };
    body: undefined;
    answer: BattleJobDetail;
  };
  /** Cancel a job. A part that is being processed ends first; finished parts stay. */
  "POST /api/admin/battles/recluster/jobs/{job_id}/cancel": {
    path: { job_id: string };
    query: undefined;
    body: CancelRequest | null;
    answer: BattleJobItem;
  };
  /** Republish the current state of battles, deleted ones included; up-to-date consumers change nothing. */
  "POST /api/admin/battles/republish": {
    path: undefined;
    query: undefined;
    body: RepublishRequest | null;
    answer: RepublishJobItem;
  };
  /** List jobs, newest first. */
  "GET /api/admin/battles/republish/jobs": {
    path: undefined;
    query: { limit?: number | string; offset?: number | string };
    body: undefined;
    answer: RepublishJobs;
  };
  /** Get the progress of a job. */
  "GET /api/admin/battles/republish/jobs/{job_id}": {
    path: { job_id: string };
    query: undefined;
    body: undefined;
    answer: RepublishJobItem;
  };
  /** Cancel a job. A part that is being processed ends first. */
  "POST /api/admin/battles/republish/jobs/{job_id}/cancel": {
    path: { job_id: string };
    query: undefined;
    body: CancelRequest | null;
    answer: RepublishJobItem;
  };
  /** Get the clustering configuration. */
  "GET /api/admin/config/clusterer": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: ClusteringConfigItem;
  };
  /** Change the given fields, for killmails that arrive later. With If-Match only if its ETag is the current one. */
  "PUT /api/admin/config/clusterer": {
    path: undefined;
    query: undefined;
    body: ClusteringConfigUpdate;
    answer: ClusteringConfigItem;
  };
  /** Get the active ruleset as configuration of ingestion. */
  "GET /api/admin/config/ingest": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: ConfigItem;
  };
  /** Change the given fields of the active ruleset. */
  "PUT /api/admin/config/ingest": {
    path: undefined;
    query: undefined;
    body: ConfigChange;
    answer: Success;
  };
  /** Compute the values of these days again. What zKillboard states stays; equal values change nothing. */
  "POST /api/admin/killmails/revaluations": {
    path: undefined;
    query: undefined;
    body: RevaluationRequest;
    answer: RevaluationJobItem;
  };
  /** List jobs, newest first. */
  "GET /api/admin/killmails/revaluations/jobs": {
    path: undefined;
    query: { limit?: number | string; offset?: number | string };
    body: undefined;
    answer: RevaluationJobs;
  };
  /** Get the progress of a job. */
  "GET /api/admin/killmails/revaluations/jobs/{job_id}": {
    path: { job_id: string };
    query: undefined;
    body: undefined;
    answer: RevaluationJobItem;
  };
  /** Cancel a job. A part that is being processed ends first. */
  "POST /api/admin/killmails/revaluations/jobs/{job_id}/cancel": {
    path: { job_id: string };
    query: undefined;
    body: CancelRequest | null;
    answer: RevaluationJobItem;
  };
  /** Rebuild the index while searches use the documents that are there. */
  "POST /api/admin/search/reindex": {
    path: undefined;
    query: undefined;
    body: ReindexRequest | null;
    answer: ReindexJobItem;
  };
  /** List jobs, newest first. */
  "GET /api/admin/search/reindex": {
    path: undefined;
    query: { limit?: number | string; offset?: number | string };
    body: undefined;
    answer: ReindexJobs;
  };
  /** Get the progress of a job. */
  "GET /api/admin/search/reindex/{job_id}": {
    path: { job_id: string };
    query: undefined;
    body: undefined;
    answer: ReindexJobItem;
  };
  /** Cancel a job. A part that is being processed ends first. */
  "POST /api/admin/search/reindex/{job_id}/cancel": {
    path: { job_id: string };
    query: undefined;
    body: CancelRequest | null;
    answer: ReindexJobItem;
  };
  /** Count the documents of the index, the changes that wait to be indexed, and what searches took. */
  "GET /api/admin/search/stats": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: SearchStats;
  };
  /** Get statistics of the last 24 hours. */
  "GET /api/admin/stats/clusterer": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: ClusteringStatisticsItem;
  };
  /** Get statistics of the live feed of the last 24 hours, by full hours. */
  "GET /api/admin/stats/ingest": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: DayStatistics;
  };
  /** List the battles in which the alliance took part. */
  "GET /api/alliances/{entity_id}/battles": {
    path: { entity_id: number | string };
    query: { security_type?: SecurityType[]; start_time_after?: string; start_time_before?: string; min_tier?: Tier; limit?: number | string; cursor?: string; sort_by?: SortBy; sort_order?: SortOrder };
    body: undefined;
    answer: BattleList;
  };
  /** List battles, newest first by default. An entity filter matches when any participant matches. */
  "GET /api/battles": {
    path: undefined;
    query: { id?: string[]; security_type?: SecurityType[]; system_id?: (number | string)[]; system_name?: string; constellation_id?: (number | string)[]; region_id?: (number | string)[]; system_class?: (number | string)[]; alliance_id?: (number | string)[]; alliance_name?: string; role?: AllianceRole[]; corp_id?: (number | string)[]; corp_name?: string; character_id?: (number | string)[]; character_name?: string; min_kills?: number | string; max_kills?: number | string; min_isk?: string; max_isk?: string; min_participants?: number | string; max_participants?: number | string; min_duration?: number | string; max_duration?: number | string; start_time_after?: string; start_time_before?: string; time_range?: TimeRange; weekday?: (number | string)[]; hour?: (number | string)[]; status?: BattleStatus[]; tier?: Tier[]; min_tier?: Tier; limit?: number | string; cursor?: string; sort_by?: SortBy; sort_order?: SortOrder };
    body: undefined;
    answer: BattleList;
  };
  /** Get a battle with all its data. The id of a merged battle redirects to the surviving battle. */
  "GET /api/battles/{battle_id}": {
    path: { battle_id: string };
    query: undefined;
    body: undefined;
    answer: BattleBattleDetail;
  };
  /** Edit a battle several times at once. 200: battle-cluster has applied all edits. 202: some are still pending. */
  "POST /api/battles/{battle_id}/edit-batches": {
    path: { battle_id: string };
    query: undefined;
    body: EditBatch;
    answer: EditBatchResult;
  };
  /** List edits of the battle, of battles merged into it, and edits that name its killmails; newest first. */
  "GET /api/battles/{battle_id}/edits": {
    path: { battle_id: string };
    query: { limit?: number | string; offset?: number | string };
    body: undefined;
    answer: Edits;
  };
  /** Edit a battle. 200: battle-cluster has applied the edit. 202: the edit is stored and still pending. */
  "POST /api/battles/{battle_id}/edits": {
    path: { battle_id: string };
    query: undefined;
    body: Merge | Split | Exclude | RemovePilot | PinInput | Rename;
    answer: EditItem;
  };
  /** Get one edit; poll this route while its state is `pending`. */
  "GET /api/battles/{battle_id}/edits/{edit_id}": {
    path: { battle_id: string; edit_id: string };
    query: undefined;
    body: undefined;
    answer: EditItem;
  };
  /** Undo an edit, also one that has deleted its battle: its own author may, and directors anybody's. */
  "DELETE /api/battles/{battle_id}/edits/{edit_id}": {
    path: { battle_id: string; edit_id: string };
    query: undefined;
    body: UndoRequest | null;
    answer: EditItem;
  };
  /** Export a battle as a file: everything as JSON, or up to 5,000 killmails as CSV. */
  "GET /api/battles/{battle_id}/export": {
    path: { battle_id: string };
    query: { format?: ExportFormat };
    body: undefined;
    answer: BattleBattleDetail;
  };
  /** List the battle's killmails, oldest first or most valuable first. `side` filters by the victim's side. */
  "GET /api/battles/{battle_id}/killmails": {
    path: { battle_id: string };
    query: { side?: number | string; sort?: KillmailSort; limit?: number | string; offset?: number | string; cursor?: string };
    body: undefined;
    answer: BattleKillmails;
  };
  /** Get why a killmail belongs to the battle: its links to others, with the pilots on both. */
  "GET /api/battles/{battle_id}/killmails/{killmail_id}/why": {
    path: { battle_id: string; killmail_id: number | string };
    query: undefined;
    body: undefined;
    answer: Why;
  };
  /** List the pilots on the battle's killmails, the largest number first, names and first appearances ascending. */
  "GET /api/battles/{battle_id}/participants": {
    path: { battle_id: string };
    query: { side?: number | string; alliance_id?: number | string; corp_id?: number | string; q?: string; hull?: HullClass[]; sort?: ParticipantSort; limit?: number | string; offset?: number | string };
    body: undefined;
    answer: Participants;
  };
  /** Get which parties shot each other, and which shot together, with the strongest relations first. */
  "GET /api/battles/{battle_id}/party-graph": {
    path: { battle_id: string };
    query: undefined;
    body: undefined;
    answer: PartyGraph;
  };
  /** Get what the two halves of a suggested split would be. */
  "GET /api/battles/{battle_id}/preview-split": {
    path: { battle_id: string };
    query: { suggestion?: number | string };
    body: undefined;
    answer: SplitPreview;
  };
  /** List the changes and causes of all revisions, newest first; also for a deleted battle. */
  "GET /api/battles/{battle_id}/revisions": {
    path: { battle_id: string };
    query: { limit?: number | string; cursor?: string };
    body: undefined;
    answer: Revisions;
  };
  /** Get one revision of a battle, also of a deleted one. */
  "GET /api/battles/{battle_id}/revisions/{revision}": {
    path: { battle_id: string; revision: number | string };
    query: undefined;
    body: undefined;
    answer: RevisionItem;
  };
  /** Compare two revisions: what `other` has that `revision` has not, and the other way round. */
  "GET /api/battles/{battle_id}/revisions/{revision}/diff/{other}": {
    path: { battle_id: string; revision: number | string; other: number | string };
    query: undefined;
    body: undefined;
    answer: RevisionDiff;
  };
  /** Make a link to the public card of a battle, which everybody who has it can open. */
  "POST /api/battles/{battle_id}/shares": {
    path: { battle_id: string };
    query: undefined;
    body: ShareRequest | null;
    answer: ShareItem;
  };
  /** List the links to a battle, the newest first, also those that are revoked or expired. */
  "GET /api/battles/{battle_id}/shares": {
    path: { battle_id: string };
    query: undefined;
    body: undefined;
    answer: Shares;
  };
  /** Revoke a link: its own maker may, and directors anybody's. A link that is revoked already stays so. */
  "DELETE /api/battles/{battle_id}/shares/{share_id}": {
    path: { battle_id: string; share_id: string };
    query: undefined;
    body: undefined;
    answer: ShareItem;
  };
  /** List the losses in order of time; `relativeTime` is seconds since the start of the battle. */
  "GET /api/battles/{battle_id}/timeline": {
    path: { battle_id: string };
    query: undefined;
    body: undefined;
    answer: Timeline;
  };
  /** List the battles in which the pilot took part. */
  "GET /api/characters/{entity_id}/battles": {
    path: { entity_id: number | string };
    query: { security_type?: SecurityType[]; start_time_after?: string; start_time_before?: string; min_tier?: Tier; limit?: number | string; cursor?: string; sort_by?: SortBy; sort_order?: SortOrder };
    body: undefined;
    answer: BattleList;
  };
  /** List the battles in which pilots of the corporation took part. */
  "GET /api/corporations/{entity_id}/battles": {
    path: { entity_id: number | string };
    query: { security_type?: SecurityType[]; start_time_after?: string; start_time_before?: string; min_tier?: Tier; limit?: number | string; cursor?: string; sort_by?: SortBy; sort_order?: SortOrder };
    body: undefined;
    answer: BattleList;
  };
  /** Read the same as a page for people. */
  "GET /api/docs": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Get the health of the live feed. */
  "GET /api/ingestion/health": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Health;
  };
  /**
   * Create a backfill job. Its routes answer 404 until the planner has processed the manifest, moments later.
   *
   * A repeated request is the same job: it answers 200 with the job's current status.
   */
  "POST /api/ingestion/historical/jobs": {
    path: undefined;
    query: undefined;
    body: JobRequest;
    answer: JobCreated;
  };
  /** List jobs, newest first. */
  "GET /api/ingestion/historical/jobs": {
    path: undefined;
    query: { limit?: number | string; offset?: number | string; status?: ("pending" | "running" | "paused" | "completed" | "failed" | "cancelled")[] };
    body: undefined;
    answer: IngestJobs;
  };
  /** Get the progress of a job, day by day. */
  "GET /api/ingestion/historical/jobs/{job_id}": {
    path: { job_id: string };
    query: undefined;
    body: undefined;
    answer: IngestJobDetail;
  };
  /** Cancel a job. Loaded killmails stay; a running day stops at its next batch. */
  "DELETE /api/ingestion/historical/jobs/{job_id}": {
    path: { job_id: string };
    query: undefined;
    body: undefined;
    answer: JobCancelled;
  };
  /** Cancel a job. Loaded killmails stay; a running day stops at its next batch. */
  "POST /api/ingestion/historical/jobs/{job_id}/cancel": {
    path: { job_id: string };
    query: undefined;
    body: undefined;
    answer: JobCancelled;
  };
  /** Pause a job. A running day ends or stops at its next batch. */
  "POST /api/ingestion/historical/jobs/{job_id}/pause": {
    path: { job_id: string };
    query: undefined;
    body: undefined;
    answer: JobStatus;
  };
  /** Resume a paused job; the planner continues it at its next timer event. */
  "POST /api/ingestion/historical/jobs/{job_id}/resume": {
    path: { job_id: string };
    query: undefined;
    body: undefined;
    answer: JobStatus;
  };
  /** Retry the failed days of a failed job; the planner starts them at its next timer event. */
  "POST /api/ingestion/historical/jobs/{job_id}/retry": {
    path: { job_id: string };
    query: undefined;
    body: undefined;
    answer: JobRetried;
  };
  /** Get the retention window and the range of stored killmails. */
  "GET /api/ingestion/retention/status": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: RetentionStatus;
  };
  /** Delete expired data of all contexts now, instead of at the daily cleanup. */
  "POST /api/ingestion/retention/trigger": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: RetentionAccepted;
  };
  /** List all rulesets, the active one first. */
  "GET /api/ingestion/rulesets": {
    path: undefined;
    query: { limit?: number | string; offset?: number | string };
    body: undefined;
    answer: Rulesets;
  };
  /** Add a ruleset. ESI validates its ids; while ESI is unavailable, they are accepted as `unverifiedIds`. */
  "POST /api/ingestion/rulesets": {
    path: undefined;
    query: undefined;
    body: NewRuleset;
    answer: RulesetItem;
  };
  /** Get a ruleset. */
  "GET /api/ingestion/rulesets/{ruleset_id}": {
    path: { ruleset_id: string };
    query: undefined;
    body: undefined;
    answer: RulesetItem;
  };
  /** Change the given fields. With If-Match only if its ETag is the current one. */
  "PUT /api/ingestion/rulesets/{ruleset_id}": {
    path: { ruleset_id: string };
    query: undefined;
    body: RulesetChange;
    answer: RulesetItem;
  };
  /** Delete a ruleset; its versions stay readable. */
  "DELETE /api/ingestion/rulesets/{ruleset_id}": {
    path: { ruleset_id: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** List the versions of a ruleset, newest first; also of a deleted one. */
  "GET /api/ingestion/rulesets/{ruleset_id}/history": {
    path: { ruleset_id: string };
    query: { limit?: number | string; offset?: number | string };
    body: undefined;
    answer: Versions;
  };
  /** Get totals of live and backfilled killmails. */
  "GET /api/ingestion/stats": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Statistics;
  };
  /** List the verified days, newest first. */
  "GET /api/ingestion/verification/history": {
    path: undefined;
    query: { limit?: number | string; offset?: number | string };
    body: undefined;
    answer: Verifications;
  };
  /** Verify a day against the source's list, also if it is already verified. */
  "POST /api/ingestion/verification/trigger": {
    path: undefined;
    query: undefined;
    body: VerificationRequest;
    answer: VerificationAccepted;
  };
  /** The most recent killmails, by the time of the kill. */
  "GET /api/killmails/recent": {
    path: undefined;
    query: { security_type?: SecurityType[]; space_type?: SpaceType[]; system_id?: (number | string)[]; region_id?: (number | string)[]; min_isk?: number | string; since?: string; limit?: number | string };
    body: undefined;
    answer: KillmailRecent;
  };
  /** New killmails, as `GET /api/stream` sends them. The snapshot is an array of killmails, the newest one first. */
  "GET /api/killmails/stream": {
    path: undefined;
    query: { security_type?: SecurityType[]; space_type?: SpaceType[]; system_id?: (number | string)[]; region_id?: (number | string)[]; alliance_id?: (number | string)[]; corp_id?: (number | string)[]; character_id?: (number | string)[]; hull_class?: HullClass[]; min_isk?: number | string; limit?: number | string; once?: boolean; last_event_id?: string; poll_interval_ms?: number | string };
    body: undefined;
    answer: undefined;
  };
  /** The most valuable killmails of the last hour, day or week, the most valuable first. */
  "GET /api/killmails/top": {
    path: undefined;
    query: { range?: TopRange; limit?: number | string };
    body: undefined;
    answer: KillmailRecent;
  };
  /** One killmail with all its details. */
  "GET /api/killmails/{killmailId}": {
    path: { killmailId: number | string };
    query: undefined;
    body: undefined;
    answer: KillmailDetail;
  };
  /** What was in the lost ship, with contents of containers, read from the raw killmail, and what it was worth. */
  "GET /api/killmails/{killmailId}/items": {
    path: { killmailId: number | string };
    query: undefined;
    body: undefined;
    answer: Items;
  };
  /** The killmail as the feed gave it, byte for byte. It is in the format of its source. */
  "GET /api/killmails/{killmailId}/raw": {
    path: { killmailId: number | string };
    query: undefined;
    body: undefined;
    answer: Record<string, unknown>;
  };
  /** Get the account of the caller. */
  "GET /api/me": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Me;
  };
  /** Delete the account: it ends at once, and what names a person is removed within seven days. */
  "DELETE /api/me": {
    path: undefined;
    query: undefined;
    body: Deletion;
    answer: undefined;
  };
  /** Change the given fields. */
  "PATCH /api/me": {
    path: undefined;
    query: undefined;
    body: AccountUpdate;
    answer: Me;
  };
  /** List the tokens, newest first; expired ones for 30 days more. */
  "GET /api/me/access-tokens": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: AccessTokens;
  };
  /** Create a token. This answer is the only one that contains it. */
  "POST /api/me/access-tokens": {
    path: undefined;
    query: undefined;
    body: NewAccessToken;
    answer: CreatedAccessToken;
  };
  /** Revoke a token; it ends at once. */
  "DELETE /api/me/access-tokens/{token_id}": {
    path: { token_id: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Get everything that the web application needs when it starts. */
  "GET /api/me/capabilities": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Capabilities;
  };
  /** List the characters in the order in which they were linked. */
  "GET /api/me/characters": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Characters;
  };
  /** Link one more character: go to EVE SSO and choose it. */
  "GET /api/me/characters/link": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Get the address at which a further character is chosen. */
  "POST /api/me/characters/link/start": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: LinkStart;
  };
  /** Make a character of the account its primary one. */
  "POST /api/me/characters/primary": {
    path: undefined;
    query: undefined;
    body: PrimaryCharacter;
    answer: undefined;
  };
  /** Unlink a character. The oldest one that remains follows a primary one; X-Primary-Character names it. */
  "DELETE /api/me/characters/{character_id}": {
    path: { character_id: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Make this character of the account its primary one. */
  "POST /api/me/characters/{character_id}/set-primary": {
    path: { character_id: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Get everything that is stored about the caller, without tokens. Each export is recorded. */
  "GET /api/me/export": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Export;
  };
  /** Get the roles of the caller by feature. */
  "GET /api/me/permissions": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Permissions;
  };
  /** Get the preferences of the web application. */
  "GET /api/me/preferences": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Preferences;
  };
  /** Replace the preferences. */
  "PUT /api/me/preferences": {
    path: undefined;
    query: undefined;
    body: Preferences;
    answer: Preferences;
  };
  /** Make a character of the account its primary one. */
  "PUT /api/me/primary-character": {
    path: undefined;
    query: undefined;
    body: PrimaryCharacter;
    answer: undefined;
  };
  /** Get the account with its characters by alliance and corporation, roles and statistics. */
  "GET /api/me/profile": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Profile;
  };
  /** Unlink a character. The oldest one that remains follows a primary one; X-Primary-Character names it. */
  "DELETE /api/me/profile/characters/{character_id}": {
    path: { character_id: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Renew the token of a character: go to EVE SSO and choose the same one. */
  "GET /api/me/profile/characters/{character_id}/refresh": {
    path: { character_id: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Make a character of the account its primary one. */
  "POST /api/me/profile/primary-character": {
    path: undefined;
    query: undefined;
    body: PrimaryCharacter;
    answer: undefined;
  };
  /** List the roles of the caller. */
  "GET /api/me/roles": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Roles;
  };
  /** Read the OpenAPI document of all functions. */
  "GET /api/openapi.json": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: unknown;
  };
  /** List the battles that began in the region. */
  "GET /api/regions/{entity_id}/battles": {
    path: { entity_id: number | string };
    query: { security_type?: SecurityType[]; start_time_after?: string; start_time_before?: string; min_tier?: Tier; limit?: number | string; cursor?: string; sort_by?: SortBy; sort_order?: SortOrder };
    body: undefined;
    answer: BattleList;
  };
  /** Get the active ruleset. */
  "GET /api/rulesets/current": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: RulesetItem;
  };
  /** Change the given fields of the active ruleset. */
  "PUT /api/rulesets/current": {
    path: undefined;
    query: undefined;
    body: RulesetChange;
    answer: RulesetItem;
  };
  /**
   * Find battles by names of systems, regions, parties, pilots and ships, and by typed filters.
   *
   * The query may be a link to a battle, to a killmail, or to related kills of zKillboard, evetools or
   * WarBeacon, and the id of a killmail.
   */
  "POST /api/search/battles": {
    path: undefined;
    query: undefined;
    body: BattleSearchRequest;
    answer: BattleSearchAnswer;
  };
  /**
   * Complete the name or ticker of an alliance, corporation or pilot: `[TICK]` finds tickers alone.
   *
   * Exact matches come first, then names that begin with the query, names with words that do, and misspelled ones; equal
   * ones by their battles and by when they were seen.
   */
  "GET /api/search/entities": {
    path: undefined;
    query: { q: string; type?: SearchedEntityType[]; limit?: number | string };
    body: undefined;
    answer: EntityAnswer;
  };
  /**
   * Find battles, killmails, entities, systems and ships at once; what the caller may not see is empty.
   *
   * A link to a battle or killmail, or the id of a killmail, finds that one.
   */
  "GET /api/search/global": {
    path: undefined;
    query: { q: string; limit?: number | string };
    body: undefined;
    answer: EverythingAnswer;
  };
  /**
   * Find killmails by names of systems, regions, victims, their ships and attackers, and by typed filters.
   *
   * The query may be the id of a killmail, or a link to one. Of what it names the newest 10,000 killmails are read, or
   * the oldest ones where these come first; by value, the newest 10,000 are sorted.
   */
  "POST /api/search/killmails": {
    path: undefined;
    query: undefined;
    body: KillmailSearchRequest;
    answer: KillmailSearchAnswer;
  };
  /** Complete the name of a type of ship that was in a battle. */
  "GET /api/search/ships": {
    path: undefined;
    query: { q: string; limit?: number | string };
    body: undefined;
    answer: ShipAnswer;
  };
  /** Complete the name of a system with battles; `hedgp` finds HED-GP. */
  "GET /api/search/systems": {
    path: undefined;
    query: { q: string; security_type?: SecurityType[]; limit?: number | string };
    body: undefined;
    answer: SystemAnswer;
  };
  /** Get totals, systems, alliances and hours of the battles that began in the period. */
  "GET /api/statistics/global": {
    path: undefined;
    query: { period?: Period };
    body: undefined;
    answer: GlobalStatistics;
  };
  /** Get totals of all battles, and who fought the most of them. */
  "GET /api/stats/summary": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: StatisticsSummary;
  };
  /**
   * What happens, by topic.
   *
   * Each event has an id; a client that sends the last one misses nothing, but may receive a killmail or a revision
   * again. A frame holds several events; there are at most ten frames a second.
   *
   * | Event | Data |
   * |---|---|
   * | `snapshot` | first, unless the stream is resumed: recent killmails, revisions of the battles of `battle:{id}` |
   * | `killmail` | a killmail as `GET /api/killmails/recent` has it, new or with another value |
   * | `battle` | a change of a battle: `battleId`, `revision`, `change`, `reason`, `mergedInto`, `battle` |
   * | `battles` | `battleIds` of many battles that changed at once |
   * | `missed` | changes of battles may be missing: read again what is shown |
   * | `heartbeat` | every 30 seconds: `timestamp`, and `status` healthy or degraded |
   * | `access-ended` | last, when the session ends or loses its role: `reason` |
   */
  "GET /api/stream": {
    path: undefined;
    query: { security_type?: SecurityType[]; space_type?: SpaceType[]; system_id?: (number | string)[]; region_id?: (number | string)[]; alliance_id?: (number | string)[]; corp_id?: (number | string)[]; character_id?: (number | string)[]; hull_class?: HullClass[]; min_isk?: number | string; limit?: number | string; once?: boolean; last_event_id?: string; topics: string };
    body: undefined;
    answer: undefined;
  };
  /** List the battles that began in the system. */
  "GET /api/systems/{entity_id}/battles": {
    path: { entity_id: number | string };
    query: { security_type?: SecurityType[]; start_time_after?: string; start_time_before?: string; min_tier?: Tier; limit?: number | string; cursor?: string; sort_by?: SortBy; sort_order?: SortOrder };
    body: undefined;
    answer: BattleList;
  };
  /** End a login: EVE SSO sends the browser here. Every refusal is a redirect with `error`, and a record. */
  "GET /auth/callback": {
    path: undefined;
    query: { state?: string; code?: string; error?: string; error_description?: string; iss?: string };
    body: undefined;
    answer: undefined;
  };
  /** Begin a login; with `add_character` the character becomes one more of the account that is logged in. */
  "GET /auth/login": {
    path: undefined;
    query: { redirect_uri?: string; add_character?: boolean };
    body: undefined;
    answer: undefined;
  };
  /** End the session, and remove its cookie. */
  "POST /auth/logout": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Ask the search engine whether it answers; 503 when nothing can be found at all. */
  "GET /health/search": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: SearchHealth;
  };
  /** The picture of 1200 x 630 for previews of pages that need a login. It names no battle. */
  "GET /s/neutral.png": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** The page of a shared battle as HTML, with the tags from which other sites make a preview. */
  "GET /s/{token}": {
    path: { token: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** The picture of 1200 x 630 of a shared battle, rendered once for each revision. */
  "GET /s/{token}.png": {
    path: { token: string };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
}
