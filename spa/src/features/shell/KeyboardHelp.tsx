import { Dialog } from "@/ui/Dialog";

const KEYS = [
  ["/, Ctrl K, ⌘ K", "Search"],
  ["?", "This table"],
  ["g then h, b, s", "Home, battles, search with filters"],
  ["j, k", "Next and previous row"],
  ["Enter, o", "Open the row, in a new tab"],
  ["f", "Filters of the list"],
  ["1 to 8", "Tabs of a report"],
  ["y", "Copy the link of the report"],
  ["z", "Open the report at zKillboard"],
  ["← →, Shift ×10, Home, End", "Move in the timeline"],
  ["Esc", "Close"],
] as const;

export default function KeyboardHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog onClose={onClose} open title="Keyboard">
      <table className="w-full">
        <tbody>
          {KEYS.map(([keys, does]) => (
            <tr className="border-b border-hair" key={keys}>
              <th className="py-1.5 pr-4 text-left font-[550]" scope="row">
                <kbd className="font-sans">{keys}</kbd>
              </th>
              <td className="py-1.5 text-t2">{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}
