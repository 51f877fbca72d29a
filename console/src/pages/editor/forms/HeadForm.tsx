import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Checkbox, Flex, Input, Select } from "antd";
import type { ComponentType } from "react";
import { EventName } from "@/parts/conditions/Choice";
import { Later } from "@/parts/conditions/Later";
import { beginWhere, fieldsOf, names } from "@/parts/conditions/names";
import { asText, less } from "@/parts/conditions/values";
import { SpanInput } from "@/parts/inputs/SpanInput";
import { useWords } from "../words";
import { Field } from "./given";
import { type Head, type HeadProps, object, Where } from "./head";
import { Rules } from "./Rules";
import { Trigger } from "./Trigger";

/** What stands beside the steps: the form of each of the journey's keys, in the grammar's names. */
export const HEAD: Record<string, ComponentType<Head>> = {
  name: function Title({ head, set }) {
    const words = useWords();
    return (
      <Field label={words.title}>
        <Later<string> value={asText(head.name)} onChange={(next) => { set("/name", next, "name" in head); }}>
          {(next, change) => <Input aria-label={words.title} value={next} onChange={(each) => { change(each.target.value); }} />}
        </Later>
      </Field>
    ); // prettier-ignore
  },
  trigger: Trigger,
  audience: function Audience(given) {
    return <Where {...given} label={useWords().audience} at="/audience" value={given.head.audience} begin={{ field: "customer.orders", at_least: 1 }} />; // prettier-ignore
  },
  entry: Entry,
  goal: Goal,
  exit: Exit,
  active: Active,
  policy: Rules,
};

/** What begins a journey, for whom it is, what it is to reach and what ends it. */
export function HeadForm(props: HeadProps) {
  const words = useWords();
  const set = (at: string, value: unknown, present = true) => {
    if (value === undefined || value === "") {
      if (present) props.onEdit([{ op: "remove", at }]);
    } else props.onEdit([{ op: "set", at, value }]);
  };
  const event = asText(object(props.head.trigger).event);
  return (
    <Flex vertical gap={14}>
      <h2 style={{ fontSize: 15, fontWeight: 600, margin: 0 }}>{words.head}</h2>
      {Object.entries(HEAD).map(([key, Form]) => (
        <Form key={key} {...props} event={event} set={set} />
      ))}
    </Flex>
  );
}

function Entry({ head, shop, event, set, onEdit }: Head) {
  const words = useWords();
  const entry = object(head.entry);
  const per = Array.isArray(entry.per) ? (entry.per as string[]) : ["customer"];
  const fields = [{ name: "customer", called: words.perCustomer }, ...fieldsOf(shop, event, "trigger").filter(({ name }) => /^(trigger|lot|stream)\./.test(name))];
  const unknown = per.filter((each) => !fields.some(({ name }) => name === each)).map((value) => ({ value, label: value }));
  return (
    <>
      <Field label={words.again}>
        <Later<string> value={asText(entry.again)} onChange={(next) => { set("/entry/again", next); }}>
          {(next, change) => <Again value={next} onChange={change} />}
        </Later>
      </Field>
      <Field label={words.per} about={words.perAbout}>
        <Select mode="multiple" aria-label={words.per} value={per} options={[...names(fields), ...unknown]} showSearch={{ optionFilterProp: "label" }} onChange={(next: string[]) => {
          const same = next.length === 0 || (next.length === 1 && next[0] === "customer");
          if (same && !("per" in entry)) return;
          onEdit([same ? { op: "remove", at: "/entry/per" } : { op: "set", at: "/entry/per", value: next }]);
        }} />
      </Field>
      <Checkbox checked={entry.cohort === 1} onChange={({ target }) => { set("/entry/cohort", target.checked ? 1 : undefined); }}>
        {words.cohort}
      </Checkbox>
    </>
  );
} // prettier-ignore

