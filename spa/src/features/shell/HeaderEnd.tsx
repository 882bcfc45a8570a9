import { useSeconds } from "@/lib/clock";
import { clockSeconds } from "@/lib/time";
import { UserMenu } from "./UserMenu";

/** What stands at the right of the header, and is not needed for the first paint. */
export default function HeaderEnd() {
  return (
    <>
      <EveClock />
      <UserMenu />
    </>
  );
}

function EveClock() {
  const now = useSeconds();
  return (
    <time
      className="w-20 text-right text-sec text-t2 max-sm:hidden"
      dateTime={new Date(now).toISOString()}
      title={`${new Date(now).toLocaleString()} here`}
    >
      {clockSeconds(now)} EVE
    </time>
  );
}
