import { Select } from "antd";
import { useState } from "react";
import { type Named, names, type Vocabulary } from "./names";
import { useWords } from "./words";

interface Props {
  label: string;
  value: string;
  things: Named[];
  onChange: (value: string) => void;
}

/** One of what is known by name, by what people call it; what isn't known is written out. */
export function Choice({ label, value, things, onChange }: Props) {
  const [typed, setTyped] = useState("");
  const known = names(things);
  const others = [...new Set([value, typed.trim()])].filter(
    (each) => each !== "" && !things.some(({ name, called }) => name === each || called.includes(each)),
  );
  return (
    <Select
      aria-label={label}
      value={value === "" ? null : value}
      style={{ width: "100%" }}
      options={[...known, ...others.map((each) => ({ value: each, label: each }))]}
      showSearch={{ onSearch: setTyped, optionFilterProp: "label" }}
      onChange={(next: string) => {
        onChange(next);
      }}
    />
  );
}

export function EventName({ shop, ...rest }: Omit<Props, "label" | "things"> & { shop: Vocabulary }) {
  const words = useWords();
  return (
    <Choice {...rest} label={words.event} things={shop.events.map(({ event, called }) => ({ name: event, called }))} />
  );
}
