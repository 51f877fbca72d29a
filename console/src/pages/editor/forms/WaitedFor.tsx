import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Select } from "antd";
import { EventName } from "@/parts/conditions/Choice";
import { Condition } from "@/parts/conditions/Condition";
import { Later } from "@/parts/conditions/Later";
import { beginWhere } from "@/parts/conditions/names";
import { less, type Value } from "@/parts/conditions/values";
import type { Vocabulary } from "../steps";
import type { Step } from "../useEditing";
import { useWords } from "../words";
import { shown } from "./given";

export const RECEIPTS = ["clicked", "delivered", "read", "replied", "redeemed", "done"];

/** An event of the customer, what comes back about a step, or the first of several. */
export function WaitedFor({
  value,
  shop,
  steps,
  trigger,
  onChange,
}: {
  value: unknown;
  shop: Vocabulary;
  steps: Step[];
  /** The type of event that begins the journey. */
  trigger: string | undefined;
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
              <WaitedFor value={each} shop={shop} steps={steps} trigger={trigger} onChange={(next) => { onChange({ any: all.map((one: unknown, number) => (number === place ? next : one)) }); }} />
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
        <Select aria-label={words.ofStep} value={shown(own[receipt])} options={sends.map((each) => ({ value: each.id ?? "", label: each.words }))} onChange={(next) => { onChange({ [receipt]: next }); }} />
      ) : (
        <>
          <EventName value={shown(own.event)} shop={shop} onChange={(next) => { onChange({ ...own, event: next }); }} />
          {own.where === undefined ? (
            <Button size="small" type="text" icon={<PlusOutlined />} style={{ alignSelf: "start" }} onClick={() => { onChange({ ...own, where: beginWhere(shop, shown(own.event)) }); }}>
              {words.where}
            </Button>
          ) : (
            <Later<unknown> value={own.where} onChange={(where) => { onChange({ ...own, where }); }}>
              {(where, change) => <Condition value={where} shop={shop} event={shown(own.event)} root="event" trigger={trigger} onChange={change} onRemove={() => { onChange(less(own, "where")); }} />}
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
