import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { AutoComplete, Button, Flex, InputNumber, Select, theme } from "antd";
import type { ReactNode } from "react";
import { less, read, type Value } from "./values";
import type { Schema } from "@/api/client";
import { useWords } from "./words";
import { names } from "./names";
import { SpanInput } from "./Span";

type Vocabulary = Schema["Vocabulary"];

const KINDS = [
  "field", "event", "segment", "tag", "all", "any", "not", "some", "every", "measure", "near",
] as const; // prettier-ignore
type Kind = (typeof KINDS)[number];
const OPERATORS = [
  "is", "is_not", "at_least", "at_most", "above", "below", "in", "not_in", "contains", "exists", "before", "after",
] as const; // prettier-ignore
type Operator = (typeof OPERATORS)[number];
const FUNCTIONS = ["count", "sum", "average", "min", "max", "latest", "first", "distinct", "share"] as const;

const isValue = (value: unknown): value is Value =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const asWritten = (value: unknown) =>
  typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
const asText = (value: unknown) => (typeof value === "string" ? value : "");

function kindOf(value: unknown): Kind | undefined {
  if (!isValue(value)) return undefined;
  if ("field" in value && "within_km" in value) return "near";
  return KINDS.find((each) => each in value);
}

interface Props {
  value: unknown;
  shop: Vocabulary;
  /** The type of the event that can be asked about here, as `event.…` or `trigger.…`. */
  event?: string | undefined;
  root?: "event" | "trigger" | "item";
  onChange: (value: unknown) => void;
  onRemove?: (() => void) | undefined;
}

/** Any condition, as deep as it goes. What is changed is told at once, as the text has it. */
export function Condition(props: Props) {
  const { value, shop, event, root, onChange, onRemove } = props;
  const words = useWords();
  const { token } = theme.useToken();
  const kind = kindOf(value);
  const own = isValue(value) ? value : {};
  const begin: Record<Kind, () => Value> = {
    field: () => ({ field: "customer.orders", at_least: 1 }),
    event: () => ({ event: "order.paid", within: "30d" }),
    segment: () => ({ segment: shop.segments[0]?.name ?? "" }),
    tag: () => ({ tag: shop.tags[0]?.name ?? "" }),
    all: () => ({ all: [kind ? value : { field: "customer.orders", at_least: 1 }] }),
    any: () => ({ any: [kind ? value : { field: "customer.orders", at_least: 1 }] }),
    not: () => ({ not: kind ? value : { tag: shop.tags[0]?.name ?? "" } }),
    some: () => ({ some: `${root ?? "trigger"}.items`, where: { field: "item.category", is: "" } }),
    every: () => ({ every: `${root ?? "trigger"}.items`, where: { field: "item.category", is: "" } }),
    measure: () => ({ measure: { count: true, of: "order.paid", within: "90d" }, at_least: 2 }),
    near: () => ({ field: "customer.location", within_km: 5, of: "lot.location" }),
  };
  const set = (change: Value) => {
    const next = { ...own, ...change };
    for (const [name, each] of Object.entries(next)) if (each === undefined) delete next[name]; // eslint-disable-line @typescript-eslint/no-dynamic-delete
    onChange(next);
  };
  const inner = (child: unknown, change: (value: unknown) => void, more: Partial<Props> = {}) => (
    <Condition value={child} shop={shop} event={event} {...(root && { root })} {...more} onChange={change} />
  );
  return (
    <Flex
      vertical
      gap={6}
      style={{ borderInlineStart: `2px solid ${token.colorBorderSecondary}`, paddingInlineStart: 8 }}
      role="group"
      aria-label={words.condition}
    >
      <Flex gap={6}>
        <Select<Kind>
          aria-label={words.conditionKind}
          value={kind ?? null}
          style={{ flex: 1 }}
          options={KINDS.map((each) => ({ value: each, label: words.kinds[each] }))}
          onChange={(next) => {
            onChange(begin[next]());
          }}
        />
        {onRemove && <Button icon={<DeleteOutlined />} aria-label={words.removeCondition} onClick={onRemove} />}
      </Flex>
      {kind === "field" && (
        <>
          <FieldName
            value={asText(own.field)}
            fields={fieldsOf(shop, event, root)}
            label={words.field}
            onChange={(field) => {
              set({ field });
            }}
          />
          <Comparison value={own} onChange={onChange} />
        </>
      )}
      {kind === "near" && (
        <>
          <FieldName
            value={asText(own.field)}
            fields={["customer.location", "lot.location"]}
            label={words.field}
            onChange={(field) => {
              set({ field });
            }}
          />
          <InputNumber
            aria-label={words.km}
            value={Number(own.within_km)}
            min={0.1}
            suffix={words.km}
            style={{ width: "100%" }}
            onChange={(km) => {
              set({ within_km: km ?? 5 });
            }}
          />
          <FieldName
            value={asText(own.of)}
            fields={["lot.location", "customer.location"]}
            label={words.of}
            onChange={(of) => {
              set({ of });
            }}
          />
        </>
      )}
      {(kind === "segment" || kind === "tag") && (
        <AutoComplete
          aria-label={words.kinds[kind]}
          value={asText(own[kind])}
          options={names(kind === "segment" ? shop.segments : shop.tags)}
          showSearch={{ filterOption: true }}
          onChange={(name: string) => {
            set({ [kind]: name });
          }}
        />
      )}
      {kind === "event" && (
        <>
          <EventName
            value={asText(own.event)}
            shop={shop}
            onChange={(name) => {
              set({ event: name });
            }}
          />
          <SpanInput
            label={words.within}
            value={own.within}
            onChange={(within) => {
              set({ within });
            }}
            shows
          />
          <Optional
            label={words.times}
            on={isValue(own.times)}
            onToggle={(on) => {
              set({ times: on ? { at_least: 2 } : undefined });
            }}
          >
            <Comparison
              value={isValue(own.times) ? own.times : {}}
              onChange={(times) => {
                set({ times });
              }}
            />
          </Optional>
          <Optional
            label={words.where}
            on={own.where !== undefined}
            onToggle={(on) => {
              set({ where: on ? { field: "event.total", at_least: "100元" } : undefined });
            }}
          >
            {inner(
              own.where,
              (where) => {
                set({ where });
              },
              { event: asText(own.event), root: "event" },
            )}
          </Optional>
        </>
      )}
      {(kind === "all" || kind === "any") && (
        <>
          {(Array.isArray(own[kind]) ? own[kind] : []).map((child: unknown, place, all) => (
            <Condition
              key={place}
              value={child}
              shop={shop}
              event={event}
              {...(root && { root })}
              onChange={(next) => {
                set({ [kind]: all.map((each: unknown, number) => (number === place ? next : each)) });
              }}
              onRemove={
                all.length > 1
                  ? () => {
                      set({ [kind]: all.filter((_, number) => number !== place) });
                    }
                  : undefined
              }
            />
          ))}
          <Button
            size="small"
            icon={<PlusOutlined />}
            style={{ alignSelf: "start" }}
            onClick={() => {
              const all: unknown[] = Array.isArray(own[kind]) ? own[kind] : [];
              set({ [kind]: [...all, { field: "customer.orders", at_least: 1 }] });
            }}
          >
            {words.addCondition}
          </Button>
        </>
      )}
      {kind === "not" &&
        inner(own.not, (not) => {
          set({ not });
        })}
      {(kind === "some" || kind === "every") && (
        <>
          <FieldName
            value={asText(own[kind])}
            fields={["trigger.items", "event.items"]}
            label={words.list}
            onChange={(name) => {
              set({ [kind]: name });
            }}
          />
          {inner(
            own.where,
            (where) => {
              set({ where });
            },
            { root: "item" },
          )}
        </>
      )}
      {kind === "measure" && (
        <>
          <MeasureForm
            value={isValue(own.measure) ? own.measure : {}}
            shop={shop}
            onChange={(measure) => {
              set({ measure });
            }}
          />
          <Comparison value={own} onChange={onChange} />
        </>
      )}
    </Flex>
  );
}

