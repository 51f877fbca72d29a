import { CopyOutlined, DeleteOutlined } from "@ant-design/icons";
import { Button, Flex, Space, theme } from "antd";
import type { Value } from "@/parts/conditions/values";
import { Quiet } from "@/parts/Quiet";
import { escaped } from "../places";
import { useWords } from "../words";
import type { Given } from "./given";
import { Fields, Id } from "./verbs";

interface Props extends Omit<Given, "value" | "put"> {
  onCopy: () => void;
  onRemove: () => void;
}

/** What a step says, field by field as the grammar has it; each change is an edit of the text. */
export function StepForm({ step, shop, event, steps, onEdit, onCopy, onRemove }: Props) {
  const words = useWords();
  const { token } = theme.useToken();
  const value = (step.value ?? {}) as Value;
  const put = (name: string, next: unknown) => {
    const at = `${step.at}/${escaped(name)}`;
    if (next === undefined || next === "") {
      if (name in value) onEdit([{ op: "remove", at }]);
    } else onEdit([{ op: "set", at, value: next }]);
  };
  const given = { step, value, shop, event, steps, put, onEdit };
  return (
    <Flex vertical gap={14} key={step.at}>
      <Flex justify="space-between" align="center">
        <h2 style={{ fontSize: 15, fontWeight: 600, margin: 0 }}>{shop.verbs.find(({ verb }) => verb === step.verb)?.noun ?? words.unknownStep}</h2>
        <Space.Compact>
          <Button icon={<CopyOutlined />} aria-label={words.copy} title={words.copy} onClick={onCopy} />
          <Button danger icon={<DeleteOutlined />} aria-label={words.removeStep} title={words.removeStep} onClick={onRemove} />
        </Space.Compact>
      </Flex>
      <Quiet>{step.words}</Quiet>
      {step.noun !== "" && <Id {...given} />}
      <Fields {...given} />
      {step.branches.length > 0 && (
        <div style={{ color: token.colorTextSecondary, fontSize: token.fontSizeSM }}>
          {step.branches.map((each) => (
            <div key={each.at}>
              {each.label}：{words.stepsIn(each.steps.length)}
            </div>
          ))}
        </div>
      )}
    </Flex>
  ); // prettier-ignore
}
