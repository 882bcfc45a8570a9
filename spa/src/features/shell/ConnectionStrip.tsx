import { type Query, useIsFetching, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useState, useSyncExternalStore } from "react";
import { isTransient, nextTryOf, recoverDelay, sentenceOf } from "@/api/errors";
import { useSeconds } from "@/lib/clock";
import { preloadAll } from "./preload";

const BUSY_AFTER_MS = 400;
/** The first page is shown and asked for by then. */
const PRELOAD_AFTER_MS = 1500;

/** What the page does with the server: a line while it asks, a strip while requests fail; what is on the page stays. */
export default function ConnectionStrip() {
  const online = useSyncExternalStore(followOnline, () => navigator.onLine);
  const failure = useFailure();
  const router = useRouter();
  useEffect(() => {
    const timer = setTimeout(() => preloadAll(router), PRELOAD_AFTER_MS);
    return () => clearTimeout(timer);
  }, [router]);
  const text = !online ? (
    "This browser is offline. What you see may be old."
  ) : failure ? (
    <>
      {failure.sentence} <Again at={failure.again} /> What you see may be old.
    </>
  ) : undefined;
  return (
    <>
      <BusyLine />
      {text && (
        <div
          className="sticky top-0 z-30 border-b border-line2 bg-warn-ground px-5 py-1 text-center text-sec text-warn"
          role="status"
        >
          {text}
        </div>
      )}
    </>
  );
}

/** The seconds count silently: a screen reader hears the sentence once. */
function Again({ at }: { at: number | undefined }) {
  const now = useSeconds();
  const seconds = at === undefined ? 0 : Math.ceil((at - now) / 1000);
  return <>Trying again{seconds > 0 && <span aria-hidden="true"> in {seconds} s</span>}.</>;
}

/** A line on top while what is shown is asked for and the answer takes its time. */
function BusyLine() {
  const isBusy = useIsFetching({ predicate: (query) => query.isActive() }) > 0;
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (!isBusy) {
      setShown(false);
      return;
    }
    const timer = setTimeout(() => setShown(true), BUSY_AFTER_MS);
    return () => clearTimeout(timer);
  }, [isBusy]);
  return shown ? <div aria-hidden="true" className="fixed inset-x-0 top-0 z-40 h-0.5 bg-accent" data-busy="" /> : null;
}

function followOnline(changed: () => void): () => void {
  addEventListener("online", changed);
  addEventListener("offline", changed);
  return () => {
    removeEventListener("online", changed);
    removeEventListener("offline", changed);
  };
}

type Failure = { sentence: string; again: number | undefined };

/** A request of this page that failed in passing and has not succeeded since. */
function useFailure(): Failure | undefined {
  const client = useQueryClient();
  const [failure, setFailure] = useState<Failure>();
  useEffect(() => {
    const cache = client.getQueryCache();
    const read = () => {
      const found = cache
        .getAll()
        .filter((query) => query.isActive())
        .map(failureOf)
        .find((one) => one !== undefined);
      setFailure((before) => (before?.sentence === found?.sentence && before?.again === found?.again ? before : found));
    };
    read();
    return cache.subscribe(read);
  }, [client]);
  return failure;
}

function failureOf(query: Query): Failure | undefined {
  const { fetchFailureReason, status, error, errorUpdatedAt } = query.state;
  const reason = fetchFailureReason ?? (status === "error" ? error : null);
  if (!reason || !isTransient(reason)) return undefined;
  const again = status === "error" ? errorUpdatedAt + recoverDelay(reason) : nextTryOf(reason);
  return { sentence: sentenceOf(reason), again };
}
