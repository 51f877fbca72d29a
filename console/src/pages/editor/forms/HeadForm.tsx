import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { AutoComplete, Button, Checkbox, Flex, Input, InputNumber, Segmented, Select } from "antd";
import type { ComponentType } from "react";
import { useChannels } from "@/parts/channels";
import { EventName } from "@/parts/conditions/Choice";
import { Condition } from "@/parts/conditions/Condition";
import { Later } from "@/parts/conditions/Later";
import { fieldsOf, names } from "@/parts/conditions/names";
import { SpanInput } from "@/parts/conditions/Span";
import { asText, isValue, less, type Value } from "@/parts/conditions/values";
import type { Vocabulary } from "../steps";
import type { Edit, Outline } from "../useEditing";
import { useWords } from "../words";
import { Field } from "./given";

const AGAIN = ["never", "always", "restart", "after 7d", "after 30d", "after 90d"];
const SCHEDULES = [
  "every day at 09:00",
  "every monday at 10:00",
  "every month on the 1st at 10:00",
  "on 春节 -3d at 10:00",
];
const EACH = ["near_expiry_lot", "birthday", "birthday -3d"];

interface Props {
  head: Outline["head"];
  shop: Vocabulary;
  onEdit: (edits: Edit[]) => void;
}

interface Head extends Props {
  /** The type of event that begins the journey. */
  event: string;
  /** Sets what stands at a place, or takes it away. */
  set: (at: string, value: unknown, present?: boolean) => void;
}

const object = (value: unknown): Value => (isValue(value) ? value : {});

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
  policy: Policy,
};

