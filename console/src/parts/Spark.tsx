import { theme } from "antd";

/** A few numbers as bars beside each other, for a cell of a table; what they are is said by their label. */
export function Spark({ values, label }: { values: number[]; label: string }) {
  const { token } = theme.useToken();
  const most = Math.max(1, ...values);
  return (
    <svg role="img" aria-label={label} width={values.length * 8} height={20} style={{ verticalAlign: "middle" }}>
      {values.map((value, place) => {
        const height = Math.max(1, Math.round((value / most) * 20));
        return (
          <rect key={place} x={place * 8} y={20 - height} width={6} height={height} fill={token.colorTextTertiary}>
            <title>{value}</title>
          </rect>
        );
      })}
    </svg>
  );
}
