import { expect, it } from "vitest";
import { birthdayOf, birthdayText, EVERY, type Kind, MONTH_DAYS, scheduleOf, scheduleText } from "./schedules";

it.each(Object.entries(EVERY) as [Kind, string][])("a schedule of the kind %s is read, and written the same", (kind, text) => {
  const schedule = scheduleOf(text);
  expect(schedule?.kind).toBe(kind);
  expect(schedule && scheduleText(schedule)).toBe(text);
}); // prettier-ignore

it("every day of a month, and the day of a festival itself, are kept", () => {
  for (const day of MONTH_DAYS) expect(scheduleOf(`every month on ${day} at 10:00`)?.which).toBe(day);
  const text = "on 中秋节 at 08:30";
  const schedule = scheduleOf(text);
  expect(schedule && scheduleText(schedule)).toBe(text);
  expect(scheduleOf("now and then")).toBeUndefined();
});

it.each([-3, 0, 7])("%i days from a birthday", (days) => {
  expect(birthdayOf(birthdayText(days))).toBe(days);
});
