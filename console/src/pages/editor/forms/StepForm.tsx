import { CopyOutlined, DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { AutoComplete, Button, Flex, Input, InputNumber, Select, Space, theme } from "antd";
import { type ReactNode, useState } from "react";
import { useChannels } from "@/parts/channels";
import { Quiet } from "@/parts/Quiet";
import { less, type Value } from "@/parts/conditions/values";
import { escaped } from "../places";
import type { Vocabulary } from "../steps";
import type { Edit, Step } from "../useEditing";
import { useWords } from "../words";
import { EventName } from "@/parts/conditions/Choice";
import { Condition } from "@/parts/conditions/Condition";
import { Later } from "@/parts/conditions/Later";
import { names } from "@/parts/conditions/names";
import { SpanInput } from "@/parts/conditions/Span";

interface Props {
  step: Step;
  shop: Vocabulary;
  event: string | undefined;
  steps: Step[];
  onEdit: (edits: Edit[], then?: string | null) => void;
  onCopy: () => void;
  onRemove: () => void;
}

const RECEIPTS = ["clicked", "delivered", "read", "replied", "redeemed", "done"];
const CLOCKS = ["until 10:00", "until 20:00", "until monday 10:00"];

/** What a step says, field by field as the grammar has it; each change is an edit of the text. */
export function StepForm({ step, shop, event, steps, onEdit, onCopy, onRemove }: Props) {
  const words = useWords();
  const { token } = theme.useToken();
  const value = (step.value ?? {}) as Value;
  const put = (name: string, next: unknown) => {
    const at = `${step.at}/${escaped(name)}`;
    if (next === undefined || next === "") {
      if (name in value) onEdit([{ op: "remove", at }]);
    } else onEdit([{ op: "set", at, value: next }]);
  };
  const given = { step, value, shop, event, steps, put, onEdit };
  return (
    <Flex vertical gap={14} key={step.at}>
      <Flex justify="space-between" align="center">
        <h2 style={{ fontSize: 15, fontWeight: 600, margin: 0 }}>{step.noun || words.unknownStep}</h2>
        <Space.Compact>
          <Button icon={<CopyOutlined />} aria-label={words.copy} title={words.copy} onClick={onCopy} />
          <Button danger icon={<DeleteOutlined />} aria-label={words.removeStep} title={words.removeStep} onClick={onRemove} />
        </Space.Compact>
      </Flex>
      <Quiet>{step.words}</Quiet>
      {step.id !== null && (
        <Field label={words.id}>
          <Later<string> value={step.id} onChange={(id) => { if (id) onEdit([{ op: "rename", at: step.at, id }]); }}>
            {(id, change) => <Input aria-label={words.id} value={id} onChange={(each) => { change(each.target.value); }} />}
          </Later>
        </Field>
      )}
      <Fields {...given} />
      {step.branches.length > 0 && (
        <div style={{ color: token.colorTextSecondary, fontSize: token.fontSizeSM }}>
          {step.branches.map((each) => (
            <div key={each.at}>
              {each.label}：{words.stepsIn(each.steps.length)}
            </div>
          ))}
        </div>
      )}
    </Flex>
  ); // prettier-ignore
}

interface Given {
  step: Step;
  value: Value;
  shop: Vocabulary;
  event: string | undefined;
  steps: Step[];
  put: (name: string, value: unknown) => void;
  onEdit: Props["onEdit"];
}

const text = (value: unknown): string => (typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value)); // prettier-ignore

