import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Select } from "antd";
import type { FieldWord } from "./names";
import { Operand } from "./Operand";
import { less, type Value } from "./values";
import { useWords } from "./words";

export const OPERATORS = [
  "is", "is_not", "at_least", "at_most", "above", "below", "in", "not_in", "contains", "exists", "before", "after",
] as const; // prettier-ignore
type Operator = (typeof OPERATORS)[number];

interface Props {
  value: Value;
  /** The field that is asked about, if it is known. */
  about?: FieldWord | undefined;
  /** What it can be compared with. */
  fields?: FieldWord[];
  /** What it held lately, to choose from. */
  held?: string[] | undefined;
  onChange: (value: Value) => void;
}

/** One or more comparisons with what the condition is about. */
export function Comparison({ value, about, fields = [], held = [], onChange }: Props) {
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
          <Operand
            operator={operator}
            value={value[operator]}
            about={about}
            fields={fields}
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
