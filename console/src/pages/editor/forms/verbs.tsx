import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Checkbox, Flex, Input, InputNumber, Segmented, Select } from "antd";
import type { ComponentType } from "react";
import { useChannels } from "@/parts/channels";
import { Choice } from "@/parts/conditions/Choice";
import { Condition } from "@/parts/conditions/Condition";
import { Later } from "@/parts/conditions/Later";
import { fieldsOf, names } from "@/parts/conditions/names";
import { asText, isValue, type Value } from "@/parts/conditions/values";
import { Quiet } from "@/parts/Quiet";
import { escaped } from "../places";
import { viaOf } from "../steps";
import { useWords } from "../words";
import { Arms, Winner } from "./Arms";
import { Field, type Given, Line, shown, Span, When } from "./given";
import { Pairs } from "./Pairs";
import { WaitedFor } from "./WaitedFor";
import { WaitForm } from "./WaitForm";

/** Keys that are no fields of a form: branches stand on the canvas, and every step's id above its form. */
export const ELSEWHERE = ["id", "then", "else", "steps"];

/** The form of each verb: what shows and changes each of its keys, in the grammar's names. */
export const FORMS: Record<string, Record<string, ComponentType<Given>>> = {
  send: {
    send: Template,
    via: Via,
    coupon: function Coupon({ value, shop, put }) {
      const words = useWords();
      return (
        <Field label={words.coupon}>
          <Select allowClear aria-label={words.coupon} value={value.coupon ? shown(value.coupon) : null} options={names(shop.campaigns)} onChange={(next: string | null | undefined) => { put("coupon", next ?? undefined); }} />
        </Field>
      ); // prettier-ignore
    },
    without_coupon: function WithoutCoupon({ value, put }) {
      const words = useWords();
      if (value.coupon === undefined && value.without_coupon === undefined) return null;
      return (
        <Field label={words.withoutCoupon}>
          <Select aria-label={words.withoutCoupon} value={shown(value.without_coupon) || "skip"} options={[{ value: "skip", label: words.skip }, { value: "send", label: words.sendAnyway }]} onChange={(next) => { put("without_coupon", next); }} />
        </Field>
      ); // prettier-ignore
    },
    expires: Expires,
    kind: function Kind({ value, put }) {
      const words = useWords();
      return (
        <Field label={words.kind}>
          <Select aria-label={words.kind} value={shown(value.kind) || "marketing"} options={[{ value: "marketing", label: words.marketing }, { value: "transactional", label: words.transactional }]} onChange={(next) => { put("kind", next === "marketing" ? undefined : next); }} />
        </Field>
      ); // prettier-ignore
    },
    data: function Data(given) {
      return <Pairs {...given} name="data" label={useWords().dataOfText} more={["events", "other"]} />;
    },
  },
  wait: { wait: WaitForm },
  wait_for: {
    wait_for: function Awaited({ value, shop, event, steps, put }) {
      return <WaitedFor value={value.wait_for} shop={shop} steps={steps} trigger={event} onChange={(next) => { put("wait_for", next); }} />; // prettier-ignore
    },
    on: OwnWays,
    within: function Within(given) {
      return <Span {...given} name="within" label={useWords().within} />;
    },
  },
  if: {
    if: function If(given) {
      return <When {...given} name="if" />;
    },
  },
  choose: { choose: Cases },
  split: { split: Arms, winner: Winner },
  repeat: {
    repeat: function Rounds({ value, put }) {
      const words = useWords();
      return (
        <Field label={words.rounds}>
          <InputNumber aria-label={words.rounds} value={Number(value.repeat)} min={1} max={100} precision={0} onChange={(next) => { if (next) put("repeat", next); }} />
        </Field>
      ); // prettier-ignore
    },
    until: function Until(given) {
      const words = useWords();
      const { value, put } = given;
      if (value.until === undefined)
        return (
          <Button icon={<PlusOutlined />} onClick={() => { put("until", { event: "order.paid", within: "7d" }); }}>
            {words.untilWhen}
          </Button>
        ); // prettier-ignore
      return (
        <>
          <When {...given} name="until" />
          <Button icon={<DeleteOutlined />} onClick={() => { put("until", undefined); }}>
            {words.remove(words.untilWhen)}
          </Button>
        </>
      ); // prettier-ignore
    },
  },
  coupon: {
    coupon: function Coupon(given) {
      return <Line {...given} name="coupon" label={useWords().coupon} options={names(given.shop.campaigns)} />;
    },
  },
  tag: {
    tag: function Tag(given) {
      return <Line {...given} name="tag" label={useWords().tag} options={names(given.shop.tags)} />;
    },
    for: function For(given) {
      return <Span {...given} name="for" label={useWords().tagFor} />;
    },
  },
  untag: {
    untag: function Untag(given) {
      return <Line {...given} name="untag" label={useWords().tag} options={names(given.shop.tags)} />;
    },
  },
  todo: {
    todo: function Todo(given) {
      return <Line {...given} name="todo" label={useWords().todo} />;
    },
    assign: function Assign(given) {
      const words = useWords();
      return <Line {...given} name="assign" label={words.assign} options={[{ value: "owner", label: words.owner }]} />;
    },
    due: function Due(given) {
      return <Span {...given} name="due" label={useWords().due} />;
    },
  },
  set: {
    set: function Fields(given) {
      const own = given.shop.fields.filter(({ name }) => name.startsWith("customer."));
      const known = own.map(({ name, called }) => ({ value: name.slice("customer.".length), label: called }));
      return <Pairs {...given} name="set" label={useWords().set} known={known} needed />;
    },
  },
  webhook: {
    webhook: function Webhook(given) {
      const options = given.shop.webhooks.map((value) => ({ value }));
      return <Line {...given} name="webhook" label={useWords().webhook} options={options} />;
    },
    data: function Data(given) {
      return <Pairs {...given} name="data" label={useWords().data} more={["other"]} />;
    },
  },
  stop: {
    stop: function Stop(given) {
      return <Line {...given} name="stop" label={useWords().stopWhy} />;
    },
  },
};

