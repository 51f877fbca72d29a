import { Quiet } from "./Quiet";

/** Numbers side by side, each under what it counts, perhaps with a remark. */
export function Figures({ items }: { items: [label: string, figure: string, remark?: string | undefined][] }) {
  return (
    <dl style={{ display: "flex", flexWrap: "wrap", gap: "12px 36px", margin: 0 }}>
      {items.map(([label, figure, remark]) => (
        <div key={label}>
          <dt>
            <Quiet small>{label}</Quiet>
          </dt>
          <dd style={{ margin: 0, fontSize: 20, lineHeight: "28px", fontVariantNumeric: "tabular-nums" }}>{figure}</dd>
          {remark && (
            <dd style={{ margin: 0 }}>
              <Quiet small>{remark}</Quiet>
            </dd>
          )}
        </div>
      ))}
    </dl>
  );
}