/** What begins a journey, for whom it is, what it is to reach and what ends it. */
export function HeadForm(props: Props) {
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

interface WhereProps extends Head {
  label: string;
  at: string;
  value: unknown;
  begin: unknown;
  root?: "event" | "trigger";
  /** The type of the event that is asked about, if it isn't the one that begins the journey. */
  of?: string;
}

/** A condition that may be there. */
function Where({ label, at, value, begin, root = "trigger", of, shop, event, set }: WhereProps) {
  if (value === undefined)
    return (
      <Button size="small" icon={<PlusOutlined />} style={{ alignSelf: "start" }} onClick={() => { set(at, begin); }}>
        {label}
      </Button>
    ); // prettier-ignore
  return (
    <Field label={label}>
      <Later<unknown> value={value} onChange={(next) => { set(at, next); }}>
        {(next, change) => <Condition value={next} shop={shop} event={of ?? event} root={root} onChange={change} onRemove={() => { set(at, undefined); }} />}
      </Later>
    </Field>
  ); // prettier-ignore
}

const TOTAL = { field: "event.total", at_least: "100元" };

function Trigger(given: Head) {
  const words = useWords();
  const { head, shop, event, set, onEdit } = given;
  const trigger = object(head.trigger);
  const scheduled = "schedule" in trigger;
  const segments = shop.segments.map((each) => ({ value: `segment:${each.name}`, label: words.ofSegment(each.called) }));
  const business = shop.events.find((each) => each.event === event)?.business ?? false;
  const choose = (next: string) => {
    const about = shop.events.find((each) => each.event === next)?.business ?? false;
    const value = { ...less(less(trigger, "for_each"), "where"), event: next };
    onEdit([{ op: "set", at: "/trigger", value: about && segments[0] ? { ...value, for_each: trigger.for_each ?? segments[0].value } : value }]);
  };
  return (
    <>
      <Field label={words.begins}>
        <Segmented block value={scheduled ? "schedule" : "event"} options={[{ value: "event", label: words.byEvent }, { value: "schedule", label: words.bySchedule }]} onChange={(next) => { onEdit([{ op: "set", at: "/trigger", value: next === "event" ? { event: "order.paid" } : { schedule: "every day at 09:00", for_each: "birthday" } }]); }} />
        {scheduled ? (
          <>
            <Later<string> value={asText(trigger.schedule)} onChange={(next) => { set("/trigger/schedule", next); }}>
              {(next, change) => <AutoComplete aria-label={words.bySchedule} value={next} options={SCHEDULES.map((value) => ({ value, label: words.schedule(value) }))} showSearch={{ filterOption: false }} onChange={change} />}
            </Later>
            <Later<string> value={asText(trigger.for_each)} onChange={(next) => { set("/trigger/for_each", next); }}>
              {(next, change) => <AutoComplete aria-label={words.forEach} value={next} options={[...EACH.map((value) => ({ value, label: words.each[value] ?? value })), ...segments]} showSearch={{ filterOption: false }} onChange={change} />}
            </Later>
          </>
        ) : (
          <>
            <Later<string> value={event} onChange={choose}>
              {(next, change) => <EventName value={next} shop={shop} onChange={change} />}
            </Later>
            {(business || trigger.for_each !== undefined) && (
              <Field label={words.forEach}>
                <Select allowClear={!business} aria-label={words.forEach} value={asText(trigger.for_each) || null} options={segments} onChange={(next: string | null | undefined) => { set("/trigger/for_each", next ?? undefined, "for_each" in trigger); }} />
              </Field>
            )}
          </>
        )}
      </Field>
      <Where {...given} label={words.beginsWhere} at="/trigger/where" value={trigger.where} begin={scheduled && trigger.for_each === "near_expiry_lot" ? { field: "lot.days_left", at_most: 3 } : scheduled ? { field: "customer.orders", at_least: 1 } : business ? { field: "event.city", is: "杭州" } : TOTAL} root="event" />
    </>
  );
} // prettier-ignore

function Entry({ head, shop, event, set, onEdit }: Head) {
  const words = useWords();
  const entry = object(head.entry);
  const per = Array.isArray(entry.per) ? (entry.per as string[]) : ["customer"];
  const fields = [{ name: "customer", called: words.perCustomer }, ...fieldsOf(shop, event, "trigger").filter(({ name }) => /^(trigger|lot|stream)\./.test(name))];
  return (
    <>
      <Field label={words.again}>
        <Later<string> value={asText(entry.again)} onChange={(next) => { set("/entry/again", next); }}>
          {(next, change) => <AutoComplete aria-label={words.again} value={next} options={AGAIN.map((value) => ({ value, label: words.agains[value] ?? value }))} showSearch={{ filterOption: false }} onChange={change} />}
        </Later>
      </Field>
      <Field label={words.per} about={words.perAbout}>
        <Select mode="tags" aria-label={words.per} value={per} options={names(fields)} onChange={(next: string[]) => {
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
      <Later<string> value={asText(goal.event)} onChange={(next) => { set("/goal/event", next); }}>
        {(next, change) => <EventName value={next} shop={shop} onChange={change} />}
      </Later>
      <Later<unknown> value={goal.within} onChange={(next) => { set("/goal/within", next); }}>
        {(next, change) => <SpanInput label={words.within} value={next} onChange={change} />}
      </Later>
      <Where {...given} label={words.where} at="/goal/where" value={goal.where} begin={TOTAL} root="event" of={asText(goal.event)} />
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
              <Later<string> value={asText(object(each).event)} onChange={(next) => { set(`/exit/${place}/event`, next); }}>
                {(next, change) => <EventName value={next} shop={shop} onChange={change} />}
              </Later>
            </div>
            <Button icon={<DeleteOutlined />} aria-label={words.remove(words.exit)} onClick={() => { onEdit([{ op: "remove", at: exits.length > 1 ? `/exit/${place}` : "/exit" }]); }} />
          </Flex>
          <Where {...given} label={words.where} at={`/exit/${place}/where`} value={object(each).where} begin={TOTAL} root="event" of={asText(object(each).event)} />
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

/** What this journey keeps to beside the policy of the shop. */
function Policy({ head, onEdit }: Head) {
  const words = useWords();
  const named = useChannels();
  const policy = object(head.policy);
  const caps = object(policy.caps);
  const put = (key: string, next: unknown) => {
    const value = { ...less(policy, key), ...(next !== undefined && { [key]: next }) };
    if (Object.keys(value).length === 0) onEdit([{ op: "remove", at: "/policy" }]);
    else if (!("policy" in head)) onEdit([{ op: "set", at: "/policy", value }]);
    else if (next !== undefined) onEdit([{ op: "set", at: `/policy/${key}`, value: next }]);
    else if (key in policy) onEdit([{ op: "remove", at: `/policy/${key}` }]);
  };
  const quiet = policy.quiet_hours;
  return (
    <Field label={words.policy} about={words.policyAbout}>
      <Later<number | null> value={typeof policy.holdout === "number" ? policy.holdout : null} onChange={(next) => { if (next !== null || "holdout" in policy) put("holdout", next ?? undefined); }}>
        {(next, change) => <InputNumber aria-label={words.holdout} prefix={words.holdout} suffix="%" value={next} min={0} max={100} style={{ width: "100%" }} onChange={change} />}
      </Later>
      <Select mode="tags" aria-label={words.quietHours} placeholder={words.quietHoursHint} value={Array.isArray(quiet) ? quiet.map(String) : quiet === undefined ? [] : [asText(quiet)]} options={["22:00-08:00", "sunday", "none"].map((value) => ({ value, label: words.quiet[value] ?? value }))} onChange={(next: string[]) => { put("quiet_hours", next.length === 0 ? undefined : next.length === 1 ? next[0] : next); }} />
      {["sms", "wecom", "wechat", "mini", "email", "all"].map((channel) => (
        <Later<string> key={channel} value={asText(caps[channel])} onChange={(next) => {
          const value = { ...less(caps, channel), ...(next && { [channel]: next }) };
          put("caps", Object.keys(value).length > 0 ? value : undefined);
        }}>
          {(next, change) => <AutoComplete allowClear aria-label={words.capOf(named[channel] ?? words.allChannels)} placeholder={words.capOf(named[channel] ?? words.allChannels)} value={next} options={["1 per 1d", "2 per 7d", "5 per 30d"].map((value) => ({ value, label: words.cap(value) }))} showSearch={{ filterOption: false }} onChange={(typed: string | undefined) => { change(typed ?? ""); }} />}
        </Later>
      ))}
    </Field>
  );
} // prettier-ignore
