/** Why two killmails are one battle, in words. */
export const REASONS: Record<string, { label: string; text: string }> = {
  "same-people": { label: "Same people", text: "A pilot is on both killmails, in one system, within the quiet limit." },
  "same-moment": { label: "Same moment", text: "Two parties of both killmails met within minutes." },
  moved: { label: "Moved", text: "A part of the pilots followed into a system nearby, against the same enemy." },
  "round-two": { label: "Round two", text: "The same pilots and enemies met again after a quiet stretch." },
  "same-target": { label: "Same target", text: "Both killmails are about one structure." },
  capsule: { label: "Capsule", text: "The capsule of a ship that was lost just before." },
  inside: { label: "Inside", text: "A loss in the middle of a fight between the same parties." },
  tagged: { label: "Tagged by people", text: "Somebody put these killmails together." },
};