function Fields(given: Given) {
  const words = useWords();
  const named = useChannels();
  const { step, value, shop, event, steps, put, onEdit } = given;
  const conditionAt = (name: string, root: "trigger" | "event" = "trigger") => (
    <Field label={words.when}>
      <Later<unknown> value={value[name]} onChange={(next) => { put(name, next); }}>
        {(next, change) => <Condition value={next} shop={shop} event={event} root={root} onChange={change} />}
      </Later>
    </Field>
  ); // prettier-ignore
  const line = (name: string, label: string, options?: { value: string; label?: string }[], hint?: string) => (
    <Field label={label}>
      <Later<string> value={text(value[name])} onChange={(next) => { put(name, next); }}>
        {(next, change) =>
          options ? (
            <AutoComplete aria-label={label} value={next} options={options} showSearch={{ filterOption: false }} style={{ width: "100%" }} onChange={change} />
          ) : (
            <Input aria-label={label} value={next} placeholder={hint} onChange={(each) => { change(each.target.value); }} />
          )
        }
      </Later>
    </Field>
  ); // prettier-ignore
  const span = (name: string, label: string, more: string[] = []) => (
    <Later<unknown> value={value[name]} onChange={(next) => { put(name, next); }}>
      {(next, change) => <SpanInput label={label} value={next} more={more} onChange={change} />}
    </Later>
  ); // prettier-ignore
  switch (step.verb) {
    case "send": {
      const channels = shop.templates.find((each) => each.template === value.send)?.channels ?? [
        "wecom",
        "sms",
        "wechat",
      ];
      return (
        <>
          <Field label={words.template}>
            <Select showSearch aria-label={words.template} value={text(value.send)} options={shop.templates.map((each) => ({ value: each.template, label: `${each.template}（${each.channels.map((name) => named[name] ?? name).join("、")}）` }))} onChange={(next) => {
                const has = shop.templates.find((each) => each.template === next)?.channels ?? [];
                const via = (Array.isArray(value.via) ? (value.via as string[]) : []).filter((each) => has.includes(each));
                const same = Array.isArray(value.via) && via.length === value.via.length;
                onEdit([
                  { op: "set", at: `${step.at}/send`, value: next },
                  ...(same ? [] : [{ op: "set" as const, at: `${step.at}/via`, value: via.length > 0 ? via : has }]),
                ]);
              }} />
          </Field>
          <Field label={words.via} about={words.viaAbout}>
            <Select mode="multiple" aria-label={words.via} value={Array.isArray(value.via) ? (value.via as string[]) : []} options={channels.map((each) => ({ value: each, label: named[each] ?? each }))} onChange={(next: string[]) => { if (next.length > 0) put("via", next); }} />
          </Field>
          <Field label={words.coupon}>
            <Select allowClear aria-label={words.coupon} value={value.coupon ? text(value.coupon) : null} options={names(shop.campaigns)} onChange={(next: string | null | undefined) => { put("coupon", next ?? undefined); }} />
          </Field>
          {value.coupon !== undefined && (
            <Field label={words.withoutCoupon}>
              <Select aria-label={words.withoutCoupon} value={text(value.without_coupon) || "skip"} options={[{ value: "skip", label: words.skip }, { value: "send", label: words.sendAnyway }]} onChange={(next) => { put("without_coupon", next); }} />
            </Field>
          )}
          <Field label={words.kind}>
            <Select aria-label={words.kind} value={text(value.kind) || "marketing"} options={[{ value: "marketing", label: words.marketing }, { value: "transactional", label: words.transactional }]} onChange={(next) => { put("kind", next === "marketing" ? undefined : next); }} />
          </Field>
          {span("expires", words.expires)}
        </>
      ); // prettier-ignore
    }
    case "wait":
      return typeof value.wait === "string" ? (
        span("wait", words.wait, CLOCKS)
      ) : (
        <Raw {...given} name="wait" label={words.wait} />
      );
    case "wait_for":
      return (
        <>
          <WaitedFor value={value.wait_for} shop={shop} steps={steps} onChange={(next) => { put("wait_for", next); }} />
          {span("within", words.within)}
        </>
      ); // prettier-ignore
    case "if":
      return conditionAt("if");
    case "choose":
      return (
        <>
          {(Array.isArray(value.choose) ? (value.choose as Value[]) : []).map((each, place, all) => (
            <Field key={place} label={words.caseOf(place + 1)}>
              <Later<unknown> value={each.when} onChange={(when) => { onEdit([{ op: "set", at: `${step.at}/choose/${place}/when`, value: when }]); }}>
                {(when, change) => (
                  <Condition value={when} shop={shop} event={event} onChange={change} onRemove={all.length > 1 ? () => { onEdit([{ op: "remove", at: `${step.at}/choose/${place}` }]); } : undefined} />
                )}
              </Later>
            </Field>
          ))}
          <Button icon={<PlusOutlined />} onClick={() => { const all = Array.isArray(value.choose) ? value.choose : []; onEdit([{ op: "insert", at: `${step.at}/choose/${all.length}`, value: { when: { field: "customer.orders", at_least: 3 }, steps: [{ wait: "1d" }] } }]); }}>
            {words.addCase}
          </Button>
        </>
      ); // prettier-ignore
    case "split":
      return <Arms {...given} />;
    case "repeat":
      return (
        <>
          <Field label={words.rounds}>
            <InputNumber aria-label={words.rounds} value={Number(value.repeat)} min={1} max={100} precision={0} onChange={(next) => { if (next) put("repeat", next); }} />
          </Field>
          {value.until === undefined ? (
            <Button icon={<PlusOutlined />} onClick={() => { put("until", { event: "order.paid", within: "7d" }); }}>
              {words.untilWhen}
            </Button>
          ) : (
            <>
              {conditionAt("until")}
              <Button icon={<DeleteOutlined />} onClick={() => { put("until", undefined); }}>
                {words.remove(words.untilWhen)}
              </Button>
            </>
          )}
        </>
      ); // prettier-ignore
    case "coupon":
      return line("coupon", words.coupon, names(shop.campaigns));
    case "tag":
      return (
        <>
          {line("tag", words.tag, names(shop.tags))}
          {span("for", words.tagFor)}
        </>
      );
    case "untag":
      return line("untag", words.tag, names(shop.tags));
    case "todo":
      return (
        <>
          {line("todo", words.todo)}
          {line("assign", words.assign, [{ value: "owner", label: words.owner }])}
          {span("due", words.due)}
        </>
      );
    case "stop":
      return line("stop", words.stopWhy);
    case "webhook":
      return (
        <>
          {line("webhook", words.webhook, shop.webhooks.map((each) => ({ value: each })))}
          <Raw {...given} name="data" label={words.data} />
        </>
      ); // prettier-ignore
    case "set":
      return <Raw {...given} name="set" label={words.set} />;
    default:
      return <Quiet>{words.onlyInText}</Quiet>;
  }
}