function MeasureForm({ value, shop, onChange }: { value: Value; shop: Vocabulary; onChange: (value: Value) => void }) {
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
        <FieldName
          value={asText(value[used])}
          fields={fieldsOf(shop, of, "event").filter((each) => each.startsWith("event."))}
          label={words.field}
          onChange={(name) => {
            onChange({ [used]: name, ...rest() });
          }}
        />
      )}
      {used === "share" && (
        <Condition
          value={value.share}
          shop={shop}
          event={of}
          root="event"
          onChange={(share) => {
            onChange({ share, ...rest() });
          }}
        />
      )}
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
            ...(on && { where: { field: "event.total", at_least: "100元" } }),
          });
        }}
      >
        <Condition
          value={value.where}
          shop={shop}
          event={of}
          root="event"
          onChange={(where) => {
            onChange({ [used]: value[used] ?? true, ...rest(), where });
          }}
        />
      </Optional>
    </>
  );
}

/** One or more comparisons with what the condition is about. */
function Comparison({ value, onChange }: { value: Value; onChange: (value: Value) => void }) {
  const words = useWords();
  const asked = OPERATORS.filter((each) => each in value);
  const free = OPERATORS.filter((each) => !asked.includes(each));
  const put = (from: Operator, to: Operator, right: unknown) => {
    onChange(
      Object.fromEntries(Object.entries(value).map(([name, each]) => (name === from ? [to, right] : [name, each]))),
    );
  };
  const right = (operator: Operator): unknown =>
    operator === "exists" ? true : operator === "in" || operator === "not_in" ? [] : 1;
  const isList = (operator: Operator) => operator === "in" || operator === "not_in";
  return (
    <>
      {asked.map((operator) => (
        <Flex key={operator} gap={6}>
          <Select<Operator>
            aria-label={words.operator}
            value={operator}
            style={{ width: 110 }}
            options={[operator, ...free].map((each) => ({ value: each, label: words.operators[each] }))}
            onChange={(next) => {
              const keep = isList(next) === isList(operator) && next !== "exists" && operator !== "exists";
              put(operator, next, keep ? value[operator] : right(next));
            }}
          />
          <Right
            operator={operator}
            value={value[operator]}
            onChange={(next) => {
              put(operator, operator, next);
            }}
          />
          {asked.length > 1 && (
            <Button
              icon={<DeleteOutlined />}
              aria-label={words.removeComparison}
              onClick={() => {
                onChange(less(value, operator));
              }}
            />
          )}
        </Flex>
      ))}
      {asked.length < 2 && (
        <Button
          size="small"
          type="text"
          icon={<PlusOutlined />}
          style={{ alignSelf: "start" }}
          onClick={() => {
            const next = free.find((each) => each === "at_most") ?? free[0] ?? "is";
            onChange({ ...value, [next]: right(next) });
          }}
        >
          {words.addComparison}
        </Button>
      )}
    </>
  );
}

