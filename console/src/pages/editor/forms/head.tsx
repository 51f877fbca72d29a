import { PlusOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { Condition } from "@/parts/conditions/Condition";
import { Later } from "@/parts/conditions/Later";
import { isValue, type Value } from "@/parts/conditions/values";
import type { Vocabulary } from "../steps";
import type { Edit, Outline } from "../useEditing";
import { Field } from "./given";

export interface HeadProps {
  head: Outline["head"];
  shop: Vocabulary;
  onEdit: (edits: Edit[]) => void;
}

/** What the form of one key of a journey is given. */
export interface Head extends HeadProps {
  /** The type of event that begins the journey. */
  event: string;
  /** Sets what stands at a place, or takes it away. */
  set: (at: string, value: unknown, present?: boolean) => void;
}

export const object = (value: unknown): Value => (isValue(value) ? value : {});

interface WhereProps extends Head {
  label: string;
  at: string;
  value: unknown;
  begin: unknown;
  root?: "event" | "trigger";
  /** The type of the event that is asked about, if it isn't the one that begins the journey. */
  of?: string;
}

/** A condition that may be there. */
export function Where({ label, at, value, begin, root = "trigger", of, shop, event, set }: WhereProps) {
  if (value === undefined)
    return (
      <Button size="small" icon={<PlusOutlined />} style={{ alignSelf: "start" }} onClick={() => { set(at, begin); }}>
        {label}
      </Button>
    ); // prettier-ignore
  return (
    <Field label={label}>
      <Later<unknown> value={value} onChange={(next) => { set(at, next); }}>
        {(next, change) => <Condition value={next} shop={shop} event={of ?? event} root={root} {...(of !== undefined && { trigger: event })} onChange={change} onRemove={() => { set(at, undefined); }} />}
      </Later>
    </Field>
  ); // prettier-ignore
}
