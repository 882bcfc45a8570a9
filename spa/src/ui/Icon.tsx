/** Own icons on a grid of 24 units, drawn with strokes of the text's colour. */

const PATHS = {
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 20 20",
  filter: "M4 5h16l-6 7v6l-4 2v-8z",
  close: "M6 6l12 12M18 6 6 18",
  check: "M5 12.5 10 17l9-10",
  chevron: "M6 9l6 6 6-6",
  down: "M12 5v14M6 13l6 6 6-6",
  up: "M12 19V5M6 11l6-6 6 6",
  external: "M9 5H5v14h14v-4M13 5h6v6M19 5l-9 9",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  share: "M12 15V4M8 8l4-4 4 4M5 13v7h14v-7",
  edit: "M5 19h3L19 8l-3-3L5 16zM14 7l3 3",
  battle: "M4 20l4-1L20 7V4h-3L5 16zM6 14l4 4",
  home: "M4 11l8-7 8 7M6 10v10h12V10",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20a7.5 7.5 0 0 1 15 0",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  play: "M7 5l12 7-12 7z",
  pause: "M8 5v14M16 5v14",
  warning: "M12 4 2.8 20h18.4zM12 10v4M12 17h.01",
  none: "M5 5h14v14H5zM5 19 19 5",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      className="shrink-0"
      fill="none"
      height={size}
      stroke="currentColor"
      strokeLinecap="round"
      strokeLinejoin="round"
      strokeWidth={1.8}
      viewBox="0 0 24 24"
      width={size}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Logo({ size = 22 }: { size?: number }) {
  return (
    <svg aria-hidden="true" fill="none" height={size} viewBox="0 0 24 24" width={size}>
      <path
        className="text-line2"
        d="M12 1.5 21 6.7v10.6L12 22.5 3 17.3V6.7z"
        stroke="currentColor"
        strokeWidth="1.4"
      />
      <path className="side-1 side-text" d="M12 6a6 6 0 0 0-6 6" stroke="currentColor" strokeWidth="2.4" />
      <path className="side-2 side-text" d="M12 18a6 6 0 0 0 6-6" stroke="currentColor" strokeWidth="2.4" />
      <circle className="text-t1" cx="12" cy="12" fill="currentColor" r="2.2" />
    </svg>
  );
}
