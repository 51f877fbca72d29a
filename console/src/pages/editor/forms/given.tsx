import { AutoComplete, Flex, Input } from "antd";
import type { ReactNode } from "react";
import { Condition } from "@/parts/conditions/Condition";
import { Later } from "@/parts/conditions/Later";
import { SpanInput } from "@/parts/inputs/SpanInput";
import type { Value } from "@/parts/conditions/values";
import { Quiet } from "@/parts/Quiet";
import type { Vocabulary } from "../steps";
import type { Edit, Step } from "../useEditing";
import { useWords } from "../words";

/** What the form of one key of a step is given; `put` sets a key of it, or takes it away. */
export interface Given {
  step: Step;
  value: Value;
  shop: Vocabulary;
  /** The type of event that begins the journey. */
  event: string | undefined;
  steps: Step[];
  put: (name: string, value: unknown) => void;
  onEdit: (edits: Edit[], then?: string | null) => void;
}

/** How a value is shown where it is written out. */
export const shown = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);

export function Field({ label, about, children }: { label: string; about?: string; children: ReactNode }) {
  return (
    <Flex vertical gap={4} role="group" aria-label={label}>
      <Quiet small>{label}</Quiet>
      {children}
      {about && <Quiet small>{about}</Quiet>}
    </Flex>
  );
}

interface LineProps extends Given {
  name: string;
  label: string;
  options?: { value: string; label?: string }[];
}

/** A key that holds a line of text, perhaps one of those that are known. */
export function Line({ name, label, options, value, put }: LineProps) {
  return (
    <Field label={label}>
      <Later<string> value={shown(value[name])} onChange={(next) => { put(name, next); }}>
        {(next, change) =>
          options ? (
            <AutoComplete aria-label={label} value={next} options={options} showSearch={{ filterOption: false }} style={{ width: "100%" }} onChange={change} />
          ) : (
            <Input aria-label={label} value={next} onChange={(each) => { change(each.target.value); }} />
          )
        }
      </Later>
    </Field>
  ); // prettier-ignore
}

/** A key that holds a span of time. */
export function Span({
  name,
  label,
  bare = false,
  value,
  put,
}: Given & { name: string; label: string; bare?: boolean }) {
  return (
    <Later<unknown> value={value[name]} onChange={(next) => { put(name, next); }}>
      {(next, change) => <SpanInput label={label} bare={bare} value={next} onChange={change} />}
    </Later>
  ); // prettier-ignore
}

/** A key that holds a condition. */
export function When({ name, value, shop, event, put }: Given & { name: string }) {
  const words = useWords();
  return (
    <Field label={words.when}>
      <Later<unknown> value={value[name]} onChange={(next) => { put(name, next); }}>
        {(next, change) => <Condition value={next} shop={shop} event={event} root="trigger" onChange={change} />}
      </Later>
    </Field>
  ); // prettier-ignore
}
