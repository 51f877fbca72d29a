import { Flex, Input, InputNumber, Segmented, Select, theme } from "antd";
import type { Schema } from "@/api/client";
import { Later } from "@/parts/conditions/Later";
import { CapInput } from "@/parts/inputs/CapInput";
import { SpanInput } from "@/parts/inputs/SpanInput";
import { ValidityInput } from "@/parts/inputs/ValidityInput";
import { percentOf, withoutYuan, withYuan } from "@/parts/inputs/written";
import { Quiet } from "@/parts/Quiet";
import type { Edit } from "../useEditing";
import { useWords } from "./words";

export type Field = Schema["DocumentField"];
type Value = Record<string, unknown>;

interface Props {
  fields: Field[];
  value: unknown;
  /** Where the value stands, as a JSON pointer. */
  at: string;
  mistakes: Schema["Mistake"][];
  readOnly: boolean;
  onEdit: (edits: Edit[]) => void;
}

export const pointer = (key: string) => key.replaceAll("~", "~0").replaceAll("/", "~1");
const object = (value: unknown): Value =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Value) : {};
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.map(String) : value === undefined || value === null ? [] : [String(value)]; // eslint-disable-line @typescript-eslint/no-base-to-string

/** The keys of a part of a document, each as the API says that it is written. */
export function Fields({ fields, value, at, mistakes, readOnly, onEdit }: Props) {
  const own = object(value);
  const put = (key: string, next: unknown) => {
    const there = `${at}/${pointer(key)}`;
    if (next === own[key]) return;
    if (next !== undefined && next !== "") {
      const begun = at === "" || Object.keys(own).length > 0;
      onEdit([begun ? { op: "set", at: there, value: next } : { op: "set", at, value: { [key]: next } }]);
    } else if (key in own) onEdit([{ op: "remove", at: Object.keys(own).length > 1 ? there : at }]);
  };
  return (
    <div style={{ display: "grid", gridTemplateColumns: "repeat(auto-fill, minmax(210px, 1fr))", gap: "14px 18px" }}>
      {fields.map((field) =>
        field.kind === "group" ? (
          <fieldset key={field.key} style={{ gridColumn: "1 / -1", border: "none", margin: 0, padding: 0 }}>
            <legend style={{ padding: 0, marginBottom: 6 }}>
              <Quiet>{field.label}</Quiet>
            </legend>
            <Fields
              fields={field.fields}
              value={own[field.key]}
              at={`${at}/${pointer(field.key)}`}
              mistakes={mistakes}
              readOnly={readOnly}
              onEdit={onEdit}
            />
          </fieldset>
        ) : (
          <One
            key={field.key}
            field={field}
            value={own[field.key]}
            mistakes={mistakes.filter((each) => each.at?.startsWith(`${at}/${pointer(field.key)}`))}
            readOnly={readOnly}
            onChange={(next) => {
              put(field.key, next);
            }}
          />
        ),
      )}
    </div>
  );
}

interface OneProps {
  field: Field;
  /** What it is called where the field itself has no name. */
  label?: string;
  value: unknown;
  mistakes: Schema["Mistake"][];
  readOnly: boolean;
  onChange: (value: unknown) => void;
}

/** One key: what it is called, what stands there, how it is written and what is wrong with it. */
export function One({ field, label = field.label, value, mistakes, readOnly, onChange }: OneProps) {
  const { token } = theme.useToken();
  const wrong = mistakes.find((each) => each.severity === "error") ?? mistakes[0];
  return (
    <Flex vertical gap={4} role="group" aria-label={label}>
      <span>
        {label}
        {field.required && <span style={{ color: token.colorError }}> *</span>}
      </span>
      <Later<unknown> value={value} onChange={onChange}>
        {(shown, change) => (
          <Control field={field} label={label} value={shown} wrong={wrong} readOnly={readOnly} onChange={change} />
        )}
      </Later>
      {wrong ? (
        <span style={{ color: wrong.severity === "error" ? token.colorErrorText : token.colorWarningText, fontSize: token.fontSizeSM }}>
          {wrong.detail.replaceAll("`", "")}
        </span>
      ) : (
        ["text", "list"].includes(field.kind) && field.about !== "" && <Quiet small>{field.about.replaceAll("`", "")}</Quiet>
      )}
    </Flex>
  ); // prettier-ignore
}

