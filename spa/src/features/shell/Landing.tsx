import { useRouterState } from "@tanstack/react-router";
import { loginFailure } from "@/lib/login-errors";
import { buttonClass } from "@/ui/controls";
import { Logo } from "@/ui/Icon";
import { useTitle } from "@/ui/useTitle";

const OFFERS = [
  "Battles are found by themselves, live, with every late killmail in its place.",
  "More than two sides, third parties, and how sure each party's side is.",
  "The reason why each killmail belongs to its battle.",
  "Corrections by your fleet commanders that last.",
] as const;

/** What somebody sees who is not logged in. */
export default function Landing() {
  const here = useRouterState({ select: (state) => state.location.href });
  useTitle(undefined);
  const failure = loginFailure(window.location.search);
  const login = `/auth/login?${new URLSearchParams({ redirect_uri: failure ? "/" : here })}`;
  return (
    <main className="mx-auto flex min-h-dvh max-w-160 flex-col justify-center gap-6 px-5 py-12">
      <div className="flex items-center gap-3 text-tab font-[650]">
        <Logo size={36} />
        BattleScope
      </div>
      <h1 className="text-page font-[650]" tabIndex={-1}>
        Battle reports of EVE Online that write themselves
      </h1>
      <ul className="flex flex-col gap-2 text-col text-t2">
        {OFFERS.map((offer) => (
          <li className="flex gap-3" key={offer}>
            <span aria-hidden="true" className="mt-2.5 h-0.5 w-4 shrink-0 bg-t3" />
            {offer}
          </li>
        ))}
      </ul>
      {failure && (
        <p className="border-l-2 border-loss bg-s1 px-3 py-2 text-t1" role="alert">
          {failure}
        </p>
      )}
      <a className={`${buttonClass("primary")} h-11 self-start px-5`} href={login}>
        Log in with EVE Online
      </a>
    </main>
  );
}
