import { Flex, Input, InputNumber, Select, Space } from "antd";
import { useWords } from "./words";
import { spanOf, spanText, type Unit, UNITS } from "./written";

interface Props {
  label: string;
  value: unknown;
  onChange: (value: string | undefined) => void;
  /** Spans back to the beginning of a past show can be given, too. */
  shows?: boolean;
  /** The label stands elsewhere. */
  bare?: boolean;
  disabled?: boolean;
}

/** A span as a number of units; one that is written in another way stands as it is, and can be mended or taken away. */
export function SpanInput({ label, value, onChange, shows = false, bare = false, disabled = false }: Props) {
  const words = useWords();
  const text = typeof value === "string" ? value : "";
  const span = spanOf(text);
  const unit = span?.unit ?? "d";
  return (
    <Flex gap={6} align="center">
      {!bare && <span style={{ flex: "0 0 auto" }}>{label}</span>}
      {text === "" || span ? (
        <Space.Compact block>
          <InputNumber
            aria-label={label}
            disabled={disabled}
            value={span?.amount ?? null}
            min={1}
            max={999_999}
            precision={0}
            style={{ flex: 1, minWidth: 64 }}
            onChange={(amount) => {
              onChange(amount === null ? undefined : spanText(amount, unit));
            }}
          />
          <Select<Unit>
            aria-label={words.unit(label)}
            disabled={disabled}
            value={unit}
            style={{ width: 92 }}
            options={UNITS.filter((each) => each !== "shows" || shows).map((each) => ({ value: each, label: words.units[each] }))}
            onChange={(next) => {
              onChange(spanText(span?.amount ?? 1, next));
            }}
          />
        </Space.Compact>
      ) : (
        <Input
          allowClear
          status="warning"
          disabled={disabled}
          aria-label={label}
          value={text}
          placeholder={words.spanHint}
          onChange={({ target }) => {
            onChange(target.value === "" ? undefined : target.value);
          }}
        />
      )}
    </Flex>
  ); // prettier-ignore
}