function Right({
  operator,
  value,
  onChange,
}: {
  operator: Operator;
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  const words = useWords();
  if (operator === "exists")
    return (
      <Select
        aria-label={words.operand}
        value={value !== false}
        style={{ flex: 1 }}
        options={[
          { value: true, label: words.yes },
          { value: false, label: words.no },
        ]}
        onChange={onChange}
      />
    );
  if ((operator === "in" || operator === "not_in") && !isValue(value))
    return (
      <Select
        mode="tags"
        aria-label={words.operand}
        value={(Array.isArray(value) ? value : []).map(String)}
        style={{ flex: 1 }}
        open={false}
        suffix={null}
        onChange={(all: string[]) => {
          onChange(all.map(read));
        }}
      />
    );
  const field = isValue(value);
  return (
    <AutoComplete
      aria-label={words.operand}
      value={field ? `{${asText(value.field)}}` : asWritten(value)}
      style={{ flex: 1 }}
      options={[]}
      placeholder={words.operandHint}
      onChange={(text: string) => {
        const named = /^\{\s*([\w.]+)\s*\}$/.exec(text);
        onChange(named ? { field: named[1] } : read(text));
      }}
    />
  );
}

function Optional({
  label,
  on,
  onToggle,
  children,
}: {
  label: string;
  on: boolean;
  onToggle: (on: boolean) => void;
  children: ReactNode;
}) {
  // prettier-ignore
  const words = useWords();
  if (!on)
    return (
      <Button size="small" type="text" icon={<PlusOutlined />} style={{ alignSelf: "start" }} onClick={() => { onToggle(true); }}>
        {label}
      </Button>
    ); // prettier-ignore
  return (
    <Flex vertical gap={6}>
      <Flex justify="space-between" align="center">
        <span>{label}</span>
        <Button size="small" type="text" icon={<DeleteOutlined />} aria-label={words.remove(label)} onClick={() => { onToggle(false); }} />
      </Flex>
      {children}
    </Flex>
  ); // prettier-ignore
}

export function EventName({
  value,
  shop,
  onChange,
}: {
  value: string;
  shop: Vocabulary;
  onChange: (value: string) => void;
}) {
  // prettier-ignore
  const words = useWords();
  return (
    <AutoComplete
      aria-label={words.event}
      value={value}
      options={shop.events.map((each) => ({ value: each.event, label: `${each.called}  ${each.event}` }))}
      showSearch={{ filterOption: (text, option) => (option?.label ?? "").includes(text) }}
      onChange={onChange}
    />
  );
}

export function FieldName({
  value,
  fields,
  label,
  onChange,
}: {
  value: string;
  fields: string[];
  label: string;
  onChange: (value: string) => void;
}) {
  // prettier-ignore
  return (
    <AutoComplete
      aria-label={label}
      value={value}
      options={fields.map((each) => ({ value: each }))}
      showSearch={{ filterOption: (text, option) => (option?.value ?? "").includes(text) }}
      onChange={onChange}
    />
  );
}

/** The fields that can be asked about: of the event in view, of an item of its list, of the customer. */
export function fieldsOf(shop: Vocabulary, event: string | undefined, root: Props["root"]): string[] {
  const known = shop.events.find((each) => each.event === event)?.fields ?? [];
  const items = known.filter((each) => each.startsWith("items.")).map((each) => each.replace("items.", "item."));
  const own =
    root === "item"
      ? items
      : known.filter((each) => !each.includes("items.")).map((each) => `${root ?? "trigger"}.${each}`);
  return [...own, ...shop.fields, ...shop.measures.map((each) => `measure.${each}`)];
}
