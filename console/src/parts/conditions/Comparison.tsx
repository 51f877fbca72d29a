import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { AutoComplete, Button, Flex, Select } from "antd";
import { asText, isValue, less, read, type Value } from "./values";
import { useWords } from "./words";

export const OPERATORS = [
  "is", "is_not", "at_least", "at_most", "above", "below", "in", "not_in", "contains", "exists", "before", "after",
] as const; // prettier-ignore
type Operator = (typeof OPERATORS)[number];

const asWritten = (value: unknown) =>
  typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);

interface Props {
  value: Value;
  /** What it held lately, to choose from. */
  held?: string[] | undefined;
  onChange: (value: Value) => void;
}

/** One or more comparisons with what the condition is about. */
export function Comparison({ value, held = [], onChange }: Props) {
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
            held={held}
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
  held,
  onChange,
}: {
  operator: Operator;
  value: unknown;
  held: string[];
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
        options={held.map((each) => ({ value: each }))}
        {...(held.length === 0 && { open: false, suffix: null })}
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
      options={held.filter((each) => !each.includes("•")).map((each) => ({ value: each }))}
      showSearch={{ filterOption: false }}
      placeholder={words.operandHint}
      onChange={(text: string) => {
        const named = /^\{\s*([\w.]+)\s*\}$/.exec(text);
        onChange(named ? { field: named[1] } : read(text));
      }}
    />
  );
}
