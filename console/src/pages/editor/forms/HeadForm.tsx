import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { AutoComplete, Button, Flex, Input, Segmented } from "antd";
import type { Value } from "@/parts/conditions/values";
import type { Vocabulary } from "../steps";
import type { Edit, Outline } from "../useEditing";
import { useWords } from "../words";
import { EventName } from "@/parts/conditions/Choice";
import { Condition } from "@/parts/conditions/Condition";
import { Later } from "@/parts/conditions/Later";
import { SpanInput } from "@/parts/conditions/Span";
import { Field } from "./StepForm";

const AGAIN = ["never", "always", "restart", "after 7d", "after 30d", "after 90d"];
const SCHEDULES = ["every day at 09:00", "every monday at 10:00", "on 春节 -3d at 10:00"];
const EACH = ["near_expiry_lot", "birthday"];

interface Props {
  head: Outline["head"];
  shop: Vocabulary;
  onEdit: (edits: Edit[]) => void;
}

const object = (value: unknown): Value =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Value) : {};
const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** What begins a journey, for whom it is, what it is to reach and what ends it. */
export function HeadForm({ head, shop, onEdit }: Props) {
  const words = useWords();
  const trigger = object(head.trigger);
  const entry = object(head.entry);
  const goal = head.goal === undefined ? undefined : object(head.goal);
  const scheduled = "schedule" in trigger;
  const event = text(trigger.event);
  const exits = Array.isArray(head.exit) ? (head.exit as unknown[]) : [];
  const set = (at: string, value: unknown, present = true) => {
    if (value === undefined || value === "") {
      if (present) onEdit([{ op: "remove", at }]);
    } else onEdit([{ op: "set", at, value }]);
  };
  const condition = (label: string, at: string, value: unknown, begin: unknown) =>
    value === undefined ? (
      <Button icon={<PlusOutlined />} onClick={() => { set(at, begin); }}>
        {label}
      </Button>
    ) : (
      <Field label={label}>
        <Later<unknown> value={value} onChange={(next) => { set(at, next); }}>
          {(next, change) => <Condition value={next} shop={shop} event={event} root={at.startsWith("/trigger") || at.startsWith("/goal") ? "event" : "trigger"} onChange={change} onRemove={() => { set(at, undefined); }} />}
        </Later>
      </Field>
    ); // prettier-ignore
  return (
    <Flex vertical gap={14}>
      <h2 style={{ fontSize: 15, fontWeight: 600, margin: 0 }}>{words.head}</h2>
      <Field label={words.title}>
        <Later<string> value={text(head.name)} onChange={(next) => { set("/name", next, "name" in head); }}>
          {(next, change) => <Input aria-label={words.title} value={next} onChange={(each) => { change(each.target.value); }} />}
        </Later>
      </Field>
      <Field label={words.begins}>
        <Segmented block value={scheduled ? "schedule" : "event"} options={[{ value: "event", label: words.byEvent }, { value: "schedule", label: words.bySchedule }]} onChange={(next) => { onEdit([{ op: "set", at: "/trigger", value: next === "event" ? { event: "order.paid" } : { schedule: "every day at 09:00", for_each: "birthday" } }]); }} />
        {scheduled ? (
          <>
            <Later<string> value={text(trigger.schedule)} onChange={(next) => { set("/trigger/schedule", next); }}>
              {(next, change) => <AutoComplete aria-label={words.bySchedule} value={next} options={SCHEDULES.map((value) => ({ value }))} onChange={change} />}
            </Later>
            <Later<string> value={text(trigger.for_each)} onChange={(next) => { set("/trigger/for_each", next); }}>
              {(next, change) => <AutoComplete aria-label={words.forEach} value={next} options={[...EACH.map((value) => ({ value, label: words.each[value] ?? value })), ...shop.segments.map((each) => ({ value: `segment:${each.name}`, label: each.called }))]} onChange={change} />}
            </Later>
          </>
        ) : (
          <Later<string> value={event} onChange={(next) => { set("/trigger/event", next); }}>
            {(next, change) => <EventName value={next} shop={shop} onChange={change} />}
          </Later>
        )}
      </Field>
      {condition(words.beginsWhere, "/trigger/where", trigger.where, { field: "event.total", at_least: "100元" })}
      {condition(words.audience, "/audience", head.audience, { field: "customer.orders", at_least: 1 })}
      <Field label={words.again}>
        <Later<string> value={text(entry.again)} onChange={(next) => { set("/entry/again", next); }}>
          {(next, change) => <AutoComplete aria-label={words.again} value={next} options={AGAIN.map((value) => ({ value, label: words.agains[value] ?? value }))} onChange={change} />}
        </Later>
      </Field>
      {goal === undefined ? (
        <Button icon={<PlusOutlined />} onClick={() => { set("/goal", { event: "order.paid", within: "14d" }); }}>
          {words.goal}
        </Button>
      ) : (
        <Field label={words.goal}>
          <Later<string> value={text(goal.event)} onChange={(next) => { set("/goal/event", next); }}>
            {(next, change) => <EventName value={next} shop={shop} onChange={change} />}
          </Later>
          <Later<unknown> value={goal.within} onChange={(next) => { set("/goal/within", next); }}>
            {(next, change) => <SpanInput label={words.within} value={next} onChange={change} />}
          </Later>
          {condition(words.where, "/goal/where", goal.where, { field: "event.total", at_least: "100元" })}
          <Button icon={<DeleteOutlined />} onClick={() => { set("/goal", undefined); }}>
            {words.remove(words.goal)}
          </Button>
        </Field>
      )}
      <Field label={words.exit}>
        {exits.map((each, place) => (
          <Flex key={place} gap={6}>
            <div style={{ flex: 1 }}>
              <Later<string> value={text(object(each).event)} onChange={(next) => { set(`/exit/${place}/event`, next); }}>
                {(next, change) => <EventName value={next} shop={shop} onChange={change} />}
              </Later>
            </div>
            <Button icon={<DeleteOutlined />} aria-label={words.remove(words.exit)} onClick={() => { onEdit([{ op: "remove", at: exits.length > 1 ? `/exit/${place}` : "/exit" }]); }} />
          </Flex>
        ))}
        <Button icon={<PlusOutlined />} onClick={() => { onEdit([exits.length > 0 ? { op: "insert", at: `/exit/${exits.length}`, value: { event: "order.refunded" } } : { op: "set", at: "/exit", value: [{ event: "order.refunded" }] }]); }}>
          {words.addExit}
        </Button>
      </Field>
    </Flex>
  ); // prettier-ignore
}
