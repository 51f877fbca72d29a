import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex, InputNumber, Select, theme } from "antd";
import { Choice, EventName } from "./Choice";
import { Comparison } from "./Comparison";
import { Measure } from "./Measure";
import { useExamples } from "./examples";
import { beginWhere, beginWith, fieldsOf, fieldsOfTrigger, type Root, type Vocabulary, withExamples } from "./names";
import { Optional } from "./Optional";
import { SpanInput } from "@/parts/inputs/SpanInput";
import { asText, isValue, type Value } from "./values";
import { useWords } from "./words";

const KINDS = [
  "field", "event", "segment", "tag", "all", "any", "not", "some", "every", "measure", "near",
] as const; // prettier-ignore
type Kind = (typeof KINDS)[number];
const LISTS = ["trigger.items", "event.items"] as const;
/** The keys of conditions that can be shown and changed, beside the comparisons. */
export const KEYS: string[] = [
  ...KINDS.filter((each) => each !== "near"),
  "where",
  "within",
  "times",
  "within_km",
  "of",
];

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
  root?: Root;
  /** The type of the event that began the journey, where another one is looked at. */
  trigger?: string | undefined;
  onChange: (value: unknown) => void;
  onRemove?: (() => void) | undefined;
}

/** Any condition, as deep as it goes. What is changed is told at once, as the text has it. */
export function Condition(props: Props) {
  const { value, shop, event, root, onChange, onRemove } = props;
  const trigger = props.trigger ?? (root === "trigger" ? event : undefined);
  const words = useWords();
  const { token } = theme.useToken();
  const kind = kindOf(value);
  const examples = useExamples(kind === "field" ? event : undefined, root);
  const own = isValue(value) ? value : {};
  const begun = root === "trigger" ? [] : fieldsOfTrigger(shop, trigger, words.ofTrigger);
  const fields = kind === "field" ? withExamples([...fieldsOf(shop, event, root), ...begun], examples) : [];
  const about = fields.find(({ name }) => name === own.field);
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
  const known = (...all: string[]) => shop.fields.filter(({ name }) => all.includes(name));
  const set = (change: Value) => {
    const next = { ...own, ...change };
    for (const [name, each] of Object.entries(next)) if (each === undefined) delete next[name]; // eslint-disable-line @typescript-eslint/no-dynamic-delete
    onChange(next);
  };
  const inner = (child: unknown, change: (value: unknown) => void, more: Partial<Props> = {}) => (
    <Condition
      value={child}
      shop={shop}
      event={event}
      trigger={trigger}
      {...(root && { root })}
      {...more}
      onChange={change}
    />
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
          <Choice
            value={asText(own.field)}
            things={fields}
            label={words.field}
            onChange={(field) => {
              const next = fields.find(({ name }) => name === field);
              const alike = next?.kind === about?.kind && next?.choices.length === about?.choices.length;
              if (next && !alike) onChange(beginWith(next));
              else set({ field });
            }}
          />
          <Comparison
            value={own}
            about={about}
            fields={fields.filter(({ name }) => name !== own.field)}
            held={examples[asText(own.field)]}
            onChange={onChange}
          />
        </>
      )}
      {kind === "near" && (
        <>
          <Choice
            value={asText(own.field)}
            things={known("customer.location", "lot.location")}
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
          <Choice
            value={asText(own.of)}
            things={known("lot.location", "customer.location")}
            label={words.of}
            onChange={(of) => {
              set({ of });
            }}
          />
        </>
      )}
      {(kind === "segment" || kind === "tag") && (
        <Choice
          label={words.kinds[kind]}
          value={asText(own[kind])}
          things={kind === "segment" ? shop.segments : shop.tags}
          onChange={(name) => {
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
              set({ where: on ? beginWhere(shop, asText(own.event)) : undefined });
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
              trigger={trigger}
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
          <Choice
            value={asText(own[kind])}
            things={LISTS.map((each) => ({ name: each, called: words.lists[each] }))}
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
          <Measure
            value={isValue(own.measure) ? own.measure : {}}
            shop={shop}
            condition={(child, of, change) => inner(child, change, { event: of, root: "event" })}
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
