import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { AutoComplete, Button, Flex, Input, InputNumber, Select } from "antd";
import { useState } from "react";
import { Choice, EventName } from "@/parts/conditions/Choice";
import { Later } from "@/parts/conditions/Later";
import { fieldsOf } from "@/parts/conditions/names";
import { SpanInput } from "@/parts/inputs/SpanInput";
import { asText, isValue, less, read, type Value } from "@/parts/conditions/values";
import { escaped } from "../places";
import { useWords } from "../words";
import { Field, type Given, shown } from "./given";

type Kind = "plain" | "field" | "events" | "other";

interface Props extends Given {
  /** The key of the step that holds the pairs. */
  name: string;
  label: string;
  /** Names that are offered. */
  known?: { value: string; label?: string }[];
  /** What a value can be beside a plain one and a field's. */
  more?: ("events" | "other")[];
  /** Whether there must be one. */
  needed?: boolean;
}

const kindOf = (value: unknown): Kind =>
  isValue(value) ? ("events" in value ? "events" : "field" in value ? "field" : "other") : Array.isArray(value) || value === null ? "other" : "plain"; // prettier-ignore

/** Names and their values: plain ones, those of fields, and others where the grammar has them. */
export function Pairs({ name, label, known = [], more = [], needed = false, ...given }: Props) {
  const words = useWords();
  const { step, value, put, onEdit } = given;
  const all = isValue(value[name]) ? value[name] : {};
  const at = (key: string) => `${step.at}/${name}/${escaped(key)}`;
  const free = () => {
    const first = known.find((each) => !(each.value in all))?.value ?? "name";
    let number = 2;
    if (!(first in all)) return first;
    while (`${first}${number}` in all) number += 1;
    return `${first}${number}`;
  };
  return (
    <Field label={label}>
      {Object.entries(all).map(([key, held], place) => (
        <Flex key={place} vertical gap={4} role="group" aria-label={key}>
          <Flex gap={6}>
            <Later<string> value={key} onChange={(next) => { if (next && !(next in all)) put(name, Object.fromEntries(Object.entries(all).map(([one, each]) => [one === key ? next : one, each]))); }}>
              {(next, change) => <AutoComplete aria-label={words.key} value={next} options={known.filter((each) => !(each.value in all))} style={{ flex: 1 }} onChange={change} />}
            </Later>
            <Select<Kind>
              aria-label={words.kindOfValue}
              value={kindOf(held)}
              style={{ width: 104 }}
              options={(["plain", "field", ...more] as Kind[]).map((each) => ({ value: each, label: words.kindsOfValue[each] }))}
              onChange={(kind) => {
                const begin = { plain: "", field: { field: "customer.city" }, events: { events: "product.viewed", within: "1h", at_most: 5 }, other: [] };
                onEdit([{ op: "set", at: at(key), value: begin[kind] }]);
              }}
            />
            {!(needed && Object.keys(all).length === 1) && (
              <Button icon={<DeleteOutlined />} aria-label={words.remove(key)} onClick={() => {
                if (Object.keys(all).length > 1) onEdit([{ op: "remove", at: at(key) }]);
                else put(name, undefined);
              }} />
            )}
          </Flex>
          <Held {...given} label={key} held={held} onChange={(next) => { onEdit([{ op: "set", at: at(key), value: next }]); }} />
        </Flex>
      ))}
      <Button size="small" type="text" icon={<PlusOutlined />} style={{ alignSelf: "start" }} onClick={() => {
        const key = free();
        if (Object.keys(all).length > 0) onEdit([{ op: "set", at: at(key), value: "" }]);
        else put(name, { [key]: "" });
      }}>
        {words.addPair}
      </Button>
    </Field>
  ); // prettier-ignore
}

function Held({ held, label, shop, event, onChange }: Given & { held: unknown; label: string; onChange: (value: unknown) => void }) {
  const words = useWords();
  const kind = kindOf(held);
  const own: Value = isValue(held) ? held : {};
  if (kind === "field")
    return <Choice label={words.field} value={asText(own.field)} things={fieldsOf(shop, event, "trigger")} onChange={(field) => { onChange({ field }); }} />;
  if (kind === "events")
    return (
      <Later<Value> value={own} onChange={onChange}>
        {(now, change) => (
          <>
            <EventName value={asText(now.events)} shop={shop} onChange={(events) => { change({ ...now, events }); }} />
            <SpanInput label={words.within} value={now.within} shows onChange={(within) => { change({ ...less(now, "within"), ...(within !== undefined && { within }) }); }} />
            <InputNumber aria-label={words.atMostOf} prefix={words.atMostOf} value={Number(now.at_most ?? 10)} min={1} max={100} precision={0} style={{ width: "100%" }} onChange={(at_most) => { if (at_most) change({ ...now, at_most }); }} />
          </>
        )}
      </Later>
    );
  if (kind === "other") return <Json label={label} value={held} onChange={onChange} />;
  return (
    <Later<string> value={shown(held)} onChange={(next) => { onChange(read(next)); }}>
      {(next, change) => <Input aria-label={words.valueOf(label)} value={next} onChange={(each) => { change(each.target.value); }} />}
    </Later>
  );
} // prettier-ignore

/** What has a form of its own only in the text, as JSON; what can't be read isn't taken. */
function Json({ label, value, onChange }: { label: string; value: unknown; onChange: (value: unknown) => void }) {
  const words = useWords();
  const written = JSON.stringify(value, null, 1);
  const [typed, setTyped] = useState(written);
  const [wrong, setWrong] = useState(false);
  const [seen, setSeen] = useState(written);
  if (seen !== written) {
    setSeen(written);
    setTyped(written);
    setWrong(false);
  }
  return (
    <>
      <Input.TextArea aria-label={words.valueOf(label)} rows={3} value={typed} status={wrong ? "error" : ""} onChange={(event) => { setTyped(event.target.value); }} onBlur={() => {
        try {
          const next: unknown = JSON.parse(typed);
          setWrong(false);
          if (JSON.stringify(next, null, 1) !== written) onChange(next);
        } catch {
          setWrong(true);
        }
      }} />
      {wrong && words.notRead}
    </>
  ); // prettier-ignore
}
