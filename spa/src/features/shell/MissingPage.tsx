import { Link } from "@tanstack/react-router";
import { buttonClass } from "@/ui/controls";
import { Empty } from "@/ui/states";
import { useTitle } from "@/ui/useTitle";

export default function MissingPage() {
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