function Template({ step, value, shop, onEdit }: Given) {
  const words = useWords();
  const named = useChannels();
  return (
    <Field label={words.template}>
      <Select showSearch aria-label={words.template} value={shown(value.send)} options={shop.templates.map((each) => ({ value: each.template, label: `${each.template}（${each.channels.map((name) => named[name] ?? name).join("、")}）` }))} onChange={(next) => {
          const channelsOf = (name: unknown) => shop.templates.find((each) => each.template === name)?.channels ?? [];
          const has = channelsOf(next);
          const old = Array.isArray(value.via) ? (value.via as string[]) : [];
          // What nobody chose otherwise is what the template has.
          const untouched = JSON.stringify(old) === JSON.stringify(viaOf(channelsOf(value.send)));
          const left = untouched ? [] : old.filter((each) => has.includes(each));
          const via = left.length > 0 ? left : viaOf(has);
          const same = JSON.stringify(via) === JSON.stringify(old);
          onEdit([
            { op: "set", at: `${step.at}/send`, value: next },
            ...(same ? [] : [{ op: "set" as const, at: `${step.at}/via`, value: via }]),
          ]);
        }} />
    </Field>
  ); // prettier-ignore
}

function Via({ value, shop, put }: Given) {
  const words = useWords();
  const named = useChannels();
  const channels = shop.templates.find((each) => each.template === value.send)?.channels ?? [
    "wecom",
    "sms",
    "wechat",
    "mini",
    "email",
  ];
  return (
    <Field label={words.via} about={words.viaAbout}>
      <Select mode="multiple" aria-label={words.via} value={Array.isArray(value.via) ? (value.via as string[]) : []} options={channels.map((each) => ({ value: each, label: named[each] ?? each }))} onChange={(next: string[]) => { if (next.length > 0) put("via", next); }} />
    </Field>
  ); // prettier-ignore
}