interface ControlProps {
  field: Field;
  label: string;
  value: unknown;
  wrong: Schema["Mistake"] | undefined;
  readOnly: boolean;
  onChange: (value: unknown) => void;
}

function Control({ field, label, value, wrong, readOnly, onChange }: ControlProps) {
  const words = useWords();
  const status = wrong?.severity === "error" ? "error" : "";
  switch (field.kind) {
    case "truth":
      return (
        <Segmented
          aria-label={label}
          disabled={readOnly}
          value={value === true ? "yes" : value === false ? "no" : "none"}
          options={[
            { value: "none", label: words.notWritten },
            { value: "yes", label: words.yes },
            { value: "no", label: words.no },
          ]}
          onChange={(next) => {
            onChange(next === "none" ? undefined : next === "yes");
          }}
        />
      );
    case "choice":
      return (
        <Select
          allowClear={!field.required}
          aria-label={label}
          disabled={readOnly}
          status={status}
          placeholder={words.notWritten}
          value={typeof value === "string" ? value : null}
          options={field.choices}
          onChange={(next: string | null | undefined) => {
            onChange(next ?? undefined);
          }}
        />
      );
    case "number":
      return (
        <InputNumber
          aria-label={label}
          disabled={readOnly}
          status={status}
          style={{ width: "100%" }}
          placeholder={words.notWritten}
          precision={0}
          {...(field.least !== null && { min: field.least })}
          {...(field.most !== null && { max: field.most })}
          value={typeof value === "number" ? value : null}
          onChange={(next) => {
            onChange(next ?? undefined);
          }}
        />
      );
    case "list": {
      const all = texts(value);
      return (
        <Select
          mode="tags"
          aria-label={label}
          disabled={readOnly}
          status={status}
          open={false}
          suffix={null}
          placeholder={words.notWritten}
          value={all}
          onChange={(next: string[]) => {
            const single = field.alone && next.length === 1 && !(Array.isArray(value) && all.length === 1);
            onChange(next.length === 0 ? undefined : single ? next[0] : next);
          }}
        />
      );
    }
    case "span":
      return (
        <SpanInput
          bare
          label={label}
          disabled={readOnly}
          value={value}
          onChange={(next) => {
            if (next !== undefined || !field.required) onChange(next);
          }}
        />
      );
    case "cap":
    case "limit":
      return (
        <CapInput label={label} disabled={readOnly} ever={field.kind === "limit"} value={value} onChange={onChange} />
      );
    case "validity":
      return <ValidityInput label={label} disabled={readOnly} value={value} onChange={onChange} />;
    case "money":
    case "percent": {
      const text = texts(value)[0] ?? "";
      const money = field.kind === "money";
      return (
        <Input
          aria-label={label}
          disabled={readOnly}
          status={status}
          placeholder={words.notWritten}
          suffix={money ? "元" : "%"}
          value={money ? withoutYuan(text) : String(percentOf(text) ?? text)}
          onChange={({ target }) => {
            const typed = target.value.trim();
            const number = /^\d+(\.\d+)?$/.test(typed);
            onChange(typed === "" ? undefined : money ? withYuan(typed) : number ? `${typed}%` : typed);
          }}
        />
      );
    }
    default:
      return (
        <Input
          aria-label={label}
          disabled={readOnly}
          status={status}
          placeholder={words.notWritten}
          value={texts(value)[0] ?? ""}
          onChange={(event) => {
            onChange(event.target.value.trim() === "" ? undefined : event.target.value);
          }}
        />
      );
  }
}
