import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { ErrorBox } from "@/ui/states";
import { useTitle } from "@/ui/useTitle";

/** What a fault in a page leaves: the frame stands, and the page can be tried again. */
export default function FailedPage({ error, reset }: ErrorComponentProps) {
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