/** Whether one may enter again: never, always, anew, or after a span. */
function Again({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const words = useWords();
  const span = /^\s*after\s+(.*\S)\s*$/.exec(value)?.[1];
  const kind = span === undefined ? value : "after";
  return (
    <>
      <Select aria-label={words.again} value={kind} options={["never", "always", "restart", "after"].map((each) => ({ value: each, label: words.agains[each] }))} onChange={(next: string) => { onChange(next === "after" ? "after 30d" : next); }} />
      {span !== undefined && <SpanInput bare label={words.againAfter} value={span} onChange={(next) => { if (next) onChange(`after ${next}`); }} />}
    </>
  );
} // prettier-ignore

function Goal(given: Head) {
  const words = useWords();
  const { head, shop, set } = given;
  if (head.goal === undefined)
    return (
      <Button size="small" icon={<PlusOutlined />} style={{ alignSelf: "start" }} onClick={() => { set("/goal", { event: "order.paid", within: "14d" }); }}>
        {words.goal}
      </Button>
    ); // prettier-ignore
  const goal = object(head.goal);
  return (
    <Field label={words.goal}>
      <EventName value={asText(goal.event)} shop={shop} onChange={(next) => { set("/goal/event", next); }} />
      <Later<unknown> value={goal.within} onChange={(next) => { set("/goal/within", next); }}>
        {(next, change) => <SpanInput label={words.within} value={next} onChange={(span) => { if (span) change(span); }} />}
      </Later>
      <Where {...given} label={words.where} at="/goal/where" value={goal.where} begin={beginWhere(shop, asText(goal.event))} root="event" of={asText(goal.event)} />
      <Button size="small" icon={<DeleteOutlined />} style={{ alignSelf: "start" }} onClick={() => { set("/goal", undefined); }}>
        {words.remove(words.goal)}
      </Button>
    </Field>
  ); // prettier-ignore
}

function Exit(given: Head) {
  const words = useWords();
  const { head, shop, set, onEdit } = given;
  const exits = Array.isArray(head.exit) ? (head.exit as unknown[]) : [];
  const begin = { event: "order.refunded" };
  return (
    <Field label={words.exit}>
      {exits.map((each, place) => (
        <Flex key={place} vertical gap={4}>
          <Flex gap={6}>
            <div style={{ flex: 1 }}>
              <EventName value={asText(object(each).event)} shop={shop} onChange={(next) => { set(`/exit/${place}/event`, next); }} />
            </div>
            <Button icon={<DeleteOutlined />} aria-label={words.remove(words.exit)} onClick={() => { onEdit([{ op: "remove", at: exits.length > 1 ? `/exit/${place}` : "/exit" }]); }} />
          </Flex>
          <Where {...given} label={words.where} at={`/exit/${place}/where`} value={object(each).where} begin={beginWhere(shop, asText(object(each).event))} root="event" of={asText(object(each).event)} />
        </Flex>
      ))}
      <Button size="small" icon={<PlusOutlined />} style={{ alignSelf: "start" }} onClick={() => { onEdit([exits.length > 0 ? { op: "insert", at: `/exit/${exits.length}`, value: begin } : { op: "set", at: "/exit", value: [begin] }]); }}>
        {words.addExit}
      </Button>
    </Field>
  ); // prettier-ignore
}

/** The days on which the journey takes customers in. */
function Active({ head, onEdit }: Head) {
  const words = useWords();
  const active = object(head.active);
  const put = (key: "from" | "until", day: string) => {
    const next = { ...less(active, key), ...(day && { [key]: day }) };
    const value = { ...("from" in next && { from: next.from }), ...("until" in next && { until: next.until }) };
    if (Object.keys(value).length > 0) onEdit([{ op: "set", at: "/active", value }]);
    else if ("active" in head) onEdit([{ op: "remove", at: "/active" }]);
  };
  return (
    <Field label={words.active}>
      <Flex gap={6}>
        {(["from", "until"] as const).map((key) => (
          <Input key={key} type="date" aria-label={words.actives[key]} title={words.actives[key]} value={asText(active[key])} onChange={({ target }) => { put(key, target.value); }} />
        ))}
      </Flex>
    </Field>
  ); // prettier-ignore
}
