import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { statusOf } from "@/api/errors";
import { capabilities } from "@/api/queries";
import { useKeys } from "@/lib/keys";
import { Icon, type IconName, Logo } from "@/ui/Icon";
import { SearchButton } from "./SearchButton";

// What is not seen or used at once does not delay the first paint.
const HeaderEnd = lazy(() => import("./HeaderEnd"));
const Floating = lazy(() => import("./Floating"));
const ConnectionStrip = lazy(() => import("./ConnectionStrip"));
const Palette = lazy(() => import("./palette/Palette"));
const KeyboardHelp = lazy(() => import("./KeyboardHelp"));
const Landing = lazy(() => import("./Landing"));

const PAGES = [
  { to: "/", label: "Home", icon: "home" },
  { to: "/battles", label: "Battles", icon: "battle" },
] as const satisfies readonly { to: string; label: string; icon: IconName }[];

/** The frame of every page. */
export function Shell() {
  const access = useQuery(capabilities());
  const [help, setHelp] = useState(false);
  const [isSearching, setSearching] = useState(false);
  const search = () => setSearching(true);
  const navigate = useNavigate();
  useFocusOnNavigation();
  useSearchKey(search);
  useKeys({
    "?": () => setHelp(true),
    "/": search,
    "g h": () => navigate({ to: "/" }),
    "g b": () => navigate({ to: "/battles" }),
    "g s": () => navigate({ to: "/search" }),
  });
  if (statusOf(access.error) === 401) {
    return (
      <Suspense>
        <Landing />
      </Suspense>
    );
  }
  return (
    <div className="flex min-h-dvh flex-col max-md:pb-14">
      <a
        className="absolute top-2 left-2 z-50 -translate-y-16 rounded-control bg-accent px-3 py-2 text-on-accent focus:translate-y-0"
        href="#main"
      >
        Skip to the content
      </a>
      <Header search={search} />
      <Suspense>
        <ConnectionStrip />
      </Suspense>
      <main className="mx-auto w-full max-w-360 flex-1 px-5 pb-8 max-md:px-3" id="main" tabIndex={-1}>
        <Outlet />
      </main>
      <BottomBar search={search} />
      <Suspense>
        <Floating />
      </Suspense>
      {help && (
        <Suspense>
          <KeyboardHelp onClose={() => setHelp(false)} />
        </Suspense>
      )}
      {isSearching && (
        // While its code comes, an open dialog keeps single keys from meaning something else.
        <Suspense fallback={<dialog aria-label="Search" className="sr" open />}>
          <Palette onClose={() => setSearching(false)} />
        </Suspense>
      )}
    </div>
  );
}

type Searching = { search: () => void };

function Header({ search }: Searching) {
  return (
    <header className="no-print border-b border-line bg-bg">
      <div className="mx-auto flex h-12 max-w-360 items-center gap-2 px-5 max-md:px-3">
        <Link className="mr-4 flex items-center gap-2.5 text-[14px] font-[650]" to="/">
          <Logo />
          BattleScope
        </Link>
        <nav aria-label="Pages" className="flex gap-0.5 max-md:hidden">
          {PAGES.map((page) => (
            <Link
              activeOptions={{ exact: page.to === "/" }}
              activeProps={{ className: "bg-s2 text-t1" }}
              className="rounded-control px-2.5 py-1.5 font-[450] hover:text-t1"
              inactiveProps={{ className: "text-t2" }}
              key={page.to}
              to={page.to}
            >
              {page.label}
            </Link>
          ))}
        </nav>
        <div className="ml-auto flex items-center gap-3">
          <SearchButton onClick={search} />
          <Suspense
            fallback={
              <>
                <span className="w-20 max-sm:hidden" />
                <span className="size-7 max-md:size-11" />
              </>
            }
          >
            <HeaderEnd />
          </Suspense>
        </div>
      </div>
    </header>
  );
}

function BottomBar({ search }: Searching) {
  return (
    <nav
      aria-label="Pages"
      className="no-print fixed inset-x-0 bottom-0 z-30 flex h-14 border-t border-line bg-bg md:hidden"
    >
      {PAGES.map((page) => (
        <Link
          activeOptions={{ exact: page.to === "/" }}
          activeProps={{ className: "text-t1" }}
          className="flex flex-1 flex-col items-center justify-center text-label"
          inactiveProps={{ className: "text-t2" }}
          key={page.to}
          to={page.to}
        >
          <Icon name={page.icon} size={18} />
          {page.label}
        </Link>
      ))}
      <button
        className="flex flex-1 flex-col items-center justify-center text-label text-t2"
        onClick={search}
        type="button"
      >
        <Icon name="search" size={18} />
        Search
      </button>
    </nav>
  );
}

/** Ctrl K and ⌘ K search from anywhere, also from within a field. */
function useSearchKey(search: () => void): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey)
        return;
      event.preventDefault();
      search();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  });
}

/** The focus goes to the heading of a new page, so that a screen reader begins there; tabs of one page keep it. */
function useFocusOnNavigation(): void {
  const page = useRouterState({ select: (state) => state.location.pathname.split("/").slice(0, 3).join("/") });
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    if (page) document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
  }, [page]);
}
