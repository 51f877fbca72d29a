import { Select } from "antd";
import type { ReactNode } from "react";
import { Choice, EventName } from "./Choice";
import { SpanInput } from "@/parts/inputs/SpanInput";
import { beginWhere, fieldsOf, type Vocabulary } from "./names";
import { Optional } from "./Optional";
import { asText, less, type Value } from "./values";
import { useWords } from "./words";

export const FUNCTIONS = ["count", "sum", "average", "min", "max", "latest", "first", "distinct", "share"] as const;

/** The other keys of a measure. */
export const MEASURE = ["of", "where", "within"];

interface Props {
  value: Value;
  shop: Vocabulary;
  onChange: (value: Value) => void;
  /** A condition about each of the events of a type. */
  condition: (value: unknown, event: string, onChange: (value: unknown) => void) => ReactNode;
}

/** A number that is worked out of events. */
export function Measure({ value, shop, onChange, condition }: Props) {
  const words = useWords();
  const used = FUNCTIONS.find((each) => each in value) ?? "count";
  const of = asText(value.of);
  const rest = (): Value => ({
    of,
    ...(value.where !== undefined && { where: value.where }),
    ...(value.within !== undefined && { within: value.within }),
  });
  const argument = (name: (typeof FUNCTIONS)[number]): Value =>
    name === "count"
      ? { count: true }
      : name === "share"
        ? { share: { field: "event.total", at_least: "100元" } }
        : { [name]: typeof value[used] === "string" ? value[used] : "event.total" };
  return (
    <>
      <Select<(typeof FUNCTIONS)[number]>
        aria-label={words.measureOf}
        value={used}
        options={FUNCTIONS.map((each) => ({ value: each, label: words.functions[each] }))}
        onChange={(name) => {
          onChange({ ...argument(name), ...rest() });
        }}
      />
      {used !== "count" && used !== "share" && (
        <Choice
          value={asText(value[used])}
          things={fieldsOf(shop, of, "event").filter(({ name }) => /^event\.(?!items\.)/.test(name))}
          label={words.field}
          onChange={(name) => {
            onChange({ [used]: name, ...rest() });
          }}
        />
      )}
      {used === "share" &&
        condition(value.share, of, (share) => {
          onChange({ share, ...rest() });
        })}
      <EventName
        value={of}
        shop={shop}
        onChange={(name) => {
          onChange({ [used]: value[used] ?? true, ...rest(), of: name });
        }}
      />
      <SpanInput
        label={words.within}
        value={value.within}
        shows
        onChange={(within) => {
          const others = less(rest(), "within");
          onChange({ [used]: value[used] ?? true, ...others, ...(within !== undefined && { within }) });
        }}
      />
      <Optional
        label={words.where}
        on={value.where !== undefined}
        onToggle={(on) => {
          const others = less(rest(), "where");
          onChange({
            [used]: value[used] ?? true,
            ...others,
            ...(on && { where: beginWhere(shop, of) }),
          });
        }}
      >
        {condition(value.where, of, (where) => {
          onChange({ [used]: value[used] ?? true, ...rest(), where });
        })}
      </Optional>
    </>
  );
}
