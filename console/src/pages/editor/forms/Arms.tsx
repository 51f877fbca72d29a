import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Input, InputNumber, Select } from "antd";
import { Later } from "@/parts/conditions/Later";
import type { Value } from "@/parts/conditions/values";
import { Quiet } from "@/parts/Quiet";
import type { Edit } from "../useEditing";
import { useWords } from "../words";
import { Field, type Given, shown } from "./given";

const armsOf = (value: Value): Value[] => (Array.isArray(value.split) ? (value.split as Value[]) : []);

/** The variants of a split with their shares, which come to 100: what one gets, another gives. */
export function Arms({ step, value, onEdit }: Given) {
  const words = useWords();
  const arms = armsOf(value);
  const weight = (place: number) => Number(arms[place]?.weight ?? 0);
  const total = arms.reduce((sum, _, place) => sum + weight(place), 0);
  const put = (place: number, key: string, next: unknown): Edit => ({ op: "set", at: `${step.at}/split/${place}/${key}`, value: next });
  const give = (place: number, next: number) => {
    const other = arms.length === 2 ? 1 - place : undefined;
    onEdit([put(place, "weight", next), ...(other === undefined ? [] : [put(other, "weight", 100 - next)])]);
  };
  const add = () => {
    const largest = arms.reduce((best, _, place) => (weight(place) > weight(best) ? place : best), 0);
    const share = Math.floor(weight(largest) / 2);
    const variant = "abcdefghij".split("").find((each) => !arms.some((arm) => arm.variant === each)) ?? `v${arms.length + 1}`;
    onEdit([
      put(largest, "weight", weight(largest) - share),
      { op: "insert", at: `${step.at}/split/${arms.length}`, value: { variant, weight: share, steps: [] } },
    ]);
  };
  const remove = (place: number) => {
    const other = place === 0 ? 1 : 0;
    onEdit([put(other, "weight", weight(other) + weight(place)), { op: "remove", at: `${step.at}/split/${place}` }]);
  };
  return (
    <Field label={words.arms} {...(total !== 100 && { about: words.notAll(total) })}>
      {arms.map((each, place) => (
        <Flex key={place} gap={6} align="center">
          <Later<string> value={shown(each.variant)} onChange={(next) => { if (next) onEdit([put(place, "variant", next)]); }}>
            {(next, change) => <Input aria-label={words.variant} value={next} onChange={(event) => { change(event.target.value); }} />}
          </Later>
          <Later<number> value={weight(place)} onChange={(next) => { give(place, next); }}>
            {(next, change) => <InputNumber aria-label={words.weight} value={next} min={0} max={100} precision={0} suffix="%" style={{ width: 96 }} onChange={(typed) => { if (typed !== null) change(typed); }} />}
          </Later>
          {arms.length > 2 && <Button icon={<DeleteOutlined />} aria-label={words.removeVariant} onClick={() => { remove(place); }} />}
        </Flex>
      ))}
      <Button icon={<PlusOutlined />} onClick={add}>
        {words.addVariant}
      </Button>
      <Quiet small>{words.armsAbout}</Quiet>
    </Field>
  );
} // prettier-ignore

export function Winner({ value, put }: Given) {
  const words = useWords();
  return (
    <Field label={words.winner}>
      <Select aria-label={words.winner} value={value.winner === "auto" ? "auto" : "none"} options={[{ value: "none", label: words.winnerNone }, { value: "auto", label: words.winnerAuto }]} onChange={(next) => { put("winner", next === "auto" ? "auto" : undefined); }} />
    </Field>
  ); // prettier-ignore
}
