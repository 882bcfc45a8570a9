import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { useLatest } from "@/lib/useLatest";
import { ErrorBox } from "@/ui/states";
import { useTitle } from "@/ui/useTitle";

const RETRY_MS = 10_000;

/** Whether a part of the app could not be loaded, as browsers say it; that passes when the server is there again. */
function isOfCode(error: unknown): boolean {
  return error instanceof TypeError && /module script|dynamically imported module/i.test(error.message);
}

/** What a fault in a page leaves: the frame stands, and the page can be tried again. */
export default function FailedPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  useTitle("Error");
  const retry = () => {
    reset();
    router.invalidate();
  };
  const again = useLatest(retry);
  const isLoading = isOfCode(error);
  useEffect(() => {
    if (!isLoading) return;
    const timer = setInterval(again, RETRY_MS);
    return () => clearInterval(timer);
  }, [isLoading, again]);
  return (
    <>
      <h1 className="sr" tabIndex={-1}>
        Error
      </h1>
      <ErrorBox error={error} onRetry={retry} what="This page cannot be shown." />
    </>
  );
}
