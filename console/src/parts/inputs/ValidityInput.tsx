import { Checkbox, Flex, Input, Select } from "antd";
import { SpanInput } from "./SpanInput";
import { useWords } from "./words";
import { validityOf } from "./written";

interface Props {
  label: string;
  value: unknown;
  onChange: (value: string) => void;
  disabled?: boolean;
}

const WHOLE = " to the end of the day";

/** How long a coupon holds: a span from its issue, or until the end of a day. */
export function ValidityInput({ label, value, onChange, disabled = false }: Props) {
  const words = useWords();
  const text = typeof value === "string" ? value : "";
  const holds = validityOf(text);
  if (!holds && text !== "")
    return <Input status="error" disabled={disabled} aria-label={label} value={text} onChange={({ target }) => { onChange(target.value); }} />;
  const { span, whole, day } = holds ?? { span: "30d", whole: false, day: undefined };
  const inAWeek = () => new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10);
  return (
    <Flex vertical gap={6}>
      <Select aria-label={words.wayOf(label)} disabled={disabled} value={day === undefined ? "span" : "day"} options={[{ value: "span", label: words.fromIssue }, { value: "day", label: words.untilDay }]} onChange={(next) => { onChange(next === "span" ? "30d" : `until ${inAWeek()}`); }} />
      {day === undefined ? (
        <>
          <SpanInput bare label={label} disabled={disabled} value={span} onChange={(next) => { if (next) onChange(next + (whole ? WHOLE : "")); }} />
          <Checkbox disabled={disabled} checked={whole} onChange={({ target }) => { onChange(span + (target.checked ? WHOLE : "")); }}>
            {words.wholeDay}
          </Checkbox>
        </>
      ) : (
        <Input type="date" aria-label={label} disabled={disabled} value={day} onChange={({ target }) => { if (target.value) onChange(`until ${target.value}`); }} />
      )}
    </Flex>
  );
} // prettier-ignore
