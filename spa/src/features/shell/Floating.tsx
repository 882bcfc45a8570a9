import { useEffect } from "react";
import { useAskImageHost } from "@/lib/images";
import { loginFailure } from "@/lib/login-errors";
import { toast } from "@/lib/toasts";
import { FullText } from "@/ui/FullText";
import { Toaster } from "@/ui/Toaster";

/** What stands above every page: messages, and names in full; and what every page needs, but not at once. */
export default function Floating() {
  useAskImageHost();
  useEffect(() => {
    // Somebody who is logged in already learns why a character was not added. The address may be another one by now.
    const [begun] = performance.getEntriesByType("navigation");
    const failure = loginFailure(new URL(begun?.name ?? window.location.href).search);
    if (failure) toast(failure, { tone: "error" });
  }, []);
  return (
    <>
      <Toaster />
      <FullText />
    </>
  );
}