function WaitedFor({
  value,
  shop,
  steps,
  onChange,
}: {
  value: unknown;
  shop: Vocabulary;
  steps: Step[];
  onChange: (value: unknown) => void;
}) {
  // prettier-ignore
  const words = useWords();
  const own = (typeof value === "object" && value !== null ? value : {}) as Value;
  if (Array.isArray(own.any))
    return (
      <Flex vertical gap={8}>
        {own.any.map((each: unknown, place, all) => (
          <Flex key={place} gap={6} align="start">
            <div style={{ flex: 1 }}>
              <WaitedFor value={each} shop={shop} steps={steps} onChange={(next) => { onChange({ any: all.map((one: unknown, number) => (number === place ? next : one)) }); }} />
            </div>
            {all.length > 1 && <Button icon={<DeleteOutlined />} aria-label={words.remove(words.waitedFor)} onClick={() => { const left = all.filter((_, number) => number !== place); onChange(left.length === 1 ? left[0] : { any: left }); }} />}
          </Flex>
        ))}
        <Button size="small" icon={<PlusOutlined />} onClick={() => { onChange({ any: [...(own.any as unknown[]), { event: "order.paid" }] }); }}>
          {words.orElse}
        </Button>
      </Flex>
    ); // prettier-ignore
  const receipt = RECEIPTS.find((each) => each in own);
  const sends = steps.filter((each) => each.id !== null && (each.verb === "send" || each.verb === "todo"));
  return (
    <Flex vertical gap={6}>
      <Select aria-label={words.waitedFor} value={receipt ?? "event"} options={["event", ...RECEIPTS].map((each) => ({ value: each, label: words.receipts[each] ?? each }))} onChange={(next) => { onChange(next === "event" ? { event: "order.paid" } : { [next]: sends[0]?.id ?? "" }); }} />
      {receipt ? (
        <Select aria-label={words.ofStep} value={text(own[receipt])} options={sends.map((each) => ({ value: each.id ?? "", label: each.words }))} onChange={(next) => { onChange({ [receipt]: next }); }} />
      ) : (
        <>
          <Later<string> value={text(own.event)} onChange={(next) => { onChange({ ...own, event: next }); }}>
            {(next, change) => <EventName value={next} shop={shop} onChange={change} />}
          </Later>
          {own.where === undefined ? (
            <Button size="small" type="text" icon={<PlusOutlined />} style={{ alignSelf: "start" }} onClick={() => { onChange({ ...own, where: { field: "event.total", at_least: "100元" } }); }}>
              {words.where}
            </Button>
          ) : (
            <Later<unknown> value={own.where} onChange={(where) => { onChange({ ...own, where }); }}>
              {(where, change) => <Condition value={where} shop={shop} event={text(own.event)} root="event" onChange={change} onRemove={() => { onChange(less(own, "where")); }} />}
            </Later>
          )}
        </>
      )}
      <Button size="small" type="text" icon={<PlusOutlined />} style={{ alignSelf: "start" }} onClick={() => { onChange({ any: [own, { event: "order.paid" }] }); }}>
        {words.orElse}
      </Button>
    </Flex>
  ); // prettier-ignore
}

