import type { ReactNode } from "react";

/** What is wider than a phone scrolls sideways by itself, by keys too. */
export function ScrollX({
  label,
  className = "",
  children,
}: {
  label: string;
  className?: string;
  children: ReactNode;
}) {
  return (
    <section
      aria-label={label}
      className={`relative overflow-x-auto ${className}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: without it keys cannot scroll it (WCAG 2.1.1).
      tabIndex={0}
    >
      {children}
    </section>
  );
}
