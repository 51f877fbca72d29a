import { PlusOutlined } from "@ant-design/icons";
import { Button, Flex, InputNumber, Select } from "antd";
import { useState } from "react";
import { useChannels } from "@/parts/channels";
import { Later } from "@/parts/conditions/Later";
import { asText, less } from "@/parts/conditions/values";
import { CapInput } from "@/parts/inputs/CapInput";
import { Hours } from "@/parts/inputs/Hours";
import { hoursOf, percentOf } from "@/parts/inputs/written";
import { useWords } from "../words";
import { Field } from "./given";
import { type Head, object } from "./head";
import { WEEKDAYS } from "./schedules";

/** What this journey keeps to beside the policy of the shop. */
export function Rules({ head, onEdit }: Head) {
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
  const holdout = percentOf(asText(policy.holdout)) ?? null;
  return (
    <Field label={words.policy} about={words.policyAbout}>
      <Later<number | null> value={holdout} onChange={(next) => { if (next !== null || "holdout" in policy) put("holdout", next === null ? undefined : `${next}%`); }}>
        {(next, change) => <InputNumber aria-label={words.holdout} prefix={words.holdout} suffix="%" value={next} min={0} max={100} precision={2} style={{ width: "100%" }} formatter={(shown) => String(shown ?? "").replace(/\.?0+$/, (zeros) => (zeros.startsWith(".") ? "" : zeros))} onChange={change} />}
      </Later>
      <QuietHours value={Array.isArray(quiet) ? quiet.map(String) : quiet === undefined ? [] : [asText(quiet)]} onChange={(next) => { put("quiet_hours", next.length === 0 ? undefined : next.length === 1 ? next[0] : next); }} />
      {["sms", "wecom", "wechat", "mini", "email", "all"].map((channel) => {
        const label = words.capOf(named[channel] ?? words.allChannels);
        return (
          <Field key={channel} label={label}>
            <Later<string> value={asText(caps[channel])} onChange={(next) => {
              const value = { ...less(caps, channel), ...(next && { [channel]: next }) };
              put("caps", Object.keys(value).length > 0 ? value : undefined);
            }}>
              {(next, change) => <CapInput label={label} value={next} onChange={(typed) => { change(typed ?? ""); }} />}
            </Later>
          </Field>
        );
      })}
    </Field>
  );
} // prettier-ignore

/** The hours and days on which nobody is written to. */
function QuietHours({ value, onChange }: { value: string[]; onChange: (value: string[]) => void }) {
  const words = useWords();
  const [hours, setHours] = useState<[string, string]>(["22:00", "08:00"]);
  const named = (each: string) => {
    const day = WEEKDAYS.indexOf(each as (typeof WEEKDAYS)[number]);
    const [from, until] = hoursOf(each) ?? [];
    return each === "none" ? words.noQuiet : day >= 0 ? (words.weekdays[day] ?? each) : from === undefined ? each : `${from} – ${until}`;
  };
  const written = hours.join("-");
  return (
    <Field label={words.quietHours}>
      <Select mode="multiple" aria-label={words.quietHours} placeholder={words.quietHours} value={value} options={[...new Set([...value, ...WEEKDAYS, "none"])].map((each) => ({ value: each, label: named(each) }))} onChange={(next: string[]) => { onChange(next.at(-1) === "none" ? ["none"] : next.filter((each) => each !== "none")); }} />
      <Flex gap={6} align="center">
        <Hours label={words.quietHours} value={hours} onChange={setHours} />
        <Button icon={<PlusOutlined />} aria-label={words.addQuiet} title={words.addQuiet} disabled={value.includes(written) || hours[0] === hours[1]} onClick={() => { onChange([...value.filter((each) => each !== "none"), written]); }} />
      </Flex>
    </Field>
  );
} // prettier-ignore
