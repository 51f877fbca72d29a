import { AutoComplete, Select } from "antd";
import { useState } from "react";
import { withoutYuan, withYuan } from "@/parts/inputs/written";
import { type FieldWord, names } from "./names";
import { asText, isValue, read } from "./values";
import { useWords } from "./words";

const asWritten = (value: unknown) =>
  typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);

/** How a field stands among values, until it is chosen. */
const asField = (name: string) => `{${name}}`;
const fieldIn = (text: string) => /^\{\s*([\w.]+)\s*\}$/.exec(text)?.[1];

interface Props {
  operator: string;
  value: unknown;
  /** The field that is asked about, if it is known. */
  about: FieldWord | undefined;
  fields: FieldWord[];
  held: string[];
  onChange: (value: unknown) => void;
}

/** What a field is compared with: a value of its kind, or another field. */
export function Operand({ operator, value, about, fields, held, onChange }: Props) {
  const words = useWords();
  const [typed, setTyped] = useState("");
  const [open, setOpen] = useState(false);
  const label = words.operand;
  const style = { flex: 1, minWidth: 0 };
  const choices = about?.choices ?? [];
  if (operator === "exists")
    return (
      <Select
        aria-label={label}
        value={value !== false}
        style={style}
        options={[
          { value: true, label: words.yes },
          { value: false, label: words.no },
        ]}
        onChange={onChange}
      />
    );
  if (isValue(value))
    return (
      <Select
        aria-label={label}
        value={asText(value.field)}
        style={style}
        options={[{ value: "", label: words.aValue }, ...names(fields)]}
        showSearch={{ optionFilterProp: "label" }}
        popupMatchSelectWidth={320}
        onChange={(field: string) => {
          onChange(field === "" ? (choices[0]?.name ?? "") : { field });
        }}
      />
    );
  if (operator === "in" || operator === "not_in") {
    const offered = choices.length > 0 ? names(choices) : held.map((each) => ({ value: each, label: each }));
    return (
      <Select
        mode="tags"
        aria-label={label}
        value={(Array.isArray(value) ? value : []).map(String)}
        style={style}
        options={offered}
        {...(offered.length === 0 && { open: false, suffix: null })}
        onChange={(all: string[]) => {
          onChange(all.map(read));
        }}
      />
    );
  }
  const money = about?.kind === "money";
  const recent = held.filter((each) => !each.includes("•"));
  const values =
    choices.length > 0
      ? choices.map((each) => ({ value: each.name, label: each.called }))
      : recent.map((each) => ({ value: money ? withoutYuan(each) : each, label: each }));
  const others = names(fields).map((each) => ({ value: asField(each.value), label: words.anotherField(each.label) }));
  const options = [...values, ...others];
  const take = (text: string) => {
    const field = fieldIn(text);
    onChange(field !== undefined ? { field } : money ? withYuan(text) : read(text));
  };
  if (choices.length > 0)
    return (
      <Select
        aria-label={label}
        value={asWritten(value)}
        style={style}
        options={options}
        showSearch={{ optionFilterProp: "label" }}
        popupMatchSelectWidth={320}
        onChange={take}
      />
    );
  return (
    <>
      <AutoComplete
        aria-label={label}
        value={money ? withoutYuan(asWritten(value)) : asWritten(value)}
        style={style}
        options={options}
        popupMatchSelectWidth={320}
        showSearch={{
          onSearch: setTyped,
          filterOption: (_, option) => typed === "" || (option?.label.includes(typed) ?? false),
        }}
        open={open}
        onOpenChange={setOpen}
        onBlur={() => {
          setTyped("");
          setOpen(false);
        }}
        placeholder={words.operandHint(about?.kind ?? "")}
        onChange={take}
      />
      {money && <span style={{ alignSelf: "center" }}>{words.yuan}</span>}
    </>
  );
}
