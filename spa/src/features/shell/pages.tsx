import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { buttonClass } from "@/ui/controls";
import { Empty, ErrorBox } from "@/ui/states";
import { useTitle } from "@/ui/useTitle";

export function MissingPage() {
  useTitle("Not found");
  return (
    <Empty
      action={
        <Link className={buttonClass()} to="/battles">
          All battles
        </Link>
      }
    >
      <h1 className="text-tab font-[600] text-t1" tabIndex={-1}>
        There is no such page
      </h1>
      The address may be old or misspelled.
    </Empty>
  );
}

/** What a fault in a page leaves: the frame stands, and the page can be tried again. */
export function FailedPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  useTitle("Error");
  const retry = () => {
    reset();
    router.invalidate();
  };
  return (
    <>
      <h1 className="sr" tabIndex={-1}>
        Error
      </h1>
      <ErrorBox error={error} onRetry={retry} what="This page cannot be shown." />
    </>
  );
}
