import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex, InputNumber, Select } from "antd";
import { Choice } from "@/parts/conditions/Choice";
import { Condition } from "@/parts/conditions/Condition";
import { Later } from "@/parts/conditions/Later";
import { Measure } from "@/parts/conditions/Measure";
import { fieldsOf } from "@/parts/conditions/names";
import { Clock, Hours } from "@/parts/inputs/Hours";
import { SpanInput } from "@/parts/inputs/SpanInput";
import { hoursOf } from "@/parts/inputs/written";
import { asText, isValue, less, type Value } from "@/parts/conditions/values";
import { useWords } from "../words";
import { Field, type Given } from "./given";
import { MONTH_DAYS, WEEKDAYS } from "./schedules";

type Way = "span" | "at" | "clock" | "day" | "weekday" | "month" | "moment" | "each" | "usual";
/** What a wait of each way begins as. */
export const BEGIN: Record<Way, unknown> = {
  span: "1d",
  at: "1d at 10:00",
  clock: "until 10:00",
  day: "until day 3 at 10:00",
  weekday: "until monday at 10:00",
  month: "until the 1st at 10:00",
  moment: { until: { field: "stream.starts_at", minus: "30m" } },
  each: { each: "25d", of: { field: "trigger.items.quantity" }, at_most: "100d" },
  usual: { until: "usual_hour", between: "09:00-21:00" },
};

const CLOCK = String.raw`(\d{1,2}:\d\d)`;
const AT = new RegExp(String.raw`^\s*(\d+\s*[dw])\s+at\s+${CLOCK}\s*$`);
const UNTIL = new RegExp(String.raw`^\s*until\s+(?:(day\s+\d+|\w+day|the\s+\S+(?:\s+day)?)\s+at\s+)?${CLOCK}\s*$`);

/** Which way of waiting it is that stands there. */
export function wayOf(wait: unknown): Way {
  if (isValue(wait)) return "each" in wait ? "each" : isValue(wait.until) ? "moment" : "usual";
  const text = asText(wait);
  if (AT.test(text)) return "at";
  const until = UNTIL.exec(text);
  if (!until) return "span";
  const day = until[1];
  return day === undefined ? "clock" : day.startsWith("day") ? "day" : day.startsWith("the") ? "month" : "weekday";
}

/** Every way of waiting that the grammar has. */
export function WaitForm({ value, shop, event, put }: Given) {
  const words = useWords();
  const way = wayOf(value.wait);
  return (
    <>
      <Select<Way> aria-label={words.wayOfWaiting} value={way} options={Object.keys(BEGIN).map((each) => ({ value: each as Way, label: words.waysOfWaiting[each] }))} onChange={(next) => { put("wait", BEGIN[next]); }} />
      <Later<unknown> value={value.wait} onChange={(next) => { put("wait", next); }}>
        {(wait, change) => isValue(wait) ? <Mapping wait={wait} shop={shop} event={event} onChange={change} /> : <Spoken way={way} wait={asText(wait)} onChange={change} />}
      </Later>
    </>
  ); // prettier-ignore
}

/** What is written as a text: `1d at 10:00`, `until sunday at 20:00`. */
function Spoken({ way, wait, onChange }: { way: Way; wait: string; onChange: (wait: unknown) => void }) {
  const words = useWords();
  if (way === "span") return <SpanInput label={words.wait} value={wait} onChange={(next) => { if (next) onChange(next); }} />;
  const [, span = "1d"] = AT.exec(wait) ?? [];
  const until = UNTIL.exec(wait);
  const day = (until?.[1] ?? "").replace(/^day\s+/, "");
  const clock = AT.exec(wait)?.[2] ?? until?.[2] ?? "10:00";
  const say = (which: string, at: string) => {
    onChange(way === "at" ? `${which} at ${at}` : way === "clock" ? `until ${at}` : `until ${way === "day" ? "day " : ""}${which} at ${at}`);
  };
  const which = way === "at" ? span : day;
  return (
    <>
      {way === "at" && <SpanInput label={words.wait} value={span} onChange={(next) => { say(next ?? "1d", clock); }} />}
      {way === "day" && <InputNumber aria-label={words.dayOfEntry} prefix={words.dayOfEntry} value={Number(day)} min={0} max={9999} precision={0} style={{ width: "100%" }} onChange={(next) => { say(String(next ?? 0), clock); }} />}
      {way === "weekday" && <Select aria-label={words.weekday} value={day} options={WEEKDAYS.map((each, place) => ({ value: each, label: words.weekdays[place] }))} onChange={(next: string) => { say(next, clock); }} />}
      {way === "month" && <Select aria-label={words.monthDay} value={day} options={MONTH_DAYS.map((each, place) => ({ value: each, label: place === 31 ? words.lastDay : words.dayOfMonth(place + 1) }))} onChange={(next: string) => { say(next, clock); }} />}
      <Clock label={words.clock} value={clock} onChange={(next) => { say(which, next); }} />
    </>
  );
} // prettier-ignore

