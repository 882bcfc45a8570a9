import type { ButtonHTMLAttributes, ReactNode } from "react";
import { Icon, type IconName } from "./Icon";

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { icon?: IconName; tone?: "plain" | "primary" | "ghost" };

const TONES = {
  plain: "border border-line2 bg-s1 hover:bg-s2",
  primary: "border border-transparent bg-accent text-on-accent hover:opacity-90",
  ghost: "border border-transparent hover:bg-s2 text-t2 hover:text-t1",
} as const;

export function buttonClass(tone: keyof typeof TONES = "plain"): string {
  return `inline-flex h-8 items-center justify-center gap-2 rounded-control px-3 text-body font-[550] whitespace-nowrap max-md:h-11 ${TONES[tone]}`;
}

export function Button({ icon, tone = "plain", className = "", children, ...rest }: ButtonProps) {
  return (
    <button className={`${buttonClass(tone)} ${className}`} type="button" {...rest}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A filter that is on or off. */
export function Chip({
  on,
  onChange,
  children,
}: {
  on: boolean;
  onChange: (on: boolean) => void;
  children: ReactNode;
}) {
  return (
    <button
      aria-pressed={on}
      className={`inline-flex h-7 shrink-0 items-center gap-2 rounded-chip border px-3 text-sec whitespace-nowrap max-md:h-11 max-md:rounded-full ${
        on ? "border-t2 bg-s3 text-t1" : "border-line2 text-t1 hover:bg-s2"
      }`}
      onClick={() => onChange(!on)}
      type="button"
    >
      {children}
    </button>
  );
}

/** An active filter with its way out. */
export function RemovableChip({ label, onRemove }: { label: string; onRemove: () => void }) {
  return (
    <button
      aria-label={`Remove the filter ${label}`}
      className="inline-flex h-7 max-w-full shrink-0 items-center gap-1.5 rounded-chip border border-t2 bg-s2 px-3 text-sec whitespace-nowrap hover:bg-s3 max-md:h-11 max-md:rounded-full"
      onClick={onRemove}
      type="button"
    >
      <span className="truncate" dir="auto">
        {label}
      </span>
      <Icon name="close" size={11} />
    </button>
  );
}

type SegProps<T extends string> = {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
};

/** One of a few choices. */
export function Seg<T extends string>({ label, value, options, onChange }: SegProps<T>) {
  return (
    <fieldset className="no-scrollbar relative inline-flex max-w-full min-w-0 shrink-0 overflow-x-auto rounded-control border border-line2 p-[1px]">
      <legend className="sr">{label}</legend>
      {options.map((option) => (
        <button
          aria-pressed={option.value === value}
          className={`h-6 shrink-0 rounded-[5px] px-2 text-sec font-[500] whitespace-nowrap max-md:h-11 max-md:px-3 ${
            option.value === value ? "bg-s3 text-t1" : "text-t2 hover:text-t1"
          }`}
          key={option.value}
          onClick={() => onChange(option.value)}
          type="button"
        >
          {option.label}
        </button>
      ))}
    </fieldset>
  );
}

type SelectProps<T extends string> = SegProps<T> & { hideLabel?: boolean };

/** The system's own list of choices, which a phone shows at its best. */
export function Select<T extends string>({ label, value, options, onChange, hideLabel }: SelectProps<T>) {
  return (
    <label className="inline-flex items-center gap-2 text-sec text-t2">
      <span className={hideLabel ? "sr" : ""}>{label}</span>
      <select
        className="h-7 rounded-chip border border-line2 bg-s1 px-2 text-sec text-t1 max-md:h-11"
        onChange={(event) => {
          const chosen = options.find((option) => option.value === event.target.value);
          if (chosen) onChange(chosen.value);
        }}
        value={value}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A link to another site: a new tab, and no referrer that tells which report was read. */
export function OutLink({ href, children, className = "" }: { href: string; children: ReactNode; className?: string }) {
  return (
    <a
      className={`text-t2 underline decoration-line2 underline-offset-4 hover:text-t1 ${className}`}
      href={href}
      rel="noopener noreferrer"
      target="_blank"
    >
      {children}
      <span className="sr"> (opens in a new tab)</span>
    </a>
  );
}