function Arms({ step, value, put, onEdit }: Given) {
  const words = useWords();
  const arms = Array.isArray(value.split) ? (value.split as Value[]) : [];
  const total = arms.reduce((sum, each) => sum + Number(each.weight ?? 0), 0);
  return (
    <>
      {arms.map((each, place) => (
        <Flex key={place} gap={6} align="center">
          <Later<string> value={text(each.variant)} onChange={(next) => { if (next) onEdit([{ op: "set", at: `${step.at}/split/${place}/variant`, value: next }]); }}>
            {(next, change) => <Input aria-label={words.variant} value={next} onChange={(event) => { change(event.target.value); }} />}
          </Later>
          <InputNumber aria-label={words.weight} value={Number(each.weight)} min={1} max={100} precision={0} style={{ width: 80 }} onChange={(next) => { if (next) onEdit([{ op: "set", at: `${step.at}/split/${place}/weight`, value: next }]); }} />
          <Quiet small>{total > 0 && `${Math.round((Number(each.weight) / total) * 100)}%`}</Quiet>
          {arms.length > 2 && <Button icon={<DeleteOutlined />} aria-label={words.removeVariant} onClick={() => { onEdit([{ op: "remove", at: `${step.at}/split/${place}` }]); }} />}
        </Flex>
      ))}
      <Button icon={<PlusOutlined />} onClick={() => { onEdit([{ op: "insert", at: `${step.at}/split/${arms.length}`, value: { variant: "abcdefghij"[arms.length] ?? "more", weight: 1, steps: [{ wait: "1d" }] } }]); }}>
        {words.addVariant}
      </Button>
      <Field label={words.winner}>
        <Select aria-label={words.winner} value={value.winner === "auto" ? "auto" : "none"} options={[{ value: "none", label: words.winnerNone }, { value: "auto", label: words.winnerAuto }]} onChange={(next) => { put("winner", next === "auto" ? "auto" : undefined); }} />
      </Field>
    </>
  ); // prettier-ignore
}

/** What has a form of its own only in the text, as JSON; what can't be read isn't taken. */
function Raw({ value, name, label, put }: Given & { name: string; label: string }) {
  const words = useWords();
  const written = JSON.stringify(value[name] ?? {}, null, 1);
  const [typed, setTyped] = useState(written);
  const [wrong, setWrong] = useState(false);
  const [seen, setSeen] = useState(written);
  if (seen !== written) {
    setSeen(written);
    setTyped(written);
    setWrong(false);
  }
  return (
    <Field label={label} {...(wrong && { about: words.notRead })}>
      <Input.TextArea aria-label={label} rows={5} value={typed} status={wrong ? "error" : ""} onChange={(event) => { setTyped(event.target.value); }} onBlur={() => {
        try {
          const next: unknown = JSON.parse(typed);
          setWrong(false);
          if (JSON.stringify(next, null, 1) !== written) put(name, next);
        } catch {
          setWrong(true);
        }
      }} />
    </Field>
  ); // prettier-ignore
}

export function Field({ label, about, children }: { label: string; about?: string; children: ReactNode }) {
  return (
    <Flex vertical gap={4} role="group" aria-label={label}>
      <Quiet small>{label}</Quiet>
      {children}
      {about && <Quiet small>{about}</Quiet>}
    </Flex>
  );
}