/** After a span, or at an instant that a field holds. */
function Expires(given: Given) {
  const words = useWords();
  const { value, shop, event, put } = given;
  const field = isValue(value.expires) ? asText(value.expires.field) : undefined;
  return (
    <Field label={words.expires}>
      <Segmented value={field === undefined ? "span" : "field"} options={[{ value: "span", label: words.afterSpan }, { value: "field", label: words.kindsOfValue.field }]} onChange={(next) => { put("expires", next === "span" ? undefined : { field: "stream.starts_at" }); }} />
      {field === undefined ? (
        <Span {...given} bare name="expires" label={words.expires} />
      ) : (
        <Choice label={words.field} value={field} things={fieldsOf(shop, event, "trigger")} onChange={(next) => { put("expires", { field: next }); }} />
      )}
    </Field>
  ); // prettier-ignore
}

/** Which of several that are waited for lead a way of their own. */
function OwnWays({ step, value, put, onEdit }: Given) {
  const words = useWords();
  const on: Value = isValue(value.on) ? value.on : {};
  const awaited =
    isValue(value.wait_for) && Array.isArray(value.wait_for.any) ? value.wait_for.any.filter(isValue) : [];
  const offered = awaited.map((each) => asText(each.event) || (Object.keys(each)[0] ?? ""));
  const all = [...new Set([...offered, ...Object.keys(on)])].filter((each) => each !== "");
  if (all.length === 0) return null;
  return (
    <Field label={words.ownWays} about={words.ownWaysAbout}>
      {all.map((name) => (
        <Checkbox key={name} checked={name in on} disabled={Array.isArray(on[name]) && on[name].length > 0} onChange={({ target }) => {
          if (target.checked) {
            if (Object.keys(on).length > 0) onEdit([{ op: "set", at: `${step.at}/on/${escaped(name)}`, value: [] }]);
            else put("on", { [name]: [] });
          } else if (Object.keys(on).length > 1) onEdit([{ op: "remove", at: `${step.at}/on/${escaped(name)}` }]);
          else put("on", undefined);
        }}>
          {words.receipts[name] ?? name}
        </Checkbox>
      ))}
    </Field>
  ); // prettier-ignore
}

function Cases({ step, value, shop, event, onEdit }: Given) {
  const words = useWords();
  const cases = Array.isArray(value.choose) ? (value.choose as Value[]) : [];
  return (
    <>
      {cases.map((each, place) => (
        <Field key={place} label={words.caseOf(place + 1)}>
          <Later<unknown> value={each.when} onChange={(when) => { onEdit([{ op: "set", at: `${step.at}/choose/${place}/when`, value: when }]); }}>
            {(when, change) => (
              <Condition value={when} shop={shop} event={event} onChange={change} onRemove={cases.length > 1 ? () => { onEdit([{ op: "remove", at: `${step.at}/choose/${place}` }]); } : undefined} />
            )}
          </Later>
        </Field>
      ))}
      <Button icon={<PlusOutlined />} onClick={() => { onEdit([{ op: "insert", at: `${step.at}/choose/${cases.length}`, value: { when: { field: "customer.orders", at_least: 3 }, steps: [] } }]); }}>
        {words.addCase}
      </Button>
    </>
  ); // prettier-ignore
}

/** The id of a step: where others name it, they name it anew. */
export function Id({ step, put, onEdit }: Given) {
  const words = useWords();
  return (
    <Field label={words.id}>
      <Later<string> value={step.id ?? ""} onChange={(id) => {
        if (step.id === null) put("id", id);
        else if (id) onEdit([{ op: "rename", at: step.at, id }]);
      }}>
        {(id, change) => <Input aria-label={words.id} value={id} onChange={(each) => { change(each.target.value); }} />}
      </Later>
    </Field>
  ); // prettier-ignore
}

/** What a step says, key by key. */
export function Fields(given: Given) {
  const words = useWords();
  const form = FORMS[given.step.verb];
  if (!form) return <Quiet>{words.onlyInText}</Quiet>;
  return (
    <Flex vertical gap={14}>
      {Object.entries(form).map(([key, Form]) => (
        <Form key={key} {...given} />
      ))}
    </Flex>
  );
}
