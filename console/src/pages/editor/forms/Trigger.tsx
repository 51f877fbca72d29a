import { Flex, Input, InputNumber, Segmented, Select } from "antd";
import { EventName } from "@/parts/conditions/Choice";
import { Later } from "@/parts/conditions/Later";
import { beginWhere } from "@/parts/conditions/names";
import { asText, less } from "@/parts/conditions/values";
import { Clock } from "@/parts/inputs/Hours";
import { useWords } from "../words";
import { Field } from "./given";
import { type Head, object, Where } from "./head";
import {
  birthdayOf,
  birthdayText,
  EVERY,
  type Kind,
  MONTH_DAYS,
  scheduleOf,
  scheduleText,
  WEEKDAYS,
} from "./schedules";

/** What begins the journey, and for whom. */
export function Trigger(given: Head) {
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
              {(next, change) => <ScheduleInput value={next} days={shop.days} onChange={change} />}
            </Later>
            <Later<string> value={asText(trigger.for_each)} onChange={(next) => { set("/trigger/for_each", next); }}>
              {(next, change) => <ForEach value={next} segments={segments} onChange={change} />}
            </Later>
          </>
        ) : (
          <>
            <EventName value={event} shop={shop} onChange={choose} />
            {(business || trigger.for_each !== undefined) && (
              <Field label={words.forEach}>
                <Select allowClear={!business} aria-label={words.forEach} value={asText(trigger.for_each) || null} options={segments} onChange={(next: string | null | undefined) => { set("/trigger/for_each", next ?? undefined, "for_each" in trigger); }} />
              </Field>
            )}
          </>
        )}
      </Field>
      <Where {...given} label={words.beginsWhere} at="/trigger/where" value={trigger.where} begin={scheduled && trigger.for_each === "near_expiry_lot" ? { field: "lot.days_left", at_most: 3 } : scheduled ? { field: "customer.orders", at_least: 1 } : beginWhere(shop, event)} root="event" />
    </>
  );
} // prettier-ignore

/** When it begins, as a sentence whose parts are chosen; what is written in another way stands as it is. */
function ScheduleInput({ value, days, onChange }: { value: string; days: string[]; onChange: (value: string) => void }) {
  const words = useWords();
  const schedule = scheduleOf(value);
  if (!schedule)
    return <Input status="warning" aria-label={words.bySchedule} value={value} onChange={({ target }) => { onChange(target.value); }} />;
  const { kind, which, offset, at } = schedule;
  const put = (change: Partial<typeof schedule>) => { onChange(scheduleText({ ...schedule, ...change })); };
  const [month = "01", day = "01"] = which.split("-");
  const numbers = (most: number, said: (n: number) => string) =>
    Array.from({ length: most }, (_, place) => ({ value: String(place + 1).padStart(2, "0"), label: said(place + 1) }));
  return (
    <>
      <Select<Kind> aria-label={words.bySchedule} value={kind} options={(Object.keys(EVERY) as Kind[]).map((each) => ({ value: each, label: words.every[each] }))} onChange={(next) => { onChange(EVERY[next]); }} />
      {kind === "weekday" && <Select aria-label={words.weekday} value={which} options={WEEKDAYS.map((each, place) => ({ value: each, label: words.weekdays[place] }))} onChange={(next: string) => { put({ which: next }); }} />}
      {kind === "month" && <Select aria-label={words.monthDay} value={which} options={MONTH_DAYS.map((each, place) => ({ value: each, label: place === 31 ? words.lastDay : words.dayOfMonth(place + 1) }))} onChange={(next: string) => { put({ which: next }); }} />}
      {kind === "year" && (
        <Flex gap={6}>
          <Select aria-label={words.month} value={month} style={{ flex: 1 }} options={numbers(12, words.monthOf)} onChange={(next: string) => { put({ which: `${next}-${day}` }); }} />
          <Select aria-label={words.monthDay} value={day} style={{ flex: 1 }} options={numbers(31, words.dayOfMonth)} onChange={(next: string) => { put({ which: `${month}-${next}` }); }} />
        </Flex>
      )}
      {kind === "festival" && (
        <>
          <Select showSearch aria-label={words.festival} value={which} options={days.map((each) => ({ value: each }))} onChange={(next: string) => { put({ which: next }); }} />
          <Around value={offset} onChange={(next) => { put({ offset: next }); }} />
        </>
      )}
      <Clock label={words.clock} value={at} onChange={(next) => { put({ at: next }); }} />
    </>
  );
} // prettier-ignore

/** For whom it begins on a schedule. */
function ForEach({ value, segments, onChange }: { value: string; segments: { value: string; label: string }[]; onChange: (value: string) => void }) {
  const words = useWords();
  const birthday = birthdayOf(value);
  const options = [{ value: "birthday", label: words.each.birthday }, { value: "near_expiry_lot", label: words.each.near_expiry_lot }, ...segments];
  return (
    <Field label={words.forEach}>
      <Select showSearch={{ optionFilterProp: "label" }} aria-label={words.forEach} value={birthday === undefined ? value : "birthday"} options={options} onChange={onChange} />
      {birthday !== undefined && <Around value={birthday} onChange={(days) => { onChange(birthdayText(days)); }} />}
    </Field>
  );
} // prettier-ignore

/** On a day, or so many days before or after it. */
function Around({ value, onChange }: { value: number; onChange: (days: number) => void }) {
  const words = useWords();
  const side = value < 0 ? "minus" : value > 0 ? "plus" : "at";
  return (
    <Flex gap={6}>
      <Select aria-label={words.beforeOrAfter} value={side} style={{ flex: 1 }} options={(["minus", "at", "plus"] as const).map((each) => ({ value: each, label: words.around[each] }))} onChange={(next) => { const days = Math.abs(value) || 3; onChange(next === "at" ? 0 : next === "minus" ? -days : days); }} />
      {value !== 0 && <InputNumber aria-label={words.daysAround} suffix={words.daysAround} value={Math.abs(value)} min={1} max={999} precision={0} style={{ flex: 1 }} onChange={(next) => { if (next) onChange(value < 0 ? -next : next); }} />}
    </Flex>
  );
} // prettier-ignore