/** What is written as a mapping: an instant that a field holds, a span for each of something, the usual hour. */
function Mapping({ wait, shop, event, onChange }: Pick<Given, "shop" | "event"> & { wait: Value; onChange: (wait: unknown) => void }) {
  const words = useWords();
  const fields = fieldsOf(shop, event, "trigger");
  if ("each" in wait) {
    const of = isValue(wait.of) ? wait.of : { field: asText(wait.of) };
    const isField = "field" in of;
    return (
      <>
        <SpanInput label={words.eachSpan} value={wait.each} onChange={(each) => { if (each) onChange({ ...wait, each }); }} />
        <Field label={words.timesOf}>
          <Select aria-label={words.timesOf} value={isField ? "field" : "measure"} options={[{ value: "field", label: words.kindsOfValue.field }, { value: "measure", label: words.kinds.measure }]} onChange={(next) => { onChange({ ...wait, of: next === "field" ? { field: "trigger.items.quantity" } : { sum: "item.quantity", of: "trigger.items" } }); }} />
          {isField ? (
            <Choice label={words.field} value={asText(of.field)} things={fields} onChange={(field) => { onChange({ ...wait, of: { field } }); }} />
          ) : (
            <Measure value={of} shop={shop} condition={(child, type, change) => <Condition value={child} shop={shop} event={type === "trigger.items" ? event : type} root={type === "trigger.items" ? "item" : "event"} onChange={change} />} onChange={(next) => { onChange({ ...wait, of: next }); }} />
          )}
        </Field>
        <SpanInput label={words.atMostSpan} value={wait.at_most} onChange={(at_most) => { onChange({ ...less(wait, "at_most"), ...(at_most !== undefined && { at_most }) }); }} />
      </>
    );
  }
  if (!isValue(wait.until))
    return (
      <Field label={words.between}>
        {wait.between === undefined ? (
          <Button size="small" icon={<PlusOutlined />} style={{ alignSelf: "start" }} onClick={() => { onChange({ until: "usual_hour", between: "09:00-21:00" }); }}>
            {words.between}
          </Button>
        ) : (
          <Flex gap={6}>
            <Hours label={words.between} value={hoursOf(asText(wait.between)) ?? ["09:00", "21:00"]} onChange={([from, until]) => { onChange({ until: "usual_hour", between: `${from}-${until}` }); }} />
            <Button icon={<DeleteOutlined />} aria-label={words.remove(words.between)} onClick={() => { onChange({ until: "usual_hour" }); }} />
          </Flex>
        )}
      </Field>
    );
  const { field, minus, plus } = wait.until;
  const way = plus !== undefined ? "plus" : minus !== undefined ? "minus" : "at";
  return (
    <>
      <Choice label={words.field} value={asText(field)} things={fields} onChange={(next) => { onChange({ until: { ...(wait.until as Value), field: next } }); }} />
      <Select aria-label={words.beforeOrAfter} value={way} options={(["at", "minus", "plus"] as const).map((each) => ({ value: each, label: words.beforeOrAfters[each] }))} onChange={(next) => { onChange({ until: { field, ...(next !== "at" && { [next]: minus ?? plus ?? "30m" }) } }); }} />
      {way !== "at" && <SpanInput label={words.wait} value={minus ?? plus} onChange={(span) => { if (span) onChange({ until: { field, [way]: span } }); }} />}
    </>
  );
} // prettier-ignore
