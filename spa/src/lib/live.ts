/** One stream of server-sent events for the whole tab, however many pages listen to it. */

import { useSyncExternalStore } from "react";

export type LiveStatus = "connecting" | "live" | "reconnecting" | "paused";

type LiveEvent =
  | {
      type: "battle";
      battleId: string;
      revision: number;
      change: "created" | "updated" | "deleted";
      mergedInto: string | null;
    }
  | { type: "battles"; battleIds: string[] }
  | { type: "snapshot" }
  | { type: "missed" }
  | { type: "access-ended" };

type Listener = (event: LiveEvent) => void;

const HIDDEN_MS = 60_000;
const LONGEST_WAIT_MS = 30_000;
const EVENTS = ["battle", "battles", "snapshot", "missed", "access-ended", "heartbeat"] as const;

class LiveStream {
  private readonly listeners = new Map<Listener, readonly string[]>();
  private readonly watchers = new Set<() => void>();
  private source: EventSource | undefined;
  private lastId = "";
  private openTopics = "";
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  private state: LiveStatus = "connecting";

  readonly status = (): LiveStatus => this.state;

  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  /** Subscribe to these topics, until the returned function is called. */
  subscribe(topics: readonly string[], listener: Listener): () => void {
    this.listeners.set(listener, topics);
    this.scheduleOpen(0);
    return () => {
      this.listeners.delete(listener);
      this.scheduleOpen(0);
    };
  }

  /** Streams of hidden tabs end after a minute; an account has five at most. */
  followVisibility(): void {
    document.addEventListener("visibilitychange", () => {
      clearTimeout(this.hiddenTimer);
      if (document.hidden) this.hiddenTimer = setTimeout(() => this.pause(), HIDDEN_MS);
      else if (this.state === "paused") this.scheduleOpen(0);
    });
  }

  private pause(): void {
    this.close();
    this.setState("paused");
  }

  private close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = undefined;
    this.openTopics = "";
  }

  /** A page that goes and one that comes change the topics at the same time: both are one reconnect. */
  private scheduleOpen(delay: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), delay);
  }

  private open(): void {
    const topics = [...new Set([...this.listeners.values()].flat())].sort().join(",");
    if (topics === "") this.close();
    if (topics === "" || topics === this.openTopics) return;
    this.close();
    this.openTopics = topics;
    const query = new URLSearchParams({ topics, ...(this.lastId && { last_event_id: this.lastId }) });
    const source = new EventSource(`/api/stream?${query}`);
    this.source = source;
    source.onopen = () => {
      this.failures = 0;
      this.setState("live");
    };
    source.onerror = () => this.failed(source);
    for (const name of EVENTS) source.addEventListener(name, (event) => this.received(name, event));
  }

  private failed(source: EventSource): void {
    if (source !== this.source) return;
    this.setState("reconnecting");
    // The browser reconnects by itself after a lost connection, but not after a refusal.
    if (source.readyState !== EventSource.CLOSED) return;
    this.close();
    this.failures += 1;
    const wait = Math.min(1000 * 2 ** (this.failures - 1), LONGEST_WAIT_MS);
    this.scheduleOpen(wait * (0.75 + Math.random() / 2));
  }

  private received(name: (typeof EVENTS)[number], event: MessageEvent<string>): void {
    if (event.lastEventId) this.lastId = event.lastEventId;
    if (name === "heartbeat") return;
    const data = name === "missed" || name === "access-ended" || name === "snapshot" ? {} : JSON.parse(event.data);
    for (const listener of [...this.listeners.keys()]) listener({ type: name, ...data } as LiveEvent);
  }

  private setState(state: LiveStatus): void {
    this.state = state;
    for (const watcher of this.watchers) watcher();
  }
}

export const live = new LiveStream();

export function useLiveStatus(): LiveStatus {
  return useSyncExternalStore(live.watch, live.status);
}
